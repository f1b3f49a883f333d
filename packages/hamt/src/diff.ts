import {
  type AsyncBlockReader,
  type CidBytes,
  type Codec,
  type Fetching,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { compareRanges, entriesAt, type RawEntry } from "./bucket.ts";
import { HamtError } from "./errors.ts";
import { type KeyCodec, keyOfBytes } from "./keys.ts";
import { type Layout, slotAt } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, emptyWords, type HamtNode, isLink, isTaken, mark, placeOf, type Slots, slotsOf } from "./node.ts";
import { type ConcurrencyOptions, inParallel } from "./parallel.ts";
import { decodeAt } from "./read-entry.ts";
import { Room } from "./room.ts";

/** What became of a key between two trees. */
export type HamtChange<V, K = Uint8Array> =
  | { readonly kind: "added"; readonly key: K; readonly after: V }
  | { readonly kind: "removed"; readonly key: K; readonly before: V }
  | { readonly kind: "changed"; readonly key: K; readonly before: V; readonly after: V };

/** What stands in one place of a tree: a node, a child that is not in memory, the entries of a bucket, or nothing. */
export type Side = HamtNode | CidBytes | readonly RawEntry[];

/** The same place in two trees. */
export interface DiffTask {
  readonly before: Side;
  readonly after: Side;
  /** Depth of a node that would stand there. */
  readonly depth: number;
}

/** How the two trees are read. */
export interface DiffForm<V, K> {
  readonly before: { readonly layout: Layout; readonly codec: Codec<V> };
  readonly after: { readonly layout: Layout; readonly codec: Codec<V> };
  readonly keys: KeyCodec<K> | undefined;
  readonly room: Room;
}

const nothing: readonly RawEntry[] = [];

/**
 * The form of a comparison.
 *
 * @throws {HamtError} `hamt/layouts-differ`
 */
export function diffForm<V, K>(
  before: { readonly layout: Layout; readonly codec: Codec<V> },
  after: { readonly layout: Layout; readonly codec: Codec<V> },
  keys: KeyCodec<K> | undefined,
): DiffForm<V, K> {
  const differ = (what: string, a: unknown, b: unknown): void => {
    if (a !== b) throw new HamtError("hamt/layouts-differ", { what, before: String(a), after: String(b) });
  };
  differ("bit width", before.layout.bitWidth, after.layout.bitWidth);
  differ("hash function", before.layout.hashName, after.layout.hashName);
  return { before, after, keys, room: new Room() };
}

/**
 * The changes from one tree to another. No order is promised, but it is the same each time.
 *
 * Bound: pairs of nodes beside the way from the roots to the current ones. Subtrees that are the same in both trees are
 * neither loaded nor walked.
 */
export class HamtDiff<V, K = Uint8Array> {
  readonly #form: DiffForm<V, K>;
  readonly #tasks: DiffTask[];

  /** @internal use `diffHamt` or `Hamt.diff` */
  constructor(form: DiffForm<V, K>, tasks: DiffTask[]) {
    this.#form = form;
    this.#tasks = tasks;
  }

