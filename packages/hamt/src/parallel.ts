import { type AsyncBlockReader, type Fetching, runAsync } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";

/** How much is fetched at the same time. */
export interface ConcurrencyOptions extends AbortOptions {
  /** Blocks under way at most. Default: 1. */
  readonly concurrency?: number | undefined;
}

/** Does a part of some work: appends what it found, and the parts that it leads to. */
export type ParallelStep<Task, Found> = (task: Task, found: Found[], tasks: Task[]) => Fetching<void>;

/**
 * Does work whose parts lead to further parts, several at the same time; gives what each found as soon as it has, so in no
 * order. No further part is begun while as many finds wait to be taken as parts may be under way.
 *
 * Bound: those finds, and for each part under way the parts beside its way from the first.
 *
 * @throws {HostFault} `host/block-missing`, `host/aborted`, once no part is under way any more
 */
export async function* inParallel<Task, Found>(
  first: readonly Task[],
  step: ParallelStep<Task, Found>,
  store: AsyncBlockReader,
  options: ConcurrencyOptions,
): AsyncGenerator<Found[], void> {
  const limit = Math.max(1, options.concurrency ?? 1);
  const tasks = [...first];
  const ready: Found[][] = [];
  const running = new Set<Promise<void>>();
  const leave = new AbortController();
  const signal = options.signal === undefined ? leave.signal : AbortSignal.any([options.signal, leave.signal]);
  let failure: { readonly error: unknown } | undefined;
  const run = async (task: Task): Promise<void> => {
    const found: Found[] = [];
    const more: Task[] = [];
    try {
      await runAsync(step(task, found, more), store, { signal });
      for (const one of more) tasks.push(one);
      if (found.length > 0) ready.push(found);
    } catch (error) {
      failure ??= { error };
    }
  };
  try {
    for (;;) {
      assertNotAborted(options.signal);
      while (failure === undefined && running.size < limit && ready.length < limit) {
        const task = tasks.pop();
        if (task === undefined) break;
        const one: Promise<void> = run(task).then(() => void running.delete(one));
        running.add(one);
      }
      if (failure !== undefined) throw failure.error;
      const found = ready.shift();
      if (found !== undefined) yield found;
      else if (running.size === 0) return;
      else await Promise.race(running);
    }
  } finally {
    leave.abort();
    await Promise.all(running);
  }
}
