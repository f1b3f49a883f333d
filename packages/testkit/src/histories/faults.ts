/** A store that answers at once, as the trees ask it; `Cid` is whatever they name blocks by. */
export interface Answering<Cid> {
  getSync(cid: Cid): Uint8Array | undefined;
}

/**
 * Does a step again after it failed for want of a block: a failing step must leave no trace.
 *
 * @param reads how many reads are answered before one is not
 */
export function afterFault<Cid, T>(store: Answering<Cid>, reads: number, attempt: (store: Answering<Cid>) => T): T {
  let left = reads;
  try {
    return attempt({ getSync: (cid) => (left-- === 0 ? undefined : store.getSync(cid)) });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "host/block-missing") throw error;
    return attempt(store);
  }
}
