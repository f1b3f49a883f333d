import type { CidBytes, Fetching } from "@copse/ipld";
import { decodeValues, readNode } from "./decode-node.ts";
import { AmtError } from "./errors.ts";
import {
  fits,
  highBelow,
  highOf,
  type Index,
  indexAt,
  isSafe,
  type Layout,
  lowBelow,
  lowOf,
  numberAt,
  slotAt,
} from "./layout.ts";
import { type AmtNode, type Branch, childCid, type Leaf } from "./node.ts";
import type { Trunk } from "./trunk.ts";

/** An index and its value. */
export type AmtEntry<V> = readonly [index: bigint, value: V];

/** Where a walk starts. */
export interface AmtStart {
  /** Index to start at: 0 where it is absent. */
  readonly from?: number | bigint | undefined;
}

/** Where a walk starts and how far it goes. */
export interface AmtRange extends AmtStart {
  /** Most values to visit. */
  readonly limit?: number | undefined;
}

/** How far a walk went. */
export interface AmtVisited {
  readonly visited: number;
  /** Index of the first value that was not visited; `undefined` where none is left. */
  readonly next: bigint | undefined;
}

interface Frame {
  readonly node: Branch;
  /** Halves of the index of the node's first place. */
  readonly high: number;
  readonly low: number;
  /** The slot to look at next. */
  slot: number;
}

/**
 * A walk through an AMT in index order, a leaf at a time, that can be left and taken up again: see
 * {@link AmtCursor.position}.
 *
 * Bound: the nodes from the root to the current leaf; those it loads are not kept by the tree. A tree changed during a
 * walk may show either state.
 */
export class AmtCursor<V> {
  readonly #trunk: Trunk<V>;
  readonly #layout: Layout;
  /** Whether leaves are copied from what the store hands out: only those that may come to be kept. */
  readonly #copies: boolean;
  readonly #path: Frame[] = [];
  readonly #fromHigh: number;
  readonly #fromLow: number;
  #leaf: Leaf | undefined;
  #taken: Leaf | undefined;
  /** Halves of the index of the leaf's first place. */
  #high = 0;
  #low = 0;
  /** True until the first leaf: only there does the start lie within a node. */
  #first = true;
  #wanted: CidBytes | undefined;
  /** Where to go on; behind the current leaf, it is told when it is asked for. */
  #position: bigint | "behind" | undefined;
  /** What the leaf holds, where nobody keeps that. */
  #count = 0;
  readonly #slots: number[] = [];
  readonly #values: V[] = [];

