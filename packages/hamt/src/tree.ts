import { type CidBytes, type Codec, decode, type Fetching, maxBytesLength } from "@copse/ipld";
import { findEntry, itemEnd, sameRange, valueStart } from "./bucket.ts";
import { insertInto, removeFrom } from "./change.ts";
import { attach, type Descent, descend, sweep } from "./descent.ts";
import { HamtError } from "./errors.ts";
import { type Flushed, flushNode } from "./flush.ts";
import type { Layout } from "./layout.ts";
import { loadNode } from "./load-node.ts";
import { cidAt, copyNode, countOf, emptyNode, type HamtNode } from "./node.ts";
import { decodeAt } from "./read-entry.ts";
import { Room } from "./room.ts";

const nothing: Uint8Array = new Uint8Array(0);

/**
 * The nodes of one tree in memory; keys are bytes here, and values mostly. What changes is done in two steps: all nodes on the way
 * to a key are loaded, and then the change is made at once, so that failing to get a block changes nothing.
 */
export class Tree {
  readonly layout: Layout;
  /** CID of the tree as it is; `undefined` while it has changes. */
  cid: CidBytes | undefined;
  #root: HamtNode;
  readonly #room: Room;
  /** Nodes of this owner are seen by no other tree or walk, and changed in place. */
  #owner: object;
  /** Nodes below the root that were loaded since the last sweep, and those that it left. */
  #loaded = 0;
  /** Where the last descent ended; good until anything else is done. */
  readonly #at: Descent;

  constructor(layout: Layout, root?: HamtNode, cid?: CidBytes) {
    this.layout = layout;
    this.cid = cid;
    this.#owner = {};
    this.#room = new Room(layout.cachedNodes !== Number.POSITIVE_INFINITY);
    this.#root = root ?? emptyNode(layout, this.#owner);
    this.#at = { node: this.#root, depth: 0, slot: 0, place: -1, missing: false };
  }

