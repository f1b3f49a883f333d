import { type AsyncBlockReader, blockMissing, type CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { Layout } from "./layout.ts";
import { Branch } from "./node.ts";
import type { Place } from "./place.ts";

/** How an asynchronous walk meets its store. */
export interface AheadOptions extends AbortOptions {
  /** Most blocks asked for at a time: 1 where it is absent. */
  readonly concurrency?: number | undefined;
}

interface Task {
  readonly place: Place;
  started: boolean;
  failed: boolean;
  error: unknown;
}

/**
 * The leaf places below some places, in index order, while the blocks of those to come are fetched: up to `concurrency`
 * at a time, the first ones first.
 *
 * Bound: the leaves of `4 * concurrency` places, and the children of the branches on the way to them.
 */
export async function* leavesAhead(
  places: readonly Place[],
  layout: Layout,
  below: (place: Place) => readonly Place[],
  store: AsyncBlockReader,
  options: AheadOptions,
): AsyncGenerator<Place, void> {
  const concurrency = Math.max(1, options.concurrency ?? 1);
  const abort = new AbortController();
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal]);
  const queue: Task[] = places.map(taskOf);
  let flying = 0;
  let wake = (): void => {};
  const onAbort = (): void => wake(); // a store may not look at the signal
  options.signal?.addEventListener("abort", onAbort);

  const load = async (task: Task): Promise<void> => {
    try {
      for (let cid = task.place.wanted(); cid !== undefined; cid = task.place.wanted()) {
        task.place.give(layout, await fetchBlock(store, cid, signal));
      }
    } catch (error) {
      task.failed = true;
      task.error = error;
    }
    flying--;
    wake();
  };
  /** Opens the branches among the first places, and asks for what the first places lack. */
  const pump = (): void => {
    for (let at = 0; at < queue.length && at < 4 * concurrency; at++) {
      let task = queue[at] as Task;
      while (isOpen(task)) {
        queue.splice(at, 1, ...below(task.place).map(taskOf));
        if (at >= queue.length) return;
        task = queue[at] as Task;
      }
      if (task.started || task.place.wanted() === undefined) continue;
      if (flying === concurrency) return;
      flying++;
      task.started = true;
      void load(task);
    }
  };

  try {
    for (;;) {
      assertNotAborted(options.signal);
      pump();
      const head = queue[0];
      if (head === undefined) return;
      if (head.failed) throw head.error;
      if (head.place.wanted() === undefined) {
        queue.shift();
        yield head.place;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    abort.abort();
  }
}

const taskOf = (place: Place): Task => ({ place, started: false, failed: false, error: undefined });

/** Whether a task's place is a branch that is all there. */
const isOpen = ({ place }: Task): boolean =>
  place.wanted() === undefined && (place.before instanceof Branch || place.after instanceof Branch);

async function fetchBlock(store: AsyncBlockReader, cid: CidBytes, signal: AbortSignal): Promise<Uint8Array> {
  const block = await store.getBytes(cid, { signal });
  if (block === undefined) throw blockMissing(cid);
  return block;
}