  /** @internal use `Amt.cursor` */
  constructor(trunk: Trunk<V>, from: Index, copies = false) {
    this.#trunk = trunk;
    this.#layout = trunk.layout;
    this.#copies = copies;
    this.#fromHigh = highOf(from);
    this.#fromLow = lowOf(from);
    if (!fits(trunk.layout, this.#fromHigh, this.#fromLow, trunk.height)) return;
    this.#position = BigInt(from);
    if (trunk.node.slots === undefined) this.#leaf = trunk.node;
    else this.#enter(trunk.node, 0, 0);
  }

  /** The index from which `next` goes on, in this tree or another state of it; `undefined` at the end. */
  get position(): bigint | undefined {
    if (this.#position !== "behind") return this.#position;
    const position = indexAt(this.#layout, this.#high, this.#low) + BigInt(this.#layout.width);
    return position > this.#layout.maxIndex ? undefined : position;
  }

  /**
   * The values of the next leaf that holds any, in index order; `undefined` at the end.
   *
   * @throws {AmtError} a node is none
   */
  *next(): Fetching<readonly AmtEntry<V>[] | undefined> {
    for (let at = this.step(); at !== false; at = this.step()) {
      if (at === true) return this.entries();
      this.give(yield at);
    }
    return undefined;
  }

  /**
   * Goes on to the next leaf: `true` at a leaf, which `entries` or `visit` then take, `false` at the end, or the CID of a
   * block to be given first.
   *
   * @internal
   */
  step(): CidBytes | boolean {
    if (this.#wanted !== undefined) return this.#wanted;
    for (;;) {
      if (this.#count > 0) return true;
      if (this.#leaf !== undefined) {
        if (this.#leaf.items > 0) return true;
        this.#leaf = undefined; // the root of an empty tree
      }
      const frame = this.#path.at(-1);
      if (frame === undefined) {
        this.#position = undefined;
        return false;
      }
      const { slots } = frame.node;
      let { slot } = frame;
      while (slot < slots.length && !slots[slot]) slot++;
      if (slot !== frame.slot) this.#first = false;
      frame.slot = slot + 1;
      if (slot >= slots.length) {
        this.#path.pop();
        this.#first = false;
        continue;
      }
      const child = slots[slot] as AmtNode | number;
      if (typeof child === "number") {
        this.#wanted = childCid(frame.node, slot) as CidBytes;
        return this.#wanted;
      }
      this.#enterBelow(frame, child);
    }
  }

  /** Gives the block that `step` asked for. @internal */
  give(block: Uint8Array): void {
    const frame = this.#path.at(-1) as Frame;
    const cid = this.#wanted;
    const height = frame.node.height - 1;
    this.#wanted = undefined;
    if (height > 0 || this.#copies) {
      this.#enterBelow(frame, readNode(block.slice(), this.#layout, height, cid));
      return;
    }
    // the values are decoded before anyone else may change what the store has handed out
    this.#count = decodeValues(block, this.#layout, this.#trunk.codec, this.#slots, this.#values);
    this.#place(frame);
  }

  /** The values of the leaf that `step` came to. @internal */
  entries(): AmtEntry<V>[] {
    const entries: AmtEntry<V>[] = [];
    this.visit((index, value) => entries.push([index, value]));
    return entries;
  }

  /** Calls `visit` with the values of the leaf that `step` came to; `false` once it has. @internal */
  visit(visit: (index: bigint, value: V) => unknown): boolean {
    if (!isSafe(this.#high)) {
      return this.#visitSlots((slot, value) => visit(indexAt(this.#layout, this.#high, this.#low | slot), value));
    }
    const base = numberAt(this.#high, this.#low);
    return this.#visitSlots((slot, value) => visit(BigInt(base + slot), value));
  }

  /** As `visit`, with numbers. @throws {AmtError} `amt/index-unsafe` @internal */
  visitNumbers(visit: (index: number, value: V) => unknown): boolean {
    if (!isSafe(this.#high)) {
      throw new AmtError("amt/index-unsafe", { index: indexAt(this.#layout, this.#high, this.#low) });
    }
    const base = numberAt(this.#high, this.#low);
    return this.#visitSlots((slot, value) => visit(base + slot, value));
  }

  /** Visits what the leaf holds. Afterwards `step` goes on behind it. */
  #visitSlots(visit: (slot: number, value: V) => unknown): boolean {
    const leaf = this.#leaf;
    const from = this.#first ? this.#fromLow & this.#layout.mask : 0;
    const count = this.#count;
    this.#leaf = undefined;
    this.#count = 0;
    this.#taken = leaf;
    this.#first = false;
    this.#position = "behind";
    if (leaf === undefined) {
      for (let i = 0; i < count; i++) {
        const slot = this.#slots[i] as number;
        if (slot >= from && visit(slot, this.#values[i] as V) === false) return false;
      }
      return true;
    }
    const { spans } = leaf;
    for (let slot = from; slot < spans.length; slot++) {
      const value = (leaf.values?.[slot] as V | undefined) ?? this.#trunk.valueIn(leaf, slot);
      if (value === undefined && spans[slot] === undefined) continue;
      if (visit(slot, value as V) === false) return false;
    }
    return true;
  }

  /** Makes the tree keep the nodes from the root to the leaf whose values were visited last. @internal */
  keep(): void {
    for (const [i, { node, slot }] of this.#path.entries()) {
      const below = this.#path[i + 1]?.node ?? this.#taken;
      if (typeof node.slots[slot - 1] === "number") node.slots[slot - 1] = below as AmtNode;
    }
  }

  #enterBelow(frame: Frame, node: AmtNode): void {
    if (node.slots === undefined) {
      this.#leaf = node;
      this.#place(frame);
    } else {
      const { layout } = this.#trunk;
      const slot = frame.slot - 1;
      const { height } = frame.node;
      this.#enter(node, highBelow(layout, frame.high, slot, height), lowBelow(layout, frame.low, slot, height));
    }
  }

  /** Notes where the leaf stands that the last frame has come to. */
  #place(frame: Frame): void {
    const { height } = frame.node;
    this.#high = highBelow(this.#layout, frame.high, frame.slot - 1, height);
    this.#low = lowBelow(this.#layout, frame.low, frame.slot - 1, height);
  }

  #enter(node: Branch, high: number, low: number): void {
    const slot = this.#first ? slotAt(this.#layout, this.#fromHigh, this.#fromLow, node.height) : 0;
    this.#path.push({ node, high, low, slot });
  }
}
