import type { Database } from "@copse/blockstore";
import {
  type AsyncBlockReader,
  type BlockPair,
  type CidBytes,
  FetchBudget,
  type FetchTally,
  type SyncBlockReader,
  toCid,
} from "@copse/ipld";
import { type Bitswap, NetworkError } from "@copse/network";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { NodeError } from "../errors.ts";
import { AbsentBlocks } from "./absent-blocks.ts";
import { BlockMemory } from "./block-memory.ts";

/** Blocks of state: those at hand, then those that peers give, each checked against its CID. */
export interface StateSource extends AsyncBlockReader {
  /** Whether the block was asked for lately, of all who are there, and nobody had it. */
  isAbsent(cid: CidBytes): boolean;
  /** Blocks at hand: stored, or fetched ahead. */
  readonly held: SyncBlockReader;
  /** The same blocks; what is fetched for it is kept in memory for a while, and not stored. */
  readonly ahead: AsyncBlockReader;
  /** What came from peers so far: when it was needed, and ahead of that. */
  fetched(): { readonly needed: FetchTally; readonly ahead: FetchTally };
}

/** What a state source reads from. */
export interface StateSourceNeeds {
  readonly database: Pick<Database, "commit">;
  readonly reader: SyncBlockReader;
  readonly bitswap: Pick<Bitswap, "session">;
  /** Whom to ask; in any order, for bitswap knows who answers. */
  readonly peers: () => readonly string[];
  /** Where every peer there was has been caught sending what is false: what the first of them did. */
  readonly onlyLie: () => unknown;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
}

/** Most bytes of blocks fetched ahead. */
const maxAheadBytes = 64 << 20;

/**
 * A state source that stores what it fetched because it was needed, and remembers for a while who had not what it asked for.
 *
 * Blocks that are asked for in one turn of the event loop travel in one message to a peer, and those that come together
 * are stored together. Memory: 64 MiB of blocks fetched ahead.
 */
export function stateSource(needs: StateSourceNeeds): StateSource {
  const { database, reader, bitswap, peers, onlyLie, now } = needs;
  const absent = new AbsentBlocks(now, peers);
  const memory = new BlockMemory(maxAheadBytes);
  const [needed, ahead] = [new FetchBudget(), new FetchBudget()];
  const store = batched((blocks) => database.commit({ blocks }));
  const held: SyncBlockReader = { getSync: (cid) => reader.getSync(cid) ?? memory.get(cid) };

  // who had the last block has its neighbours too, most likely; others may have let go of so old a state
  let gaveLast = "";
  const fetch = async (cid: CidBytes, options: AbortOptions | undefined): Promise<Uint8Array | undefined> => {
    const ask = absent.ask(cid);
    const from = ask.peers;
    if (from.length === 0) return undefined;
    const ranked = from.includes(gaveLast) ? [gaveLast, ...from.filter((peer) => peer !== gaveLast)] : from;
    const session = bitswap.session(ranked);
    try {
      const block = await session.get(cid, options);
      gaveLast = session.peers[0] ?? gaveLast;
      absent.forget(cid);
      return block;
    } catch (error) {
      if (!isCopseError(error, "network/")) throw error;
      const lie = onlyLie();
      if (isCopseError(lie) && lie.code === "network/block-mismatch") {
        const facts = { block: toCid(cid).toString(), peers: from.length };
        throw new NodeError("copse/block-mismatch", facts, { cause: lie });
      }
      if (lie !== undefined) throw lie;
      // it puts the silent last, and may run out of time before it has asked them all
      if (isNotFound(error)) ask.missed(session.peers.slice(0, error.facts.asked));
      return undefined;
    }
  };
  const counted = (tally: FetchBudget, bytes: Uint8Array): void => {
    tally.ask(1);
    tally.take(bytes.length);
  };
  return {
    isAbsent: (cid) => absent.has(cid),
    held,
    ahead: {
      async getBytes(cid, options) {
        const known = held.getSync(cid);
        if (known !== undefined) return known;
        const bytes = await fetch(cid, options);
        if (bytes === undefined) return undefined;
        counted(ahead, bytes);
        memory.add(cid, bytes);
        return bytes;
      },
    },
    fetched: () => ({ needed: needed.spent, ahead: ahead.spent }),
    async getBytes(cid, options) {
      const known = held.getSync(cid);
      if (known !== undefined) return known;
      const bytes = await fetch(cid, options);
      if (bytes === undefined) return undefined;
      counted(needed, bytes);
      await store([cid.slice(), bytes]);
      return bytes;
    },
  };
}

function isNotFound(error: unknown): error is NetworkError<"network/block-not-found"> {
  return error instanceof NetworkError && error.code === "network/block-not-found";
}

/** Writes of one turn of the event loop, as one. */
function batched(write: (blocks: readonly BlockPair[]) => Promise<void>): (block: BlockPair) => Promise<void> {
  let waiting: BlockPair[] = [];
  let written: Promise<void> | undefined;
  return (block) => {
    waiting.push(block);
    written ??= Promise.resolve().then(() => {
      const blocks = waiting;
      waiting = [];
      written = undefined;
      return write(blocks);
    });
    return written;
  };
}
