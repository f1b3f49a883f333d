import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { AsyncStore } from "../store.ts";

/** How far {@link readAhead} reads. */
export interface ReadAheadOptions extends AbortOptions {
  /** Blocks asked for and not yet taken, at most. Default 32. */
  readonly concurrency?: number | undefined;
}

/** A block as {@link readAhead} gives it; `undefined` where the store lacks it. */
export type ReadBlock = readonly [cid: CidBytes, bytes: Uint8Array | undefined];

/**
 * Reads many blocks in the order of their CIDs, with several on their way at once: the reader never waits for more than
 * the slowest of the next few. CIDs are drawn only as they are needed, so a walk may make them as it goes.
 *
 * Bound: `concurrency` blocks in memory. What is under way when the loop is left is aborted.
 *
 * @example
 * for await (const [cid, bytes] of readAhead(store, cids, { concurrency: 64 })) use(cid, bytes);
 */
export async function* readAhead(
  store: Pick<AsyncStore, "getBytes">,
  cids: Iterable<CidBytes> | AsyncIterable<CidBytes>,
  options: ReadAheadOptions = {},
): AsyncGenerator<ReadBlock> {
  const { concurrency = 32, signal } = options;
  const left = new AbortController();
  const any = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  const window: Promise<ReadBlock>[] = [];
  const read = async (cid: CidBytes): Promise<ReadBlock> => [cid, await store.getBytes(cid, { signal: any })];
  try {
    assertNotAborted(signal);
    for await (const cid of cids) {
      const reading = read(cid);
      reading.catch(() => {}); // it is looked at in its turn, which may come after it failed
      window.push(reading);
      if (window.length >= Math.max(1, concurrency)) yield await (window.shift() as Promise<ReadBlock>);
    }
    for (const reading of window) yield await reading;
  } finally {
    left.abort();
  }
}
