import { type AbortOptions, assertNotAborted, equalBytes, fromLatin1, isCopseError, latin1 } from "@copse/primitives";
import { type ScanForm, scanItem } from "../cbor-scan.ts";
import { type CidBytes, cidKey, inlineBlock, toCid } from "../cid.ts";
import { type AsyncBlockReader, type Fetching, runAsync, runSync, type SyncBlockReader } from "../fetching.ts";
import { scanLinks } from "../links.ts";
import { headAt, isCborCid, linkOf, untagged } from "./cbor-item.ts";
import { formatDagJson } from "./dag-json.ts";
import { WalkError } from "./errors.ts";
import { type WalkLimits, walkLimits } from "./limits.ts";

/** A place at which two DAGs differ. `before` or `after` is absent where one of them has nothing there. */
export interface DagChange {
  /** Keys of maps and indexes of lists from the roots; links take no segment. Keys that are no text are as DAG-JSON has them. */
  readonly path: readonly string[];
  /** The CBOR of the value, or the bytes of a block that is no CBOR: a view. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  /** False where the two values are blocks that are no CBOR. */
  readonly isCbor: boolean;
}

/** How two DAGs are compared. */
export interface DagDiffOptions {
  /** How strictly blocks are read. Default: `chain`. */
  readonly form?: ScanForm | undefined;
  /** Of these `maxBlocks` (pairs of blocks compared), `maxBlockBytes`, `maxDepth` (segments) and `maxNesting` count. */
  readonly limits?: Partial<WalkLimits> | undefined;
}

/** Stands before an index, and cannot before a key: keys are characters of one byte each. */
const indexMark = "\u0100";

/** The way to a place, from its end. */
interface Way {
  readonly segment: string;
  readonly above: Way | undefined;
  readonly depth: number;
}

/** An item in a block. */
interface Item {
  readonly block: Uint8Array;
  readonly at: number;
}

type Task =
  | { readonly kind: "items"; readonly a: Item; readonly b: Item; readonly way: Way | undefined }
  | { readonly kind: "blocks"; readonly a: CidBytes; readonly b: CidBytes; readonly way: Way | undefined };

/**
 * What differs between two DAGs, place by place: equal subtrees are told by their CIDs and never loaded. It knows maps,
 * lists and links alone; entries of HAMTs and AMTs are told by `diffHamt` and `diffAmt`.
 *
 * Two blocks that stand against each other at several places are compared at the first. Bound: the places that are left
 * beside the way to the current one, and a text for each pair of blocks.
 *
 * @example
 * for (const { path } of new DagDiff(before, after).changes(store)) console.log(path.join("/"));
 */
export class DagDiff {
  readonly #tasks: Task[] = [];
  readonly #compared: Set<string> = new Set();
  readonly #limits: WalkLimits;
  readonly #form: ScanForm;

  constructor(before: CidBytes, after: CidBytes, options: DagDiffOptions = {}) {
    this.#limits = walkLimits(options.limits);
    this.#form = options.form ?? "chain";
    this.#tasks.push({ kind: "blocks", a: before, b: after, way: undefined });
  }

