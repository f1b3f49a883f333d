import type { CidBytes } from "@copse/ipld";
import { sameRange } from "./bucket.ts";
import { type Layout, slotAt } from "./layout.ts";
import { cidStart, countOf, type HamtNode, isLink, isTaken, placeOf } from "./node.ts";

/** How far down a key's hash leads through the nodes in memory. Filled by {@link descend}, read at once. */
export interface Descent {
  node: HamtNode;
  depth: number;
  slot: number;
  /** Place of the key's pointer; -1 where its slot is free. */
  place: number;
  /** The pointer is a link to a child that is not in memory. */
  missing: boolean;
}

/** Goes down from a node at a depth to the key's bucket, a free slot, or a child that is not in memory. */
export function descend(layout: Layout, hash: Uint8Array, from: HamtNode, at: number, found: Descent): void {
  const marks = layout.cachedNodes !== Number.POSITIVE_INFINITY;
  let node = from;
  for (let depth = at; ; depth++) {
    const slot = slotAt(layout, hash, depth);
    if (marks) node.used = true;
    const place = isTaken(node, slot) ? placeOf(node, slot) : -1;
    const child = place >= 0 ? node.children?.[place] : undefined;
    if (child !== undefined) {
      node = child;
      continue;
    }
    found.node = node;
    found.depth = depth;
    found.slot = slot;
    found.place = place;
    found.missing = place >= 0 && isLink(layout, node, place);
    return;
  }
}

/**
 * Keeps a child that was loaded by its CID for a slot, unless the slot has got another pointer in the meantime: a change
 * may have been made and flushed, and its nodes let go.
 */
export function attach(layout: Layout, node: HamtNode, slot: number, cid: CidBytes, child: HamtNode): HamtNode {
  if (!isTaken(node, slot)) return child;
  const place = placeOf(node, slot);
  if (!isLink(layout, node, place) || !sameRange(node.bytes, cidStart(layout, node, place), cid)) return child;
  node.children ??= new Array<HamtNode | undefined>(countOf(node)).fill(undefined);
  node.children[place] ??= child;
  return node.children[place] as HamtNode;
}

/**
 * Lets go of nodes below `node` that are in memory but as a block holds them, and that were not used since the last sweep,
 * or of all such.
 *
 * @returns how many are left
 */
export function sweep(node: HamtNode, all: boolean): number {
  const { children } = node;
  if (children === undefined) return 0;
  let left = 0;
  let kept = false;
  for (let place = 0; place < children.length; place++) {
    const child = children[place];
    if (child === undefined) continue;
    const below = sweep(child, all);
    if (!child.changed && below === 0 && (all || !child.used)) {
      children[place] = undefined;
      continue;
    }
    child.used = false;
    kept = true;
    left += below + 1;
  }
  if (!kept) node.children = undefined;
  return left;
}
