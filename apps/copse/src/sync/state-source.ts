import type { Store } from "@copse/blockstore";
import { type AsyncBlockReader, type CidBytes, cidKey, type SyncBlockReader } from "@copse/ipld";
import type { Bitswap } from "@copse/network";
import { isCopseError } from "@copse/primitives";

/** Blocks of state: those at hand, then those that peers give, each checked against its CID. */
export interface StateSource extends AsyncBlockReader {
  /** Whether the block was asked for lately and nobody had it. */
  isAbsent(cid: CidBytes): boolean;
}

/** What a state source reads from. */
export interface StateSourceNeeds {
  readonly store: Store;
  readonly reader: SyncBlockReader;
  readonly bitswap: Bitswap;
  readonly peers: () => readonly string[];
}

const maxAbsent = 4096;

/** A state source that keeps what it fetched, and remembers what nobody had. */
export function stateSource({ store, reader, bitswap, peers }: StateSourceNeeds): StateSource {
  const absent = new Set<string>();
  return {
    isAbsent: (cid) => absent.has(cidKey(cid)),
    async getBytes(cid, options) {
      const held = reader.getSync(cid);
      if (held !== undefined) return held;
      const key = cidKey(cid);
      const from = peers();
      if (absent.has(key) || from.length === 0) return undefined;
      try {
        const bytes = await bitswap.get(cid, from, options);
        store.putSync(cid, bytes);
        return bytes;
      } catch (error) {
        if (!isCopseError(error, "network/")) throw error;
        if (absent.size >= maxAbsent) absent.clear();
        absent.add(key);
        return undefined;
      }
    },
  };
}
