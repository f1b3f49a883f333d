import { CborWriter, type CidBytes, type Codec, cidOf, type TreeFlush } from "@copse/ipld";
import { Arena } from "./arena.ts";
import { readNode } from "./decode-node.ts";
import { AmtError } from "./errors.ts";
import { fits, highBelow, indexAt, type Layout, lowBelow, slotAt } from "./layout.ts";
import { type AmtNode, Branch, copyNode, emptyNode, emptyOf, encodeNode, Gap, type Leaf } from "./node.ts";
import { isSame } from "./span.ts";
import { ValueReader } from "./value-reader.ts";

const maxCount = 2n ** 64n - 1n;

/** What {@link TreeFlush} is, by its earlier name. */
export type AmtFlush = TreeFlush;

/**
 * A tree in memory and what is done to it once the blocks a step needs are there: each step is written here once, says
 * what it lacks as its `gap`, and never meets a store. Indexes come as checked halves.
 */
export class Trunk<V> {
  readonly codec: Codec<V>;
  readonly layout: Layout;
  height: number;
  /** Bigint from 2^53 on, which only a root's claim reaches. */
  count: number | bigint;
  node: AmtNode;
  /** CID of the tree as it is; `undefined` while it has changes. */
  root: CidBytes | undefined;
  /** What the last step lacked; see there. */
  gap: Gap | undefined = undefined;
  readonly arena: Arena = new Arena();
  readonly values: ValueReader<V>;

  constructor(codec: Codec<V>, layout: Layout, height: number, count: bigint, node: AmtNode, root?: CidBytes) {
    this.codec = codec;
    this.values = new ValueReader(codec);
    this.layout = layout;
    this.height = height;
    this.count = count <= Number.MAX_SAFE_INTEGER ? Number(count) : count;
    this.node = node;
    this.root = root;
  }

  /**
   * The leaf that has a place for the index; where there is none, `gap` says what is to be loaded before that is known,
   * or nothing.
   */
  find(high: number, low: number): Leaf | undefined {
    const { layout } = this;
    const { bitWidth, mask } = layout;
    let { node } = this;
    let shift = bitWidth * this.height;
    this.gap = undefined;
    if (!fits(layout, high, low, this.height)) return undefined;
    while (node.slots !== undefined) {
      // nearly every index is short, and this is the hottest loop of all
      const slot = high === 0 && shift < 32 ? (low >>> shift) & mask : slotAt(layout, high, low, node.height);
      const child = node.slots[slot];
      if (typeof child !== "object") {
        if (child) this.gap = new Gap(node, slot);
        return undefined;
      }
      node = child;
      shift -= bitWidth;
    }
    return node;
  }

  /** Takes the block of a gap: from now on its node is kept by its parent. */
  fill(gap: Gap, block: Uint8Array): void {
    const { branch, slot } = gap;
    if (typeof branch.slots[slot] === "object") return; // another step asked for it as well
    this.arena.copy(block);
    const { bytes, start } = this.arena;
    branch.slots[slot] = readNode(block, this.layout, branch.height - 1, gap.cid, bytes, start);
  }

  /** The value in a slot of a leaf that this tree keeps: decoded once. */
  valueIn(leaf: Leaf, slot: number): V | undefined {
    const known = leaf.values?.[slot];
    if (known !== undefined) return known as V;
    const span = leaf.spans[slot];
    if (span === undefined) return undefined;
    const value = this.values.at(leaf.source, span);
    leaf.values ??= emptyOf(this.layout);
    leaf.values[slot] = value;
    return value;
  }

  /**
   * Puts CBOR that stays as it is at an index. Where a node on the way is not loaded, nothing is done, and `gap` names it.
   *
   * @throws {AmtError} `amt/count-wrong`
   */
  put(high: number, low: number, source: Uint8Array, start: number, end: number): void {
    const slot = low & this.layout.mask;
    const leaf = this.find(high, low);
    if (leaf === undefined) {
      if (this.gap === undefined) this.#grow(high, low).put(slot, source, start, end);
      return;
    }
    const old = leaf.spans[slot];
    if (old === undefined) this.#countOne();
    else if (isSame(old, leaf.source, source, start, end)) return;
    if (leaf.cid !== undefined || this.root !== undefined) this.#change(high, low);
    leaf.put(slot, source, start, end);
  }