  /** Whether it holds nothing. */
  get isEmpty(): boolean {
    return countOf(this.#root) === 0;
  }

  /** Goes down to where a key of this hash is or would be. False: a child is not in memory. */
  reach(hash: Uint8Array): boolean {
    descend(this.layout, hash, this.#root, 0, this.#at);
    return !this.#at.missing;
  }

  /** Goes on from where {@link Tree.reach} stopped, for reading: a change in the meantime may or may not be seen. */
  *fetch(hash: Uint8Array): Fetching<void> {
    const at = this.#at;
    while (at.missing) {
      const { node, depth, slot } = at;
      const cid = cidAt(this.layout, node, at.place);
      const child = this.#load(yield cid, node, depth, slot, cid);
      descend(this.layout, hash, child, depth + 1, at);
    }
  }

  /** The same for a change: from the root after each block, as the tree may have changed in the meantime. */
  *fetchAll(hash: Uint8Array): Fetching<void> {
    const at = this.#at;
    while (at.missing) {
      const { node, depth, slot } = at;
      const cid = cidAt(this.layout, node, at.place);
      this.#load(yield cid, node, depth, slot, cid);
      this.reach(hash);
    }
  }

  #load(block: Uint8Array, parent: HamtNode, depth: number, slot: number, cid: CidBytes): HamtNode {
    // what a clone or a walk sees too is changed by nobody
    const owner = parent.owner === this.#owner ? this.#owner : undefined;
    this.#loaded++;
    return attach(this.layout, parent, slot, cid, loadNode(block, this.layout, depth + 1, this.#room, owner));
  }

  /** Whether the bucket that was reached has a key. */
  has(key: Uint8Array): boolean {
    const found = this.#entryOf(key) >= 0;
    this.settle();
    return found;
  }

  /** The value that a key has in the bucket that was reached. */
  valueOf<V>(key: Uint8Array, codec: Codec<V>): V | undefined {
    const entry = this.#entryOf(key);
    if (entry < 0) return undefined;
    const { bytes } = this.#at.node;
    const start = valueStart(bytes, entry);
    const end = itemEnd(bytes, start);
    this.settle();
    const major = (bytes[start] as number) >> 5;
    // a codec that keeps views gets bytes that no change moves; of a number there are none
    return major < 2 ? decodeAt(codec, bytes, start, end) : decode(codec, bytes.slice(start, end));
  }

  /** Offset of a key's entry in the node that was reached; -1 where there is none. */
  #entryOf(key: Uint8Array): number {
    const { node, place } = this.#at;
    return place < 0 ? -1 : findEntry(node.bytes, (node.starts[place] as number) + this.layout.prefix, key);
  }

  /**
   * Gives a key, which was reached, a value.
   *
   * @returns whether the tree changed
   */
  insert(key: Uint8Array, hash: Uint8Array, value: Uint8Array, overwrite: boolean): boolean {
    if (key.length > maxBytesLength) {
      throw new HamtError("hamt/key-too-long", { length: key.length, limit: maxBytesLength });
    }
    const entry = this.#entryOf(key);
    if (entry >= 0) {
      const { bytes } = this.#at.node;
      // a value is one item, and so no start of another
      if (!overwrite || sameRange(bytes, valueStart(bytes, entry), value)) {
        this.settle();
        return false;
      }
    }
    const { layout } = this;
    insertInto(this.#own(), 0, { layout, owner: this.#owner, room: this.#room, key, hash, value, entry });
    this.cid = undefined;
    this.settle();
    return true;
  }

  /**
   * Takes a key, which was reached, away.
   *
   * @returns whether it was there
   * @throws {HamtError} `hamt/node-empty`
   */
  remove(key: Uint8Array, hash: Uint8Array): boolean {
    const { node, depth, place } = this.#at;
    const entry = this.#entryOf(key);
    if (entry < 0) return false;
    // no canonical tree has a node for one entry; the references refuse it here too
    if (depth > this.layout.minDataDepth && countOf(node) === 1) {
      const at = (node.starts[place] as number) + this.layout.prefix;
      if (node.bytes[at] === 0x81) throw new HamtError("hamt/node-empty", { depth });
    }
    const { layout } = this;
    removeFrom(this.#own(), 0, { layout, owner: this.#owner, room: this.#room, key, hash, value: nothing, entry });
    this.cid = undefined;
    return true;
  }

  /** Does changes to what has been reached before, all or, where one fails, none. */
  atomically<T>(run: () => T): T {
    const root = this.#root;
    const { cid } = this;
    this.share();
    try {
      return run();
    } catch (error) {
      this.#root = root;
      this.cid = cid;
      throw error;
    }
  }

  /** Takes everything away. */
  clear(): void {
    this.#owner = {};
    this.#root = emptyNode(this.layout, this.#owner);
    this.cid = undefined;
    this.#loaded = 0;
  }

  /** The root as it is, which stays so: all that changes from here on is copied before. */
  share(): HamtNode {
    this.#owner = {};
    return this.#root;
  }

  /**
   * Makes the blocks of all changes. They are changes no more once {@link Tree.flushed} is called, and again where
   * {@link Tree.unflush} is called instead.
   */
  flush(): { readonly root: CidBytes } & Flushed {
    const made: Flushed = { blocks: [], nodes: [] };
    const { layout } = this;
    this.cid ??= flushNode(layout, this.#owner, this.#room, this.#own(), made);
    return { root: this.cid, ...made };
  }

  /** What was flushed is in a store: its nodes count as loaded from here on. */
  flushed(nodes: readonly HamtNode[]): void {
    this.#loaded += nodes.length;
    this.settle();
  }

  /** What was flushed is in no store. */
  unflush(nodes: readonly HamtNode[]): void {
    for (const node of nodes) node.changed = true;
    this.cid = undefined;
  }

  /** The root as a node that may be changed in place. */
  #own(): HamtNode {
    if (this.#root.owner !== this.#owner) this.#root = copyNode(this.#root, this.#owner, this.#room);
    return this.#root;
  }

  /** Lets go of loaded nodes past the limit. */
  settle(): void {
    const { cachedNodes } = this.layout;
    if (this.#loaded <= cachedNodes) return;
    this.#loaded = sweep(this.#root, false);
    if (this.#loaded > cachedNodes) this.#loaded = sweep(this.#root, true);
  }
}
