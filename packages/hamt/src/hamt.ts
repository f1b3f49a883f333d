import {
  type AsyncBlockReader,
  CborWriter,
  type CidBytes,
  type Codec,
  decode,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "@copse/ipld";
import { type AbortOptions, compareBytes, equalBytes } from "@copse/primitives";
import { buildNode, flushTree, type HamtFlush } from "./build.ts";
import { HamtCursor, type HamtEntry } from "./cursor.ts";
import { HamtError } from "./errors.ts";
import { bucketSize, type HamtOptions, type HamtVersion, type Layout, layoutOf, slotAt } from "./layout.ts";
import {
  bucketOf,
  childOf,
  type Entry,
  emptyNode,
  type HamtNode,
  insertAt,
  isTaken,
  loadNode,
  type Pointer,
  placeOf,
  removeAt,
} from "./node.ts";

/** Where a key is, or would be: the nodes down to it, and the pointers between those. */
interface Path {
  readonly hash: Uint8Array;
  /** `pointers[i]` leads from `nodes[i]` to `nodes[i + 1]`. */
  readonly nodes: HamtNode[];
  readonly pointers: Pointer[];
  /** The bucket in the last node's slot, if the slot is taken. */
  readonly bucket: Pointer | undefined;
}

/**
 * A map from keys to values, kept as a tree of blocks: a hash array mapped trie. The tree of a set of entries is the same
 * whatever was set and taken away before.
 *
 * Reading and changing are {@link Fetching} steps, to be run by `runSync` or `runAsync`; nothing is stored before
 * {@link Hamt.flush}. Each node is loaded once and then kept by its parent. A change that fails, as when a block is
 * missing, leaves the tree as it was. One change at a time: steps of two changes must not interleave.
 *
 * @see go-hamt-ipld:hamt.go, ref-fvm:ipld/hamt/src/hamt.rs
 * @example
 * const map = createHamt(linkCodec, { version: 3 });
 * runSync(map.set(utf8("key"), cid), store);
 * const { root, blocks } = map.flush();
 */
export class Hamt<V> {
  readonly #codec: Codec<V>;
  readonly #layout: Layout;
  readonly #node: HamtNode;
  /** Values are encoded here, one at a time: a writer each would cost more than the rest of a change. */
  readonly #scratch: CborWriter = new CborWriter();
  /** CID of the tree as it is; `undefined` while it has changes. */
  #root: CidBytes | undefined;

  /** @internal use `createHamt` or `loadHamt` */
  constructor(codec: Codec<V>, layout: Layout, node: HamtNode, root?: CidBytes) {
    this.#codec = codec;
    this.#layout = layout;
    this.#node = node;
    this.#root = root;
  }

  /** Node form. */
  get version(): HamtVersion {
    return this.#layout.version;
  }

  /** Slots of a node are 2 to this power. */
  get bitWidth(): number {
    return this.#layout.bitWidth;
  }

  /** Whether it holds nothing. */
  get isEmpty(): boolean {
    return this.#node.pointers.length === 0;
  }

  /**
   * The value of a key, or `undefined`.
   *
   * Cost: a hash; a block a level, of which there are about log32 of the entries.
   *
   * @throws {HamtError} a node is none, or `hamt/too-deep`
   */
  *get(key: Uint8Array): Fetching<V | undefined> {
    const hash = this.#layout.hash(key);
    let node = this.#node;
    for (let depth = 0; ; depth++) {
      const slot = slotAt(this.#layout, hash, depth);
      if (!isTaken(node, slot)) return undefined;
      const pointer = node.pointers[placeOf(node, slot)] as Pointer;
      if (pointer.bucket !== undefined) {
        const entry = pointer.bucket.find((held) => equalBytes(held.key, key));
        return entry && decode(this.#codec, entry.value);
      }
      pointer.node ??= loadNode(yield pointer.cid as CidBytes, this.#layout, depth + 1);
      node = pointer.node;
    }
  }

  /** Whether a key is there; its value is not decoded. */
  *has(key: Uint8Array): Fetching<boolean> {
    const { bucket } = yield* this.#find(key);
    return bucket?.bucket?.some((held) => equalBytes(held.key, key)) ?? false;
  }

  /**
   * Gives a key a value, in the place of the one it had. An equal value changes nothing.
   *
   * @returns whether the tree changed
   * @throws {HamtError} a node is none; `hamt/too-deep` when more keys than a bucket holds have the same hash
   */
  *set(key: Uint8Array, value: V): Fetching<boolean> {
    const entry: Entry = { key: key.slice(), value: this.#encode(value) };
    const path = yield* this.#find(key);
    const depth = path.nodes.length - 1;
    const held = path.bucket?.bucket;
    if (path.bucket === undefined || held === undefined) {
      insertAt(path.nodes[depth] as HamtNode, slotAt(this.#layout, path.hash, depth), bucketOf([entry]));
    } else {
      const known = held.find((other) => equalBytes(other.key, key));
      if (known !== undefined) {
        if (equalBytes(known.value, entry.value)) return false;
        known.value = entry.value;
      } else if (held.length < bucketSize) {
        const after = held.findIndex((other) => compareBytes(other.key, key) > 0);
        held.splice(after < 0 ? held.length : after, 0, entry);
      } else {
        const all = held.map((other) => ({ entry: other, hash: this.#layout.hash(other.key) }));
        all.push({ entry, hash: path.hash });
        Object.assign(path.bucket, childOf(buildNode(this.#layout, all, depth + 1)));
      }
    }
    this.#changed(path);
    return true;
  }

  /**
   * Takes a key and its value away. Nodes that a bucket can stand for become one, so that the tree is as if the key had
   * never been.
   *
   * @returns whether the key was there
   * @throws {HamtError} a node is none
   */
  *delete(key: Uint8Array): Fetching<boolean> {
    const path = yield* this.#find(key);
    const depth = path.nodes.length - 1;
    const node = path.nodes[depth] as HamtNode;
    const held = path.bucket?.bucket;
    const at = held?.findIndex((other) => equalBytes(other.key, key)) ?? -1;
    if (held === undefined || at < 0) return false;
    if (held.length > 1) {
      held.splice(at, 1);
    } else {
      // no canonical tree has a node for one entry; the references refuse it here too
      if (node.pointers.length === 1 && depth > 0) throw new HamtError("hamt/node-empty", { depth });
      removeAt(node, slotAt(this.#layout, path.hash, depth));
    }
    this.#changed(path);
    for (let level = depth; level > 0; level--) {
      const bucket = asBucket(this.#layout, path.nodes[level] as HamtNode);
      if (bucket === undefined) break;
      Object.assign(path.pointers[level - 1] as Pointer, bucketOf(bucket));
    }
    return true;
  }

  /** A walk in slot order that keeps only the nodes from the root to where it is. */
  cursor(): HamtCursor<V> {
    return new HamtCursor(this.#codec, this.#layout, this.#node);
  }

  /**
   * Calls `visit` with each entry in slot order, until it returns `false`.
   *
   * Bound: memory as for {@link Hamt.cursor}.
   */
  *walk(visit: (key: Uint8Array, value: V) => unknown): Fetching<void> {
    const cursor = this.cursor();
    for (;;) {
      const bucket = yield* cursor.next();
      if (bucket === undefined) return;
      for (const [key, value] of bucket) if (visit(key, value) === false) return;
    }
  }

  /** The entries in slot order, over a store that answers at once. Bound: memory as for {@link Hamt.cursor}. */
  *entries(store: SyncBlockReader): Generator<HamtEntry<V>, void> {
    const cursor = this.cursor();
    for (;;) {
      const bucket = runSync(cursor.next(), store);
      if (bucket === undefined) return;
      yield* bucket;
    }
  }

  /** The entries in slot order, over any store. Bound: memory as for {@link Hamt.cursor}. */
  async *entriesAsync(store: AsyncBlockReader, options: AbortOptions = {}): AsyncGenerator<HamtEntry<V>, void> {
    const cursor = this.cursor();
    for (;;) {
      const bucket = await runAsync(cursor.next(), store, options);
      if (bucket === undefined) return;
      yield* bucket;
    }
  }

  /** Makes the blocks of all changes; the tree goes on from there. Without a change there is none. */
  flush(): HamtFlush {
    if (this.#root !== undefined) return { root: this.#root, blocks: [] };
    const flushed = flushTree(this.#layout, this.#node);
    this.#root = flushed.root;
    return flushed;
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

  *#find(key: Uint8Array): Fetching<Path> {
    const hash = this.#layout.hash(key);
    const nodes: HamtNode[] = [this.#node];
    const pointers: Pointer[] = [];
    let node = this.#node;
    for (let depth = 0; ; depth++) {
      const slot = slotAt(this.#layout, hash, depth);
      const pointer = isTaken(node, slot) ? node.pointers[placeOf(node, slot)] : undefined;
      if (pointer === undefined || pointer.bucket !== undefined) return { hash, nodes, pointers, bucket: pointer };
      pointer.node ??= loadNode(yield pointer.cid as CidBytes, this.#layout, depth + 1);
      node = pointer.node;
      nodes.push(node);
      pointers.push(pointer);
    }
  }

  #changed(path: Path): void {
    for (const pointer of path.pointers) pointer.cid = undefined;
    this.#root = undefined;
  }
}

/** The entries of a node that one bucket can stand for: no children, and no more entries than a bucket holds. */
function asBucket(layout: Layout, node: HamtNode): Entry[] | undefined {
  const all: Entry[] = [];
  for (const { bucket } of node.pointers) {
    if (bucket === undefined || all.length + bucket.length > bucketSize) return undefined;
    all.push(...bucket);
  }
  // go-hamt-ipld 0.1, which wrote the trees of version 0, left them in the order of their slots
  return layout.version === 0 ? all : all.sort((a, b) => compareBytes(a.key, b.key));
}

/**
 * An empty HAMT.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`
 * @example
 * createHamt(linkCodec, { version: 3 }).isEmpty // => true
 */
export function createHamt<V>(codec: Codec<V>, options: HamtOptions): Hamt<V> {
  const layout = layoutOf(options);
  return new Hamt(codec, layout, emptyNode(layout));
}

/**
 * Opens the HAMT of a root.
 *
 * @throws {HamtError} `hamt/bit-width-unsupported`, or its node is none
 * @example
 * const actors = runSync(loadHamt(stateRoot, actorCodec, { version: 0 }), store);
 */
export function* loadHamt<V>(root: CidBytes, codec: Codec<V>, options: HamtOptions): Fetching<Hamt<V>> {
  const layout = layoutOf(options);
  return new Hamt(codec, layout, loadNode(yield root, layout, 0), root.slice());
}
