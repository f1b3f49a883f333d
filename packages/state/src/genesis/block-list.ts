import type { AmtFlush } from "@copse/amt";
import type { HamtFlush } from "@copse/hamt";
import { type CborWriter, type CidBytes, cidKey, cidOf } from "@copse/ipld";

/** The blocks of a state in the making, each once. */
export class BlockList {
  readonly #blocks: Map<string, readonly [CidBytes, Uint8Array]> = new Map();

  /** Adds what a writer holds; the block's CID. */
  put(writer: CborWriter): CidBytes {
    const block = writer.finish();
    const cid = cidOf(block);
    this.#blocks.set(cidKey(cid), [cid, block]);
    return cid;
  }

  /** Adds a tree; its root. */
  tree(flushed: AmtFlush | HamtFlush): CidBytes {
    for (const [cid, block] of flushed.blocks) this.#blocks.set(cidKey(cid), [cid, block]);
    return flushed.root;
  }

  /** All blocks, in the order they came. */
  all(): readonly (readonly [CidBytes, Uint8Array])[] {
    return [...this.#blocks.values()];
  }
}
