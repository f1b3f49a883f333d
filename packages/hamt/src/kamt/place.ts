import { bitsOf, matchedBits } from "./extension.ts";
import type { Layout } from "./layout.ts";
import { pointerAt } from "./node.ts";
import type { KamtNode, Pointer } from "./pointer.ts";

/** A link on the way to a key: the node that it stands in, in which slot and on which level, and the node it leads to. */
export interface Step<K> {
  from: KamtNode<K>;
  slot: number;
  depth: number;
  pointer: Pointer<K>;
  to: KamtNode<K>;
}

/**
 * Where a key is, or would be, with the way there. Levels count as in the reference: those that a link skips too, but
 * for the load of its own node.
 *
 * @see ref-fvm:ipld/kamt/src/node.rs modify_value, rm_value
 */
export class Place<K> {
  readonly #steps: Step<K>[] = [];
  /** Links on the way. */
  count = 0;
  hash: Uint8Array;
  /** The last node on the way, its level, and the key's slot there. */
  node: KamtNode<K>;
  depth = 0;
  slot = 0;
  /** What the slot holds: a bucket, or a link whose extension the key does not have; `undefined` where it is free. */
  pointer: Pointer<K> | undefined;
  /** Bits of the hash up to and with the slot. */
  bit = 0;
  /** Bits of the link's extension that the key has. */
  matched = 0;

  constructor(root: KamtNode<K>, hash: Uint8Array) {
    this.node = root;
    this.hash = hash;
  }

  /** Begins anew: places are used again, as a new one with its way would cost a tenth of a change. */
  begin(root: KamtNode<K>, hash: Uint8Array): void {
    this.node = root;
    this.hash = hash;
    this.count = 0;
    this.depth = 0;
    this.bit = 0;
  }

  /** A link of the way. */
  step(at: number): Step<K> {
    return this.#steps[at] as Step<K>;
  }

  /** Goes on to the key's place and gives `undefined`, or the pointer whose node it needs for that. */
  advance(layout: Layout<K>): Pointer<K> | undefined {
    const { bitWidth } = layout;
    for (;;) {
      const slot = bitsOf(this.hash, this.bit, bitWidth);
      const pointer = pointerAt(this.node, slot);
      const bit = this.bit + bitWidth;
      let matched = 0;
      if (pointer !== undefined && pointer.bucket === undefined) {
        const { extension, node } = pointer;
        if (extension.length > 0) matched = matchedBits(extension, this.hash, bit, bitWidth);
        if (matched === extension.length) {
          if (node === undefined) return pointer;
          this.#enter(slot, pointer, node);
          this.depth += 1 + matched / bitWidth;
          this.bit = bit + matched;
          continue;
        }
      }
      this.slot = slot;
      this.pointer = pointer;
      this.bit = bit;
      this.matched = matched;
      return undefined;
    }
  }

  #enter(slot: number, pointer: Pointer<K>, to: KamtNode<K>): void {
    const step = this.#steps[this.count];
    if (step === undefined) {
      this.#steps.push({ from: this.node, slot, depth: this.depth, pointer, to });
    } else {
      step.from = this.node;
      step.slot = slot;
      step.depth = this.depth;
      step.pointer = pointer;
      step.to = to;
    }
    this.count++;
    this.node = to;
  }
}
