import { type AbortOptions, abortFault } from "@copse/primitives";
import { type CidBytes, cidKey } from "../cid.ts";
import type { AsyncBlockReader } from "../fetching.ts";
import type { DagWalk } from "./dag-walk.ts";

/** How a walk loads blocks that answer later. */
export interface AheadOptions {
  /** Requests in flight at most; blocks that come next are asked for ahead. The order stays the same. Default: 8. */
  readonly concurrency?: number | undefined;
  /** Blocks that were asked for and not yet come to, at most. Default: 16 times `concurrency`. */
  readonly maxAhead?: number | undefined;
}

/** Blocks that are on their way before they are needed. */
export interface Ahead {
  /** The block, or `undefined` when it is not to be had; asks for others meanwhile. */
  get(cid: CidBytes): Promise<Uint8Array | undefined>;
  /** Nothing more is wanted: ends what is in flight. */
  end(): void;
}

interface Asked {
  readonly block: Promise<Uint8Array | undefined>;
  isHere: boolean;
}

/**
 * Loads ahead of a walk. What was asked for and is not needed yet waits: where the walk goes down into a block just loaded,
 * what that links to comes first, and those that wait beside it must not keep it from being asked for.
 */
export function createAhead(store: AsyncBlockReader, walk: DagWalk, options: AheadOptions & AbortOptions): Ahead {
  const { signal, concurrency = 8, maxAhead = 16 * concurrency } = options;
  if (concurrency <= 1) return { get: (cid) => store.getBytes(cid, { signal }), end() {} };
  const asked = new Map<string, Asked>();
  let inFlight = 0;
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();

  const ask = (cid: CidBytes): Asked => {
    inFlight++;
    const block = store.getBytes(cid, { signal: stop.signal });
    const made: Asked = { block, isHere: false };
    const arrived = (): void => {
      inFlight--;
      made.isHere = true;
    };
    block.then(arrived, arrived); // a failure counts when its turn comes
    asked.set(cidKey(cid), made);
    return made;
  };
  return {
    async get(cid) {
      const key = cidKey(cid);
      const current = asked.get(key) ?? ask(cid);
      const most = current.isHere ? concurrency - 1 : concurrency; // one is for the block that comes after it
      if (inFlight < most && asked.size < maxAhead) {
        for (const next of walk.ahead(concurrency * 2)) {
          if (inFlight >= most || asked.size >= maxAhead) break;
          if (!asked.has(cidKey(next))) ask(next);
        }
      }
      try {
        return await current.block;
      } catch (error) {
        if (signal?.aborted) throw abortFault(signal);
        throw error;
      } finally {
        asked.delete(key);
      }
    },
    end() {
      signal?.removeEventListener("abort", onAbort);
      stop.abort();
      asked.clear();
    },
  };
}
