import type { CidBytes, Fetching } from "@copse/ipld";
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
import { type AmtNode, type Branch, childCid, type Leaf, readNode } from "./node.ts";
import { decodeSpan, type Trunk } from "./trunk.ts";

/** An index and its value. */
export type AmtEntry<V> = readonly [index: bigint, value: V];

/** Where a walk starts and how far it goes. */
export interface AmtRange {
  /** Index to start at: 0 where it is absent. */
  readonly from?: number | bigint | undefined;
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
  /** Whether the tree keeps the leaf, or the walk alone. */
  #leafKept = true;
  #taken: Leaf | undefined;
  /** Halves of the index of the leaf's first place. */
  #high = 0;
  #low = 0;
  /** True until the first leaf: only there does the start lie within a node. */
  #first = true;
  #wanted: CidBytes | undefined;
  #position: bigint | undefined;
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
    this.#enter(trunk.node, true, 0, 0);
  }

  /** The index from which `next` goes on, in this tree or another state of it; `undefined` at the end. */
  get position(): bigint | undefined {
    return this.#position;
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
      this.#enterBelow(frame, child, true);
    }
  }

  /** Gives the block that `step` asked for. @internal */
  give(block: Uint8Array): void {
    const frame = this.#path.at(-1) as Frame;
    const height = frame.node.height - 1;
    // a leaf's values are decoded before the next block is asked for, so it may stay a view
    const bytes = height > 0 || this.#copies ? block.slice() : block;
    const node = readNode(bytes, this.#layout, height, this.#wanted);
    this.#wanted = undefined;
    this.#enterBelow(frame, node, false);
  }

  /** The values of the leaf that `step` came to. @internal */
  entries(): AmtEntry<V>[] {
    const entries: AmtEntry<V>[] = [];
    this.visit((index, value) => entries.push([index, value]));
    return entries;
  }

  /** Calls `visit` with the values of the leaf that `step` came to; `false` once it has. @internal */
  visit(visit: (index: bigint, value: V) => unknown): boolean {
    const count = this.#take();
    const safe = isSafe(this.#high);
    const base = numberAt(this.#high, this.#low);
    for (let i = 0; i < count; i++) {
      const slot = this.#slots[i] as number;
      const index = safe ? BigInt(base + slot) : indexAt(this.#layout, this.#high, this.#low | slot);
      if (visit(index, this.#values[i] as V) === false) return false;
    }
    return true;
  }

  /** As `visit`, with numbers. @throws {AmtError} `amt/index-unsafe` @internal */
  visitNumbers(visit: (index: number, value: V) => unknown): boolean {
    const count = this.#take();
    if (!isSafe(this.#high)) {
      throw new AmtError("amt/index-unsafe", { index: indexAt(this.#layout, this.#high, this.#low) });
    }
    const base = numberAt(this.#high, this.#low);
    for (let i = 0; i < count; i++) {
      if (visit(base + (this.#slots[i] as number), this.#values[i] as V) === false) return false;
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

  /** Decodes the values of the leaf; how many there are. Afterwards `step` goes on behind it. */
  #take(): number {
    const leaf = this.#leaf as Leaf;
    const { spans } = leaf;
    let count = 0;
    for (let slot = this.#first ? this.#fromLow & this.#layout.mask : 0; 2 * slot < spans.length; slot++) {
      const start = spans[2 * slot];
      if (!start) continue;
      this.#slots[count] = slot;
      this.#values[count++] = this.#leafKept
        ? (this.#trunk.valueIn(leaf, slot) as V)
        : decodeSpan(this.#trunk.codec, leaf.source, start, spans[2 * slot + 1] as number);
    }
    this.#first = false;
    this.#leaf = undefined;
    this.#taken = leaf;
    const position = indexAt(this.#layout, this.#high, this.#low) + BigInt(this.#layout.width);
    this.#position = position > this.#layout.maxIndex ? undefined : position;
    return count;
  }

  #enterBelow(frame: Frame, node: AmtNode, kept: boolean): void {
    const { high, low } = frame;
    const { height } = frame.node;
    const slot = frame.slot - 1;
    this.#enter(node, kept, highBelow(this.#layout, high, slot, height), lowBelow(this.#layout, low, slot, height));
  }

  #enter(node: AmtNode, kept: boolean, high: number, low: number): void {
    if (node.slots === undefined) {
      this.#leaf = node;
      this.#leafKept = kept;
      this.#high = high;
      this.#low = low;
    } else {
      const slot = this.#first ? slotAt(this.#layout, this.#fromHigh, this.#fromLow, node.height) : 0;
      this.#path.push({ node, high, low, slot });
    }
  }
}
