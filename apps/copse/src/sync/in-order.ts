/**
 * Maps with up to `width` calls under way, yielding results in the order of the inputs. Inputs are pulled as results
 * are taken, so a slow reader holds everything up. Leaving the loop, or a failure, aborts what is under way.
 *
 * @example
 * for await (const page of inOrder([1, 2, 3], 2, (n, signal) => load(n, signal), signal)) use(page);
 */
export async function* inOrder<In, Out>(
  inputs: Iterable<In>,
  width: number,
  run: (input: In, signal: AbortSignal) => Promise<Out>,
  signal: AbortSignal,
): AsyncGenerator<Out, void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const queue: Promise<Out>[] = [];
  const pulled = inputs[Symbol.iterator]();
  try {
    for (;;) {
      while (queue.length < width) {
        const input = pulled.next();
        if (input.done === true) break;
        const started = run(input.value, either);
        started.catch(() => {}); // thrown when its turn comes
        queue.push(started);
      }
      const first = queue.shift();
      if (first === undefined) return;
      yield await first;
    }
  } finally {
    over.abort(new Error("the loop was left"));
    pulled.return?.();
  }
}

/** Cuts a sequence into runs of at most `size`. */
export function* inRuns<T>(values: Iterable<T>, size: number): Generator<T[]> {
  let run: T[] = [];
  for (const value of values) {
    run.push(value);
    if (run.length < size) continue;
    yield run;
    run = [];
  }
  if (run.length > 0) yield run;
}