  /**
   * The next changes, at least one; `undefined` at the end.
   *
   * @throws {WalkError} `walk/block-malformed`, `walk/block-too-large`, `walk/too-deep`, `walk/too-many-blocks`
   * @throws {HostFault} `host/block-missing`
   */
  *next(): Fetching<DagChange[] | undefined> {
    const found: DagChange[] = [];
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      if (task.kind === "items") this.#compareItems(task.a, task.b, task.way, found);
      else yield* this.#compareBlocks(task.a, task.b, task.way, found);
      if (found.length > 0) return found;
    }
    return undefined;
  }

  /** The changes that are left, over a store that answers at once. */
  *changes(store: SyncBlockReader): Generator<DagChange, void, undefined> {
    for (let found = runSync(this.next(), store); found !== undefined; found = runSync(this.next(), store))
      yield* found;
  }

  /** The changes that are left, over a store that answers later. @throws {HostFault} `host/aborted` */
  async *changesAsync(store: AsyncBlockReader, options: AbortOptions = {}): AsyncGenerator<DagChange, void, undefined> {
    for (;;) {
      assertNotAborted(options.signal);
      const found = await runAsync(this.next(), store, options);
      if (found === undefined) return;
      yield* found;
    }
  }

  *#compareBlocks(a: CidBytes, b: CidBytes, way: Way | undefined, found: DagChange[]): Fetching<void> {
    if (equalBytes(a, b)) return;
    const pair = `${cidKey(a)} ${cidKey(b)}`;
    if (this.#compared.has(pair)) return;
    const { maxBlocks, maxBlockBytes } = this.#limits;
    if (this.#compared.size >= maxBlocks) {
      throw new WalkError("walk/too-many-blocks", { cid: toCid(a).toString(), limit: maxBlocks });
    }
    this.#compared.add(pair);
    const isCbor = isCborCid(a) && isCborCid(b);
    const blocks: Uint8Array[] = [];
    for (const cid of [a, b]) {
      const block = inlineBlock(cid) ?? (yield cid);
      if (block.length > maxBlockBytes) {
        const facts = { cid: toCid(cid).toString(), length: block.length, limit: maxBlockBytes };
        throw new WalkError("walk/block-too-large", facts);
      }
      if (isCbor) this.#assertScans(cid, block);
      blocks.push(block);
    }
    const [before, after] = blocks as [Uint8Array, Uint8Array];
    if (isCbor) this.#tasks.push({ kind: "items", a: { block: before, at: 0 }, b: { block: after, at: 0 }, way });
    else found.push({ path: pathOf(way), before, after, isCbor });
  }

  #compareItems(a: Item, b: Item, way: Way | undefined, found: DagChange[]): void {
    const left = { block: a.block, at: untagged(a.block, a.at) };
    const right = { block: b.block, at: untagged(b.block, b.at) };
    const [before, after] = [this.#bytes(left), this.#bytes(right)];
    if (equalBytes(before, after)) return;
    const [linkA, linkB] = [linkOf(left.block, left.at), linkOf(right.block, right.at)];
    const [kindA, kindB] = [(before[0] as number) >> 5, (after[0] as number) >> 5];
    if (linkA !== undefined && linkB !== undefined) this.#tasks.push({ kind: "blocks", a: linkA, b: linkB, way });
    else if (kindA === kindB && (kindA === 4 || kindA === 5)) {
      this.#compareChildren(this.#children(left), this.#children(right), way, found);
    } else found.push({ path: pathOf(way), before, after, isCbor: true });
  }

  #compareChildren(a: Map<string, Item>, b: Map<string, Item>, way: Way | undefined, found: DagChange[]): void {
    const tasks: Task[] = [];
    for (const [key, item] of a) {
      const other = b.get(key);
      const below = this.#below(way, key);
      if (other !== undefined) tasks.push({ kind: "items", a: item, b: other, way: below });
      else found.push({ path: pathOf(below), before: this.#bytes(item), after: undefined, isCbor: true });
    }
    for (const [key, item] of b) {
      if (a.has(key)) continue;
      found.push({ path: pathOf(this.#below(way, key)), before: undefined, after: this.#bytes(item), isCbor: true });
    }
    for (let i = tasks.length - 1; i >= 0; i--) this.#tasks.push(tasks[i] as Task);
  }

  /** Items of a list by index, or of a map by the bytes of their keys. */
  #children({ block, at }: Item): Map<string, Item> {
    const children = new Map<string, Item>();
    const isMap = (block[at] as number) >> 5 === 5;
    const { value: count, next } = headAt(block, at);
    for (let i = 0, from = next; i < count; i++) {
      const value = isMap ? this.#pass(block, from) : from;
      children.set(isMap ? latin1(block.subarray(from, value)) : indexMark + i, { block, at: value });
      from = this.#pass(block, value);
    }
    return children;
  }

  #below(above: Way | undefined, key: string): Way {
    const depth = (above?.depth ?? 0) + 1;
    if (depth > this.#limits.maxDepth) {
      throw new WalkError("walk/too-deep", { cid: pathOf(above).join("/"), limit: this.#limits.maxDepth });
    }
    return { segment: key, above, depth };
  }

  #bytes({ block, at }: Item): Uint8Array {
    return block.subarray(at, this.#pass(block, at));
  }

  #pass(block: Uint8Array, at: number): number {
    return scanItem(block, at, undefined, this.#form, this.#limits.maxNesting);
  }

  #assertScans(cid: CidBytes, block: Uint8Array): void {
    try {
      scanLinks(block, () => {}, { form: this.#form, maxDepth: this.#limits.maxNesting });
    } catch (error) {
      if (!isCopseError(error, "cbor/")) throw error;
      const facts = { cid: toCid(cid).toString(), why: error.message };
      throw new WalkError("walk/block-malformed", facts, { cause: error });
    }
  }
}

/** The segments of a way: an index, or a key by its CBOR. */
function pathOf(way: Way | undefined): string[] {
  const path: string[] = [];
  for (let at = way; at !== undefined; at = at.above) path.push(at.segment);
  return path.reverse().map((segment) => {
    if (segment.startsWith(indexMark)) return segment.slice(1);
    const shown = formatDagJson(fromLatin1(segment), { maxDepth: 1024 });
    return shown.startsWith('"') ? (JSON.parse(shown) as string) : shown;
  });
}
