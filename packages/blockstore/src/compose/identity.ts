import { type CidBytes, hashes, readCid } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { assertStorableCid } from "../limits.ts";
import type { AsyncStore, BlockEntry } from "../store.ts";
import { type Composed, composedOver } from "./face.ts";
import { type Known, Layer } from "./layer.ts";
import type { Maybe } from "./maybe.ts";

/**
 * Answers for identity CIDs itself: their digest is the block. They are always there, a put or a deletion of one does
 * nothing, and the store below never sees one.
 *
 * @see lotus blockstore/idstore.go
 * @example
 * const store = identityStoreOf(createMemoryBlockstore());
 * store.getSync(Uint8Array.of(1, 0x55, 0, 2, 7, 8)) // => Uint8Array.of(7, 8)
 */
export function identityStoreOf<Base extends AsyncStore>(base: Base): Composed<Base> {
  return composedOver(base, (face) => new IdentityFace(face));
}

/**
 * The block that an identity CID carries, as a view; `undefined` for every other CID, and, unlike `inlineBlock` of ipld,
 * for bytes that are no CID of version 1 at all: the store below says what it thinks of those.
 */
export function inlineBlock(cid: CidBytes): Uint8Array | undefined {
  if (cid[0] !== 1) return undefined;
  let at = 1;
  while ((cid[at] ?? 0) >= 0x80) at++; // the codec
  if (cid[at + 1] !== hashes.identity || cid.length < at + 2) return undefined;
  const { digest, end } = readCid(cid);
  return end === cid.length ? digest : undefined;
}

class IdentityFace extends Layer {
  protected override peek(cid: CidBytes): Known {
    return inlineBlock(cid)?.slice();
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    for (const [cid] of entries) assertStorableCid(cid);
    const rest = entries.filter(([cid]) => inlineBlock(cid) === undefined);
    return rest.length === 0 ? undefined : this.base.putMany(rest, options);
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    const rest = cids.filter((cid) => inlineBlock(cid) === undefined);
    return rest.length === 0 ? undefined : this.base.deleteMany(rest, options);
  }
}
