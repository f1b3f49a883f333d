import { type CidBytes, chainCidLength, cidKey } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";

/** Why a block is bad; blocks on it are bad for the same reason. */
export interface BadReason {
  readonly code: string;
  readonly message: string;
  /** The block the reason is about, where that is an ancestor. */
  readonly ancestor?: CidBytes | undefined;
}

/**
 * Blocks that broke a rule for good, so that they and their descendants need not be looked at twice. Trouble that may
 * pass (early blocks, missing parents, our own disk) has no place here.
 *
 * Bound: the least recently asked for is forgotten past `limit` blocks (32,768 unless told, as in Lotus).
 *
 * @see lotus chain/badtscache.go
 * @example
 * bad.add(cid, { code: "block/signature-wrong", message: "…" });
 */
export class BadBlocks {
  readonly #limit: number;
  readonly #blocks = new Map<string, BadReason>();

  constructor(limit = 32_768) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#blocks.size;
  }

  /** Marks a block. */
  add(block: CidBytes, reason: BadReason): void {
    const key = cidKey(block);
    this.#blocks.delete(key);
    this.#blocks.set(key, reason);
    if (this.#blocks.size <= this.#limit) return;
    for (const oldest of this.#blocks.keys()) {
      this.#blocks.delete(oldest);
      break;
    }
  }

  /** Why a block is bad, or `undefined`. */
  reason(block: CidBytes): BadReason | undefined {
    const key = cidKey(block);
    const reason = this.#blocks.get(key);
    if (reason === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, reason); // asked for last
    return reason;
  }

  /** Why a tipset is bad: one of its blocks or of its parents is. The blocks of a tipset on bad parents are marked. */
  reasonOf(key: TipsetKey, parents: TipsetKey): BadReason | undefined {
    for (const block of blocksOf(key)) {
      const reason = this.reason(block);
      if (reason !== undefined) return reason;
    }
    for (const parent of blocksOf(parents)) {
      const reason = this.reason(parent);
      if (reason === undefined) continue;
      const inherited = { ...reason, ancestor: reason.ancestor ?? parent.slice() };
      for (const block of blocksOf(key)) this.add(block, inherited);
      return inherited;
    }
    return undefined;
  }
}

function* blocksOf(key: TipsetKey): Generator<CidBytes> {
  for (let at = 0; at < key.length; at += chainCidLength) yield key.subarray(at, at + chainCidLength);
}
