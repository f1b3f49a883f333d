import {
  type AsyncBlockReader,
  CborReader,
  CborWriter,
  type CidBytes,
  type Codec,
  cidOf,
  decode,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { type AbortOptions, equalBytes } from "@copse/primitives";
import { AmtCursor, type AmtEntry, loadNode } from "./cursor.ts";
import { AmtError } from "./errors.ts";
import { type AmtOptions, type AmtVersion, capacity, fits, indexOf, type Layout, layoutOf, slotAt } from "./layout.ts";
import {
  type AmtNode,
  type Branch,
  type Child,
  countItems,
  decodeNode,
  emptyNode,
  encodeNode,
  isEmpty,
  isOnlyFirstLink,
} from "./node.ts";

/** A root and the blocks that are new since the tree was loaded or last flushed: children first, the root last. */
export interface AmtFlush {
  readonly root: CidBytes;
  readonly blocks: readonly (readonly [cid: CidBytes, block: Uint8Array])[];
}

const maxCount = 2n ** 64n - 1n;

/**
 * An array of values, kept as a tree of blocks: an array mapped trie.
 *
 * Reading and changing are {@link Fetching} steps, to be run by `runSync` or `runAsync`; nothing is stored before
 * {@link Amt.flush}. Each node is loaded once and then kept by its parent. A change that fails, as when a block is
 * missing, leaves the tree as it was. One change at a time: steps of two changes must not interleave.
 *
 * @see go-amt-ipld:amt.go, ref-fvm:ipld/amt/src/amt.rs
 * @example
 * const list = createAmt(linkCodec, { version: 0 });
 * runSync(list.set(0n, cid), store);
 * const { root, blocks } = list.flush();
 */
export class Amt<V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout;
  #height: number;
  #count: bigint;
  #node: AmtNode;
  /** Values are encoded here, one at a time: a writer each would cost more than the rest of a change. */
  readonly #scratch: CborWriter = new CborWriter();
  /** CID of the tree as it is; `undefined` while it has changes. */
  #root: CidBytes | undefined;

  /** @internal use `createAmt` or `loadAmt` */
  constructor(codec: Codec<V>, layout: Layout, height: number, count: bigint, node: AmtNode, root?: CidBytes) {
    this.#codec = codec;
    this.#layout = layout;
    this.#height = height;
    this.#count = count;
    this.#node = node;
    this.#root = root;
  }

  /** Root form. */
  get version(): AmtVersion {
    return this.#layout.version;
  }

  /** Slots of a node are 2 to this power. */
  get bitWidth(): number {
    return this.#layout.bitWidth;
  }

  /** Levels above the leaves. */
  get height(): number {
    return this.#height;
  }

  /** How many values it holds, as its root says: true only where the writer of the root was honest. */
  get count(): bigint {
    return this.#count;
  }

  /**
   * The value at an index, or `undefined`.
   *
   * Cost: at most a block a level.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, or a node is none
   */
  *get(index: number | bigint): Fetching<V | undefined> {
    const at = indexOf(this.#layout, index);
    if (!fits(this.#layout, at, this.#height)) return undefined;
    let node = this.#node;
    for (let height = this.#height; node.links !== undefined; height--) {
      const child = node.links[slotAt(this.#layout, at, height)];
      if (child === undefined) return undefined;
      child.node ??= loadNode(yield child.cid as CidBytes, this.#layout, height - 1);
      node = child.node;
    }
    const value = node.values[slotAt(this.#layout, at, 0)];
    return value === undefined ? undefined : decode(this.#codec, value);
  }

  /**
   * Puts a value at an index, in the place of the one there. An equal value changes nothing.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, `amt/count-wrong`, or a node is none
   */
  *set(index: number | bigint, value: V): Fetching<void> {
    const at = indexOf(this.#layout, index);
    const bytes = this.#encode(value);
    if (this.#count >= maxCount - 1n) throw new AmtError("amt/count-wrong", { count: this.#count });
    // the values that are there lie left of an index they have no place for, so a raised tree fetches nothing
    while (!fits(this.#layout, at, this.#height)) this.#raise();
    const path: Child[] = [];
    let node = this.#node;
    for (let height = this.#height; node.links !== undefined; height--) {
      const slot = slotAt(this.#layout, at, height);
      const known = node.links[slot];
      const child: Child = known ?? { cid: undefined, node: emptyNode(this.#layout, height - 1) };
      if (known === undefined) node.links[slot] = child;
      child.node ??= loadNode(yield child.cid as CidBytes, this.#layout, height - 1);
      path.push(child);
      node = child.node;
    }
    const slot = slotAt(this.#layout, at, 0);
    const old = node.values[slot];
    if (old !== undefined && equalBytes(old, bytes)) return;
    if (old === undefined) this.#count++;
    node.values[slot] = bytes;
    this.#changed(path);
  }

  /**
   * Takes the value at an index away; tells whether there was one. Nodes left empty go, and a root left with its first
   * child alone gives it its place, so that the tree is as if the value had never been.
   *
   * One exception, as the chain has it: a version 0 tree that loses its last value keeps its height.
   *
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`, `amt/count-wrong`, or a node is none
   * @see go-amt-ipld:v2.1.0 amt.go Delete
   */
  *delete(index: number | bigint): Fetching<boolean> {
    const at = indexOf(this.#layout, index);
    if (!fits(this.#layout, at, this.#height)) return false;
    const path: Child[] = [];
    const branches: Branch[] = [];
    let node = this.#node;
    for (let height = this.#height; node.links !== undefined; height--) {
      const child = node.links[slotAt(this.#layout, at, height)];
      if (child === undefined) return false;
      child.node ??= loadNode(yield child.cid as CidBytes, this.#layout, height - 1);
      path.push(child);
      branches.push(node);
      node = child.node;
    }
    const slot = slotAt(this.#layout, at, 0);
    if (node.values[slot] === undefined) return false;
    if (this.#count === 0n) throw new AmtError("amt/count-wrong", { count: 0n });
    // path[level] hangs in branches[level]; from `emptied` on the nodes of the path hold this value alone
    let emptied = path.length;
    if (countItems(node) === 1) {
      while (emptied > 0 && (emptied === path.length || countItems(branches[emptied] as Branch) === 1)) emptied--;
    }
    const gone = slotAt(this.#layout, at, this.#height - emptied);
    yield* this.#loadHeirs(path, emptied, gone);
    node.values[slot] = undefined;
    this.#count--;
    this.#changed(path);
    const lost = branches[emptied];
    if (lost !== undefined) lost.links[gone] = undefined;
    this.#lower();
    return true;
  }

  /**
   * A walk in index order that keeps only the nodes from the root to where it is.
   *
   * @param from index to start at
   * @throws {AmtError} `amt/index-malformed`, `amt/index-too-large`
   */
  cursor(from: number | bigint = 0): AmtCursor<V> {
    return new AmtCursor(this.#codec, this.#layout, this.#node, this.#height, indexOf(this.#layout, from));
  }

  /**
   * Calls `visit` with each value in index order, until it returns `false`.
   *
   * Bound: memory as for {@link Amt.cursor}.
   */
  *walk(visit: (index: bigint, value: V) => unknown, from: number | bigint = 0): Fetching<void> {
    const cursor = this.cursor(from);
    for (;;) {
      const leaf = yield* cursor.next();
      if (leaf === undefined) return;
      for (const [index, value] of leaf) if (visit(index, value) === false) return;
    }
  }

  /** The values in index order, over a store that answers at once. Bound: memory as for {@link Amt.cursor}. */
  *entries(store: SyncBlockReader, from: number | bigint = 0): Generator<AmtEntry<V>, void> {
    const cursor = this.cursor(from);
    for (;;) {
      const leaf = runSync(cursor.next(), store);
      if (leaf === undefined) return;
      yield* leaf;
    }
  }

  /** The values in index order, over any store. Bound: memory as for {@link Amt.cursor}. */
  async *entriesAsync(
    store: AsyncBlockReader,
    options: AbortOptions & { readonly from?: number | bigint } = {},
  ): AsyncGenerator<AmtEntry<V>, void> {
    const cursor = this.cursor(options.from);
    for (;;) {
      const leaf = await runAsync(cursor.next(), store, options);
      if (leaf === undefined) return;
      yield* leaf;
    }
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): AmtFlush {
    const blocks: [CidBytes, Uint8Array][] = [];
    if (this.#root === undefined) {
      const writer = new CborWriter(1024);
      this.#flushChildren(this.#node, writer, blocks);
      if (this.version === 0) writer.array(3);
      else writer.array(4).uint(this.bitWidth);
      writer.uint(this.#height).uint(this.#count);
      encodeNode(writer, this.#layout, this.#node);
      this.#root = put(writer, blocks);
    }
    return { root: this.#root, blocks };
  }

  #encode(value: V): Uint8Array {
    try {
      this.#codec.encode(this.#scratch, value);
    } catch (error) {
      this.#scratch.finish(); // what a failing codec wrote must not lead the next value
      throw error;
    }
    return this.#scratch.finish();
  }

  #flushChildren(node: AmtNode, writer: CborWriter, blocks: [CidBytes, Uint8Array][]): void {
    for (const child of node.links ?? []) {
      if (child === undefined || child.cid !== undefined) continue;
      this.#flushChildren(child.node as AmtNode, writer, blocks);
      encodeNode(writer, this.#layout, child.node as AmtNode);
      child.cid = put(writer, blocks);
    }
  }

  #changed(path: readonly Child[]): void {
    for (const child of path) child.cid = undefined;
    this.#root = undefined;
  }

  #raise(): void {
    const raised = emptyNode(this.#layout, this.#height + 1);
    if (!isEmpty(this.#node)) (raised as Branch).links[0] = { cid: undefined, node: this.#node };
    this.#node = raised;
    this.#height++;
    this.#root = undefined;
  }

  /** Loads the first children that will take the root's place, before a deletion changes anything. */
  *#loadHeirs(path: readonly Child[], emptied: number, gone: number): Fetching<void> {
    let node = this.#node;
    let onPath = true;
    for (let level = 0; node.links !== undefined; level++) {
      const lost = onPath && level === emptied ? gone : -1;
      const first = node.links[0];
      if (first === undefined || lost === 0) return;
      if (node.links.some((child, slot) => slot > 0 && slot !== lost && child !== undefined)) return;
      first.node ??= loadNode(yield first.cid as CidBytes, this.#layout, this.#height - level - 1);
      onPath = onPath && first === path[level];
      node = first.node;
    }
  }

  #lower(): void {
    while (isOnlyFirstLink(this.#node)) {
      this.#node = this.#node.links?.[0]?.node as AmtNode;
      this.#height--;
    }
    if (this.version !== 0 && isEmpty(this.#node)) {
      this.#node = emptyNode(this.#layout, 0);
      this.#height = 0;
    }
  }
}

function put(writer: CborWriter, blocks: [CidBytes, Uint8Array][]): CidBytes {
  const block = writer.finish();
  const cid = cidOf(block);
  blocks.push([cid, block]);
  return cid;
}

/**
 * An empty AMT.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`
 * @example
 * createAmt(linkCodec, { version: 3, bitWidth: 5 }).count // => 0n
 */
export function createAmt<V>(codec: Codec<V>, options: AmtOptions): Amt<V> {
  const layout = layoutOf(options.version, options.bitWidth);
  return new Amt(codec, layout, 0, 0n, emptyNode(layout, 0));
}

/**
 * Opens the AMT of a root.
 *
 * @throws {AmtError} `amt/bit-width-unsupported`, `amt/bit-width-wrong` when `options.bitWidth` is another,
 * `amt/height-too-large`, `amt/count-too-large`, or its node is none
 * @see go-amt-ipld:amt.go LoadAMT, go-amt-ipld:v2.1.0 amt.go LoadAMT
 * @example
 * const receipts = runSync(loadAmt(header.parentMessageReceipts, receiptCodec, { version: 0 }), store);
 */
export function* loadAmt<V>(root: CidBytes, codec: Codec<V>, options: AmtOptions): Fetching<Amt<V>> {
  const { version } = options;
  const block: Uint8Array = yield root;
  const reader = new CborReader(block.slice());
  reader.array(version === 0 ? 3 : 4);
  const layout = layoutOf(version, version === 0 ? options.bitWidth : reader.safeUint());
  if (options.bitWidth !== undefined && options.bitWidth !== layout.bitWidth) {
    throw new AmtError("amt/bit-width-wrong", { bitWidth: layout.bitWidth, expected: options.bitWidth });
  }
  const height = reader.safeUint();
  if (height > layout.maxHeight) throw new AmtError("amt/height-too-large", { height, limit: layout.maxHeight });
  const count = reader.uint();
  const limit = capacity(layout, height);
  if (count > limit) throw new AmtError("amt/count-too-large", { count, limit });
  const node = decodeNode(reader, layout, height, height === 0 || version === 0);
  reader.end();
  return new Amt(codec, layout, height, count, node, root.slice());
}
