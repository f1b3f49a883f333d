import { fromCid, toCid } from "@copse/ipld";
import { type AbortOptions, abortFault, joinBytes } from "@copse/primitives";
import type { Blockstore } from "interface-blockstore";
import { storeFault } from "./fault.ts";
import { assertStorableCid } from "./limits.ts";
import type { AsyncStore, BlockEntry } from "./store.ts";
import { asyncStoreOf } from "./store-of.ts";

/**
 * Any `Blockstore` of interface-blockstore 7, such as those of Helia, as an {@link AsyncStore}: for trees, walks and CAR
 * files over what others keep. It does what the other does: most find blocks by multihash and list them with the codec
 * raw, and a batch is stored block by block.
 *
 * @throws {HostFault} `host/store-failed` where the other fails, `host/aborted` where it was the signal
 * @example
 * const store = fromBlockstore(helia.blockstore);
 * await store.getBytes(cid);
 */
export function fromBlockstore(theirs: Blockstore): AsyncStore {
  return asyncStoreOf({
    async getBytes(cid, options) {
      try {
        return await gathered(theirs.get(toCid(cid), given(options)));
      } catch (error) {
        if (error instanceof Error && error.name === "NotFoundError") return undefined;
        throw faultOf("read", error, options);
      }
    },
    async hasBytes(cid, options) {
      try {
        return await theirs.has(toCid(cid), given(options));
      } catch (error) {
        throw faultOf("read", error, options);
      }
    },
    async putManyBytes(entries, options) {
      // Copies: some stores keep the array they are given.
      const all = Array.from(entries, ([cid, bytes]) => ({ cid: cid.slice(), bytes: Uint8Array.from(bytes) }));
      for (const { cid } of all) assertStorableCid(cid);
      try {
        for await (const _ of theirs.putMany(
          all.map(({ cid, bytes }) => ({ cid: toCid(cid), bytes })),
          given(options),
        ));
      } catch (error) {
        throw faultOf("put", error, options);
      }
    },
    async deleteManyBytes(cids, options) {
      const all = Array.from(cids, (cid) => toCid(cid.slice()));
      try {
        for await (const _ of theirs.deleteMany(all, given(options)));
      } catch (error) {
        throw faultOf("delete", error, options);
      }
    },
    async *entries(options): AsyncGenerator<BlockEntry> {
      try {
        for await (const { cid, bytes } of theirs.getAll(given(options))) yield [fromCid(cid), await gathered(bytes)];
      } catch (error) {
        throw faultOf("list", error, options);
      }
    },
  });
}

/** Options as their types want them: without members that are `undefined`. */
function given(options: AbortOptions | undefined): { signal?: AbortSignal } {
  return options?.signal === undefined ? {} : { signal: options.signal };
}

/** What an error of theirs is to us: under a fired signal they throw all kinds. */
function faultOf(operation: string, error: unknown, options: AbortOptions | undefined): unknown {
  if (options?.signal?.aborted === true) return abortFault(options.signal);
  return storeFault(operation, error);
}

/** A block in one plain array. */
async function gathered(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of chunks) parts.push(part);
  const [only] = parts;
  return parts.length === 1 && only !== undefined && only.constructor === Uint8Array ? only : joinBytes(parts);
}
