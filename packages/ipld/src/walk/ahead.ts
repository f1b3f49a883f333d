import { type AbortOptions, abortFault } from "@copse/primitives";
import { type CidBytes, cidKey } from "../cid.ts";
import type { AsyncBlockReader } from "../fetching.ts";
import type { DagWalk } from "./dag-walk.ts";

/** Blocks that are on their way before they are needed. */
export interface Ahead {
  /** The block, or `undefined` when it is not to be had; asks for others meanwhile. */
  get(cid: CidBytes): Promise<Uint8Array | undefined>;
  /** Nothing more is wanted: ends what is in flight. */
  end(): void;
}

/** Loads ahead of a walk, with at most `concurrency` blocks in flight or waiting to be taken. */
export function createAhead(
  store: AsyncBlockReader,
  walk: DagWalk,
  options: AbortOptions & { readonly concurrency?: number | undefined },
): Ahead {
  const { signal, concurrency = 8 } = options;
  if (concurrency <= 1) return { get: (cid) => store.getBytes(cid, { signal }), end() {} };
  const inFlight = new Map<string, Promise<Uint8Array | undefined>>();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();

  const ask = (cid: CidBytes): void => {
    const key = cidKey(cid);
    if (inFlight.has(key)) return;
    const asked = store.getBytes(cid, { signal: stop.signal });
    asked.catch(() => {}); // it counts when its turn comes
    inFlight.set(key, asked);
  };
  return {
    async get(cid) {
      // asked for in one go when half of them were taken: looking ahead at every block would cost as much as the walk
      if (inFlight.size <= concurrency >> 1) for (const next of walk.ahead(concurrency)) ask(next);
      const key = cidKey(cid);
      if (!inFlight.has(key)) ask(cid);
      try {
        return await inFlight.get(key);
      } catch (error) {
        if (signal?.aborted) throw abortFault(signal);
        throw error;
      } finally {
        inFlight.delete(key);
      }
    },
    end() {
      signal?.removeEventListener("abort", onAbort);
      stop.abort();
      inFlight.clear();
    },
  };
}
