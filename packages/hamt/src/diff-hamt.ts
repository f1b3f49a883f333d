import type { AsyncBlockReader, CidBytes, Codec } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { type DiffForm, type DiffTask, diffForm, diffStep, type HamtChange, HamtDiff } from "./diff.ts";
import { keysOf } from "./keys.ts";
import { type HamtOptions, type KeyedHamtOptions, layoutOf } from "./layout.ts";
import { inParallel, type ParallelOptions } from "./parallel.ts";

/**
 * The changes from one tree to another, by their roots.
 *
 * Cost: the blocks that are in one of the trees only. Of equal roots not even those are read.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, `hamt/option-out-of-range`, `hamt/hash-length`
 * @see go-hamt-ipld:diff.go
 * @example
 * const diff = diffHamt(before, after, actorCodec, { version: 3 });
 * for (let found = runSync(diff.next(), store); found; found = runSync(diff.next(), store)) console.log(found);
 */
export function diffHamt<V>(before: CidBytes, after: CidBytes, codec: Codec<V>, options: HamtOptions): HamtDiff<V>;
export function diffHamt<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: KeyedHamtOptions<K>,
): HamtDiff<V, K>;
export function diffHamt<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: HamtOptions | KeyedHamtOptions<K>,
): HamtDiff<V, K> {
  return new HamtDiff(formOf(codec, options), tasksOf(before, after));
}

/**
 * The same with several blocks under way at the same time. The changes come in no order.
 *
 * @throws {HamtError}
 * @throws {HostFault} `host/block-missing`, `host/aborted`
 * @see go-hamt-ipld:diff_parallel.go
 * @example
 * for await (const change of diffHamtParallel(before, after, actorCodec, { version: 3 }, store, { concurrency: 32 })) {}
 */
export function diffHamtParallel<V>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: HamtOptions,
  store: AsyncBlockReader,
  parallel?: ParallelOptions,
): AsyncGenerator<HamtChange<V>, void>;
export function diffHamtParallel<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: KeyedHamtOptions<K>,
  store: AsyncBlockReader,
  parallel?: ParallelOptions,
): AsyncGenerator<HamtChange<V, K>, void>;
export async function* diffHamtParallel<V, K>(
  before: CidBytes,
  after: CidBytes,
  codec: Codec<V>,
  options: HamtOptions | KeyedHamtOptions<K>,
  store: AsyncBlockReader,
  parallel: ParallelOptions = {},
): AsyncGenerator<HamtChange<V, K>, void> {
  const form: DiffForm<V, K> = formOf(codec, options);
  const step = (task: DiffTask, changes: HamtChange<V, K>[], tasks: DiffTask[]) => diffStep(form, task, changes, tasks);
  for await (const changes of inParallel(tasksOf(before, after), step, store, parallel)) yield* changes;
}

function formOf<V, K>(codec: Codec<V>, options: HamtOptions | KeyedHamtOptions<K>): DiffForm<V, K> {
  const side = { layout: layoutOf(options), codec };
  return diffForm(side, side, keysOf(options));
}

function tasksOf(before: CidBytes, after: CidBytes): DiffTask[] {
  return equalBytes(before, after) ? [] : [{ before: before.slice(), after: after.slice(), depth: 0 }];
}
