import type { CidBytes } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { readNode } from "./decode-node.ts";
import { highBelow, type Layout, lowBelow } from "./layout.ts";
import { type AmtNode, type Branch, childCid } from "./node.ts";

/** What one of two trees has at a place: a node, the CID of one to be loaded, or nothing. */
export type Side = AmtNode | CidBytes | undefined;

/**
 * A place that two trees have: what is at it in either, and below. What is done to each place is independent of the
 * others, so they can be taken in order or side by side.
 */
export class Place {
  before: Side;
  after: Side;
  readonly height: number;
  /** Halves of the first index of the place. */
  readonly high: number;
  readonly low: number;

  constructor(before: Side, after: Side, height: number, high: number, low: number) {
    this.before = before;
    this.after = after;
    this.height = height;
    this.high = high;
    this.low = low;
  }

  /** CID of a block that is to be given before the place can be taken; `undefined` when all are there. */
  wanted(): CidBytes | undefined {
    if (this.before instanceof Uint8Array) return this.before;
    return this.after instanceof Uint8Array ? this.after : undefined;
  }

  /** Gives the block that `wanted` named, which may change afterwards. */
  give(layout: Layout, block: Uint8Array): void {
    const cid = this.wanted();
    const node = readNode(block.slice(), layout, this.height, cid);
    if (this.before === cid) this.before = node;
    else this.after = node;
  }

  /** The places below that the trees may differ at, in index order. Where both have the same CID, they do not. */
  below(layout: Layout): Place[] {
    const { before, after, height, high, low } = this as {
      before: Branch | undefined;
      after: Branch | undefined;
    } & this;
    const places: Place[] = [];
    const end = Math.max(before?.slots.length ?? 0, after?.slots.length ?? 0);
    for (let slot = 0; slot < end; slot++) {
      const a = sideAt(before, slot);
      const b = sideAt(after, slot);
      if (a === b || isSame(a, b)) continue;
      places.push(
        new Place(a, b, height - 1, highBelow(layout, high, slot, height), lowBelow(layout, low, slot, height)),
      );
    }
    return places;
  }
}

function sideAt(branch: Branch | undefined, slot: number): Side {
  const child = branch?.slots[slot];
  if (!child) return undefined;
  return typeof child === "number" ? childCid(branch as Branch, slot) : child;
}

function isSame(a: Side, b: Side): boolean {
  const [one, other] = [cidOfSide(a), cidOfSide(b)];
  return one !== undefined && other !== undefined && equalBytes(one, other);
}

const cidOfSide = (side: Side): CidBytes | undefined => (side instanceof Uint8Array ? side : side?.cid);
