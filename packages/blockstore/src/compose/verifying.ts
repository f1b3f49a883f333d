import { type CidBytes, toCid, verifyBlock } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import { assertStorableCid } from "../limits.ts";
import type { AsyncStore, BlockEntry } from "../store.ts";
import { type Composed, composedOver, type Face } from "./face.ts";
import { inlineBlock } from "./identity.ts";
import { after, type Maybe } from "./maybe.ts";

/** What a verifying store checks. */
export interface VerifyingOptions {
  /** Blocks that come out of the base. Default true. */
  readonly reads?: boolean | undefined;
  /** Blocks that go into it. Default true. */
  readonly writes?: boolean | undefined;
}

/**
 * Checks each block against its CID, on its way in and out: for stores that others write to. Identity CIDs are answered
 * from themselves. A batch with a bad block is refused as a whole.
 *
 * Cost: one hash a block and way. What is wrong throws `blockstore/block-mismatch`, a hash function that is not the
 * chain's `cid/hash-unsupported`.
 *
 * @example
 * const store = verifyingStoreOf(fromElsewhere);
 * store.getSync(cid); // throws where the bytes are another block's
 */
export function verifyingStoreOf<Base extends AsyncStore>(base: Base, options: VerifyingOptions = {}): Composed<Base> {
  const { reads = true, writes = true } = options;
  return composedOver(
    base,
    (face) => new VerifyingFace(face, reads, writes),
    reads ? (entry) => [entry[0], assertBlock(entry[0], entry[1], "read")] : undefined,
  );
}

/**
 * Gives a block back that hashes to its CID.
 *
 * @throws {BlockstoreError} `blockstore/block-mismatch`
 * @throws {CidError} `cid/malformed`, `cid/hash-unsupported`
 */
export function assertBlock(cid: CidBytes, bytes: Uint8Array, during: "read" | "write"): Uint8Array {
  if (verifyBlock(cid, bytes)) return bytes;
  throw new BlockstoreError("blockstore/block-mismatch", { cid: toCid(cid).toString(), during, length: bytes.length });
}

class VerifyingFace implements Face {
  readonly #base: Face;
  readonly #reads: boolean;
  readonly #writes: boolean;

  constructor(base: Face, reads: boolean, writes: boolean) {
    this.#base = base;
    this.#reads = reads;
    this.#writes = writes;
  }

  get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined> {
    const inline = inlineBlock(cid);
    if (inline !== undefined) return inline.slice();
    return after(this.#base.get(cid, options), (bytes) => this.#read(cid, bytes));
  }

  getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]> {
    const ask = cids.filter((cid) => inlineBlock(cid) === undefined);
    return after(ask.length === 0 ? [] : this.#base.getMany(ask, options), (blocks) => {
      let next = 0;
      return cids.map((cid) => inlineBlock(cid)?.slice() ?? this.#read(cid, blocks[next++]));
    });
  }

  has(cid: CidBytes, options?: AbortOptions): Maybe<boolean> {
    return inlineBlock(cid) !== undefined || this.#base.has(cid, options);
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    for (const [cid, bytes] of entries) {
      assertStorableCid(cid);
      if (this.#writes) assertBlock(cid, bytes, "write");
    }
    const rest = entries.filter(([cid]) => inlineBlock(cid) === undefined);
    return rest.length === 0 ? undefined : this.#base.putMany(rest, options);
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    const rest = cids.filter((cid) => inlineBlock(cid) === undefined);
    return rest.length === 0 ? undefined : this.#base.deleteMany(rest, options);
  }

  #read(cid: CidBytes, bytes: Uint8Array | undefined): Uint8Array | undefined {
    return bytes === undefined || !this.#reads ? bytes : assertBlock(cid, bytes, "read");
  }
}
