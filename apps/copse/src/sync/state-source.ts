import type { Database } from "@copse/blockstore";
import { type AsyncBlockReader, type CidBytes, cidKey, type SyncBlockReader, toCid } from "@copse/ipld";
import type { Bitswap } from "@copse/network";
import { isCopseError } from "@copse/primitives";
import { NodeError } from "../errors.ts";

/** Blocks of state: those at hand, then those that peers give, each checked against its CID. */
export interface StateSource extends AsyncBlockReader {
  /** Whether the block was asked for lately and nobody had it. */
  isAbsent(cid: CidBytes): boolean;
}

/** What a state source reads from. */
export interface StateSourceNeeds {
  readonly database: Pick<Database, "commit">;
  readonly reader: SyncBlockReader;
  readonly bitswap: Bitswap;
  readonly peers: () => readonly string[];
  /** Where every peer there was has been caught sending what is false: what the first of them did. */
  readonly onlyLie: () => unknown;
}

const maxAbsent = 4096;
/** How long a block that nobody had is not asked for again. Unit: ms. */
const absentMs = 300_000;

/** A state source that keeps what it fetched, and remembers for a while what nobody had. */
export function stateSource({ database, reader, bitswap, peers, onlyLie }: StateSourceNeeds): StateSource {
  const absent = new Map<string, number>();
  const isAbsent = (cid: CidBytes): boolean => performance.now() - (absent.get(cidKey(cid)) ?? -absentMs) < absentMs;
  return {
    isAbsent,
    async getBytes(cid, options) {
      const held = reader.getSync(cid);
      if (held !== undefined) return held;
      const from = peers();
      if (from.length === 0 || isAbsent(cid)) return undefined;
      try {
        const bytes = await bitswap.get(cid, from, options);
        await database.commit({ blocks: [[cid, bytes]] }, options);
        return bytes;
      } catch (error) {
        if (!isCopseError(error, "network/")) throw error;
        const lie = onlyLie();
        if (isCopseError(lie) && lie.code === "network/block-mismatch") {
          const facts = { block: toCid(cid).toString(), peers: from.length };
          throw new NodeError("copse/block-mismatch", facts, { cause: lie });
        }
        if (lie !== undefined) throw lie;
        if (error.code === "network/block-not-found") {
          if (absent.size >= maxAbsent) absent.clear();
          absent.set(cidKey(cid), performance.now());
        }
        return undefined;
      }
    },
  };
}