  /**
   * The next changes, at least one; `undefined` at the end.
   *
   * @throws {HamtError} a node is none
   */
  *next(): Fetching<HamtChange<V, K>[] | undefined> {
    for (;;) {
      const task = this.#tasks.pop();
      if (task === undefined) return undefined;
      const changes: HamtChange<V, K>[] = [];
      yield* diffStep(this.#form, task, changes, this.#tasks);
      if (changes.length > 0) return changes;
    }
  }

  /** The changes that are left, over a store that answers at once. */
  *changes(store: SyncBlockReader): Generator<HamtChange<V, K>, void> {
    for (;;) {
      const found = runSync(this.next(), store);
      if (found === undefined) return;
      yield* found;
    }
  }

  /**
   * The changes that are left, over any store, of which up to `concurrency` blocks are asked for at the same time; more
   * than one make the order that in which blocks come.
   *
   * @throws {HamtError} a node is none
   * @throws {HostFault} `host/block-missing`, `host/aborted`
   * @see go-hamt-ipld:diff_parallel.go
   */
  async *changesAsync(
    store: AsyncBlockReader,
    options: ConcurrencyOptions = {},
  ): AsyncGenerator<HamtChange<V, K>, void> {
    const form = this.#form;
    const step = (task: DiffTask, changes: HamtChange<V, K>[], tasks: DiffTask[]) =>
      diffStep(form, task, changes, tasks);
    for await (const found of inParallel(this.#tasks.splice(0), step, store, options)) yield* found;
  }
}

/**
 * Compares one place: appends the changes that its nodes themselves hold, and the places below that differ, the last one
 * first. A bucket that stands where the other tree has a node is taken as the node its entries would make.
 */
export function* diffStep<V, K>(
  form: DiffForm<V, K>,
  task: DiffTask,
  changes: HamtChange<V, K>[],
  tasks: DiffTask[],
): Fetching<void> {
  const { depth } = task;
  const { layout } = form.before;
  if (depth >= layout.maxDepth) throw new HamtError("hamt/too-deep", { depth, limit: layout.maxDepth });
  const before = isCid(task.before) ? loadNode(yield task.before, layout, depth, form.room) : task.before;
  const after = isCid(task.after) ? loadNode(yield task.after, form.after.layout, depth, form.room) : task.after;
  const found = { changes, tasks };
  if (isEntries(before) || isEntries(after)) {
    const left = isEntries(before) ? asNode(layout, before, depth) : undefined;
    const right = isEntries(after) ? asNode(form.after.layout, after, depth) : undefined;
    const [a, b] = [left?.slots ?? (before as HamtNode), right?.slots ?? (after as HamtNode)];
    for (let slot = slotsOf(a, b) - 1; slot >= 0; slot--) {
      if (!isTaken(a, slot) && !isTaken(b, slot)) continue;
      const was = left?.entries[slot] ?? (left ? nothing : sideOf(layout, before as HamtNode, slot));
      const is = right?.entries[slot] ?? (right ? nothing : sideOf(form.after.layout, after as HamtNode, slot));
      comparePlace(form, was, is, depth, found);
    }
    return;
  }
  for (let slot = slotsOf(before, after) - 1; slot >= 0; slot--) {
    if (!isTaken(before, slot) && !isTaken(after, slot)) continue;
    if (sameAt(form, before, after, slot)) continue;
    comparePlace(form, sideOf(layout, before, slot), sideOf(form.after.layout, after, slot), depth, found);
  }
}

/** The slots of the node that entries would make. */
function asNode(
  layout: Layout,
  entries: readonly RawEntry[],
  depth: number,
): { readonly slots: Slots; readonly entries: RawEntry[][] } {
  const slots: Slots = { bits: 0, more: emptyWords(layout) };
  const held: RawEntry[][] = [];
  for (const entry of entries) {
    const slot = slotAt(layout, layout.hash(entry.bytes.slice(entry.keyStart, entry.keyEnd)), depth);
    mark(slots, slot, true);
    held[slot] ??= [];
    held[slot].push(entry);
  }
  return { slots, entries: held };
}

function comparePlace<V, K>(
  form: DiffForm<V, K>,
  before: Side,
  after: Side,
  depth: number,
  found: { changes: HamtChange<V, K>[]; tasks: DiffTask[] },
): void {
  if (isEntries(before) && isEntries(after)) diffEntries(form, before, after, found.changes);
  else found.tasks.push({ before, after, depth: depth + 1 });
}

/** Whether a slot holds the same in two nodes, told without making anything of it. */
function sameAt<V, K>(form: DiffForm<V, K>, a: HamtNode, b: HamtNode, slot: number): boolean {
  if (!isTaken(a, slot) || !isTaken(b, slot)) return false;
  const aPlace = placeOf(a, slot);
  const bPlace = placeOf(b, slot);
  const aChild = a.children?.[aPlace];
  const bChild = b.children?.[bPlace];
  if (aChild !== undefined && aChild === bChild) return true;
  if (aChild?.changed === true || bChild?.changed === true) return false; // their links are gaps
  const aStart = (a.starts[aPlace] as number) + form.before.layout.prefix;
  const bStart = (b.starts[bPlace] as number) + form.after.layout.prefix;
  const aEnd = a.starts[aPlace + 1] as number;
  return compareRanges(a.bytes, aStart, aEnd, b.bytes, bStart, b.starts[bPlace + 1] as number) === 0;
}

function sideOf(layout: Layout, node: HamtNode, slot: number): Side {
  if (!isTaken(node, slot)) return nothing;
  const place = placeOf(node, slot);
  if (isLink(layout, node, place)) return node.children?.[place] ?? cidAt(layout, node, place);
  return entriesAt(node.bytes, (node.starts[place] as number) + layout.prefix);
}

function diffEntries<V, K>(
  form: DiffForm<V, K>,
  before: readonly RawEntry[],
  after: readonly RawEntry[],
  changes: HamtChange<V, K>[],
): void {
  for (const entry of before) {
    const other = after.find((one) => hasKey(one, entry));
    if (other !== undefined && sameValue(entry, other)) continue;
    const key = keyOf(form, entry);
    const was = decoded(form.before.codec, entry);
    if (other === undefined) changes.push({ kind: "removed", key, before: was });
    else changes.push({ kind: "changed", key, before: was, after: decoded(form.after.codec, other) });
  }
  for (const entry of after) {
    if (before.some((one) => hasKey(one, entry))) continue;
    changes.push({ kind: "added", key: keyOf(form, entry), after: decoded(form.after.codec, entry) });
  }
}

const hasKey = (a: RawEntry, b: RawEntry): boolean =>
  compareRanges(a.bytes, a.keyStart, a.keyEnd, b.bytes, b.keyStart, b.keyEnd) === 0;
const sameValue = (a: RawEntry, b: RawEntry): boolean =>
  compareRanges(a.bytes, a.keyEnd, a.end, b.bytes, b.keyEnd, b.end) === 0;
const keyOf = <V, K>(form: DiffForm<V, K>, { bytes, keyStart, keyEnd }: RawEntry): K =>
  keyOfBytes(form.keys, bytes.slice(keyStart, keyEnd));
const decoded = <V>(codec: Codec<V>, { bytes, keyEnd, end }: RawEntry): V => decodeAt(codec, bytes, keyEnd, end);

function isCid(side: Side): side is CidBytes {
  return side instanceof Uint8Array;
}

function isEntries(side: Side): side is readonly RawEntry[] {
  return Array.isArray(side);
}
