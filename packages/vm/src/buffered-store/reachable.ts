import { type CidBytes, chainCidLength, cidKey, isChainCid, toCid } from "@copse/ipld";
import { isCopseError, toHex } from "@copse/primitives";
import { blockCodecs, hashCodes, partsOf } from "../cids.ts";
import { VmError } from "../errors.ts";
import type { FvmVersion } from "../fvm-version.ts";
import { linksOf } from "./links.ts";

/** A block and its CID. */
type Block = readonly [cid: CidBytes, bytes: Uint8Array];

/**
 * The blocks of `held` that are reachable from a root, children before their parents. What is not held ends the walk there.
 *
 * @throws {VmError} `vm/flush-refused`
 * @see ref-fvm:fvm/src/blockstore/buffered.rs take_reachable, release/v2: copy_rec
 */
export function reachableBlocks(
  root: CidBytes,
  held: (cid: CidBytes) => Block | undefined,
  fvm: FvmVersion,
): readonly Block[] {
  const found: Block[] = [];
  const taken = new Set<string>();
  const take = (cid: CidBytes): Block | undefined => {
    const key = cidKey(cid);
    const waiting = taken.has(key) ? undefined : held(cid);
    if (waiting !== undefined) taken.add(key);
    return waiting;
  };
  /** CIDs to look at, and blocks whose links were all looked at once they are on top again. */
  const stack: (CidBytes | Block)[] = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (!(next instanceof Uint8Array)) {
      found.push(next);
      continue;
    }
    const cid = next;
    if (cid.length === chainCidLength && isChainCid(cid)) {
      const waiting = take(cid);
      if (waiting !== undefined) {
        stack.push(waiting);
        pushLinks(stack, cid, waiting[1], fvm);
      }
      continue;
    }
    const { codec, hash, digest } = partsOf(cid);
    if (codec === blockCodecs.unsealed || codec === blockCodecs.sealed) continue;
    const isInline = hash === hashCodes.identity;
    const isKnownCodec =
      codec === blockCodecs.dagCbor || codec === blockCodecs.raw || (codec === blockCodecs.cbor && fvm !== 2);
    if (!isKnownCodec || !(isInline || (hash === hashCodes.blake2b256 && digest.length === 32))) {
      throw refused(cid, "of a codec or hash function that state has not");
    }
    if (isInline) {
      if (codec === blockCodecs.dagCbor) pushLinks(stack, cid, digest, fvm);
      continue;
    }
    const waiting = take(cid); // no DAG-CBOR, so without links
    if (waiting !== undefined) found.push(waiting);
  }
  return found;
}

function pushLinks(stack: (CidBytes | Block)[], cid: CidBytes, block: Uint8Array, fvm: FvmVersion): void {
  const why = linksOf(block, fvm, (link) => stack.push(link));
  if (why !== undefined) throw refused(cid, why);
}

function refused(cid: CidBytes, why: string): VmError {
  return new VmError("vm/flush-refused", { cid: textOf(cid), why });
}

function textOf(cid: CidBytes): string {
  try {
    return toCid(cid).toString();
  } catch (error) {
    if (!isCopseError(error)) throw error;
    return toHex(cid);
  }
}