  /** A leaf of its own for an index that none has a place for, and the nodes on the way to it. */
  #grow(high: number, low: number): Leaf {
    const { layout } = this;
    this.#countOne();
    // the values that are there lie left of an index they have no place for, so a raised tree fetches nothing
    while (!fits(layout, high, low, this.height)) this.#raise();
    this.root = undefined;
    let { node } = this;
    while (node.slots !== undefined) {
      const slot = slotAt(layout, high, low, node.height);
      let child = node.slots[slot];
      if (!child) {
        child = emptyNode(layout, node.height - 1);
        node.slots[slot] = child;
        node.items++;
      }
      node = child as AmtNode;
      node.cid = undefined;
    }
    return node;
  }

  #countOne(): void {
    if (typeof this.count === "bigint" && this.count >= maxCount - 1n) {
      throw new AmtError("amt/count-wrong", { count: this.count });
    }
    this.count = plus(this.count, 1);
  }

  /** Marks the nodes on the way to an index as changed. Below a changed node not all are, above it all. */
  #change(high: number, low: number): void {
    this.root = undefined;
    let { node } = this;
    while (node.slots !== undefined) {
      node = node.slots[slotAt(this.layout, high, low, node.height)] as AmtNode;
      node.cid = undefined;
    }
  }

  /**
   * Takes the value at an index away; tells whether there was one. Nodes left empty go, and a root left with its first
   * child alone gives it its place. Where a node that this needs is not loaded (one on the way, or a first child that
   * will take the root's place), nothing is done, and `gap` names it.
   *
   * @throws {AmtError} `amt/count-wrong`
   */
  remove(high: number, low: number): boolean {
    const leaf = this.find(high, low);
    const place = low & this.layout.mask;
    if (leaf === undefined || leaf.spans[place] === undefined) return false;
    if (this.count === 0) throw new AmtError("amt/count-wrong", { count: 0n });
    if (leaf.items > 1) {
      if (this.#lacksHeir(undefined, 0)) return false;
      if (leaf.cid !== undefined || this.root !== undefined) this.#change(high, low);
      leaf.take(place);
    } else {
      const { branch, slot } = this.#lastToStay(high, low);
      if (branch === undefined) this.#empty();
      else {
        if (this.#lacksHeir(branch, slot)) return false;
        this.#change(high, low);
        branch.slots[slot] = 0;
        branch.items--;
      }
    }
    this.count = plus(this.count, -1);
    this.#lower();
    return true;
  }

  /** Whether a node is not loaded that takes the root's place once `branch` has lost what is in `slot`: then `gap` names it. */
  #lacksHeir(branch: Branch | undefined, slot: number): boolean {
    let { node } = this;
    while (node.slots !== undefined) {
      const left = node === branch ? node.items - 1 : node.items;
      const first = node.slots[0];
      if (left !== 1 || !first || (node === branch && slot === 0)) return false;
      if (typeof first === "number") {
        this.gap = new Gap(node, 0);
        return true;
      }
      node = first;
    }
    return false;
  }

  /** Refuses a number of values to come, or to go where it is negative, that the count has no room for. @throws {AmtError} `amt/count-wrong` */
  expectCount(more: number): void {
    if (more === 0 || (typeof this.count === "number" && this.count + more >= 0)) return;
    const count = BigInt(this.count) + BigInt(more);
    if (count < 0n || count >= maxCount) throw new AmtError("amt/count-wrong", { count: BigInt(this.count) });
  }

  /**
   * A node that is not loaded and may take the root's place once all of these values have gone: one with no neighbour but
   * such as lose some of them.
   */
  heirless(going: readonly { readonly high: number; readonly low: number }[]): Gap | undefined {
    const { layout } = this;
    let { node } = this;
    while (node.slots !== undefined) {
      const { slots, height } = node;
      const first = slots[0];
      if (!first) return undefined;
      const losing = new Set<number>();
      for (const { high, low } of going) {
        if (fits(layout, high, low, height)) losing.add(slotAt(layout, high, low, height));
      }
      for (let slot = 1; slot < slots.length; slot++) if (slots[slot] && !losing.has(slot)) return undefined;
      if (typeof first === "number") return new Gap(node, 0);
      node = first;
    }
    return undefined;
  }

  /** Version 0 keeps the height of a tree that loses its last value. */
  #empty(): void {
    if (this.layout.version !== 0) this.height = 0;
    this.node = emptyNode(this.layout, this.height);
    this.root = undefined;
  }

  /**
   * The lowest branch on the way to an index that holds more than the way, and the slot that it will lose when the leaf
   * there, which holds one value, goes; no branch where the tree holds that value alone.
   */
  #lastToStay(high: number, low: number): { readonly branch: Branch | undefined; readonly slot: number } {
    let branch: Branch | undefined;
    let lost = 0;
    let { node } = this;
    while (node.slots !== undefined) {
      const slot = slotAt(this.layout, high, low, node.height);
      if (node.items > 1) {
        branch = node;
        lost = slot;
      }
      node = node.slots[slot] as AmtNode;
    }
    return { branch, slot: lost };
  }

  /** The first or last index that holds a value; where there is none, `gap` as for {@link find}. */
  outermost(last: boolean): bigint | undefined {
    const { layout } = this;
    this.gap = undefined;
    let [high, low] = [0, 0];
    for (let node = this.node; ; ) {
      const taken = node.slots ?? node.spans;
      let at = last ? layout.width - 1 : 0;
      const end = last ? -1 : layout.width;
      while (at !== end && !taken[at]) at += last ? -1 : 1;
      if (at === end) return undefined;
      if (node.slots === undefined) return indexAt(layout, high, low | at);
      const child = node.slots[at] as AmtNode | number;
      if (typeof child === "number") {
        this.gap = new Gap(node, at);
        return undefined;
      }
      [high, low] = [highBelow(layout, high, at, node.height), lowBelow(layout, low, at, node.height)];
      node = child;
    }
  }

  #raise(): void {
    const raised = emptyNode(this.layout, this.height + 1) as Branch;
    if (this.node.items > 0) {
      this.node.cid = undefined;
      raised.slots[0] = this.node;
      raised.items = 1;
    }
    this.node = raised;
    this.height++;
  }

  /** A root left with its first child alone gives it its place. */
  #lower(): void {
    while (this.node.slots !== undefined && this.node.items === 1 && this.node.slots[0]) {
      this.node = this.node.slots[0] as AmtNode;
      this.height--;
    }
    this.node.cid = undefined;
  }

  /** Makes the blocks of all changes. `changed` collects the nodes that have their CIDs from it. */
  flush(changed: AmtNode[] = []): AmtFlush {
    const blocks: [CidBytes, Uint8Array][] = [];
    if (this.root === undefined) {
      const { layout } = this;
      const writer = new CborWriter(1024);
      const bitmap = new Uint8Array(layout.bitmapLength);
      const put = (): CidBytes => {
        const block = writer.finish();
        const cid = cidOf(block);
        blocks.push([cid, block]);
        return cid;
      };
      const below = (node: Branch): void => {
        for (let slot = 0; slot < node.slots.length; slot++) {
          const child = node.slots[slot];
          if (typeof child !== "object" || child.cid !== undefined) continue;
          if (child instanceof Branch) below(child);
          encodeNode(writer, layout, child, bitmap);
          child.cid = put();
          changed.push(child);
        }
      };
      if (this.node instanceof Branch) below(this.node);
      if (layout.version === 0) writer.array(3);
      else writer.array(4).uint(layout.bitWidth);
      writer.uint(this.height).uint(this.count);
      encodeNode(writer, layout, this.node, bitmap);
      this.root = put();
    }
    return { root: this.root, blocks };
  }

  /** Makes changes again of nodes that a flush gave their CIDs. */
  unflush(changed: readonly AmtNode[]): void {
    for (const node of changed) node.cid = undefined;
    this.root = undefined;
  }

  /** A tree of its own that is as this one is. */
  clone(): Trunk<V> {
    const { codec, layout, height, count, node, root } = this;
    return new Trunk(codec, layout, height, BigInt(count), copyNode(layout, node), root);
  }
}

function plus(count: number | bigint, by: 1 | -1): number | bigint {
  if (typeof count === "bigint") return count + BigInt(by);
  return count === Number.MAX_SAFE_INTEGER && by === 1 ? BigInt(count) + 1n : count + by;
}
