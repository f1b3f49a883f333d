import { abortFault, assertNotAborted } from "@copse/primitives";

/**
 * Bytes in pieces of any size: a file's stream, what a server sends, a list; a lone `Uint8Array` is one piece. What the
 * source throws passes through.
 */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** The pieces of a source until the signal fires: nothing may come for long, and nobody shall wait for it then. */
export async function* piecesOf(given: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const source = given instanceof Uint8Array ? [given] : given;
  assertNotAborted(signal);
  if (signal === undefined) {
    yield* source;
    return;
  }
  const pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      assertNotAborted(signal);
      const stop = (): void => reject(abortFault(signal));
      signal.addEventListener("abort", stop, { once: true });
      const done = (): void => signal.removeEventListener("abort", stop);
      Promise.resolve(pieces.next()).then(resolve, reject).finally(done);
    });
  try {
    for (let step = await next(); step.done !== true; step = await next()) yield step.value;
  } finally {
    const ended = Promise.resolve(pieces.return?.());
    ended.catch(() => {});
    // A read that still waits would hold this up.
    if (!signal.aborted) await ended;
  }
}
