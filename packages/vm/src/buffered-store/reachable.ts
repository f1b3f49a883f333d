import { type CidBytes, chainCidLength, cidKey, toCid } from "@copse/ipld";
import { isCopseError, toHex } from "@copse/primitives";
import { blockCodecs, hashCodes, partsOf } from "../cids.ts";
import { VmError } from "../errors.ts";
import type { FvmVersion } from "../fvm-version.ts";
import { isStateCid, linksOf, type MayHold } from "./links.ts";

/** A block and its CID. */
type Block = readonly [cid: CidBytes, bytes: Uint8Array];

/** Blocks that wait, by the keys of their CIDs. */
export type Held = ReadonlyMap<string, Block>;

/**
 * The blocks of `held` that are reachable from a root, children before their parents. What is not held ends the walk there.
 *
 * Cost: a link to what is not held, as nearly all are, is a look at one bit; others are a key and a look-up.
 *
 * @returns the blocks, and their keys
 * @throws {VmError} `vm/flush-refused`
 * @see ref-fvm:fvm/src/blockstore/buffered.rs take_reachable, release/v2: copy_rec
 */
export function reachableBlocks(
  root: CidBytes,
  held: Held,
  fvm: FvmVersion,
): { readonly found: readonly Block[]; readonly keys: ReadonlySet<string> } {
  const found: Block[] = [];
  const taken = new Set<string>();
  const take = (cid: CidBytes): Block | undefined => {
    const key = cidKey(cid);
    const waiting = taken.has(key) ? undefined : held.get(key);
    if (waiting !== undefined) taken.add(key);
    return waiting;
  };
  const mayHold = filterOf(held);
  /** CIDs to look at, and blocks whose links were all looked at once they are on top again. */
  const stack: (CidBytes | Block)[] = [root];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (!(next instanceof Uint8Array)) {
      found.push(next);
      continue;
    }
    const cid = next;
    if (cid.length === chainCidLength && isStateCid(cid, 0)) {
      const waiting = take(cid);
      if (waiting === undefined) continue;
      if (cid[1] === blockCodecs.dagCbor) {
        stack.push(waiting);
        pushLinks(stack, cid, waiting[1], fvm, mayHold);
      } else found.push(waiting); // raw: without links
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
      if (codec === blockCodecs.dagCbor) pushLinks(stack, cid, digest, fvm, mayHold);
      continue;
    }
    const waiting = take(cid); // no DAG-CBOR, so without links
    if (waiting !== undefined) found.push(waiting);
  }
  return { found, keys: taken };
}

/** By 16 bits of digests, which are as good as random: a filter of 8 KiB that passes what is held, and little besides. */
function filterOf(held: Held): MayHold {
  const bits = new Uint8Array(8192);
  for (const [cid] of held.values()) {
    const [low, high] = [cid[6] ?? 0, cid[7] ?? 0]; // shorter ones have no filter to pass
    const at = low | ((high & 31) << 8);
    bits[at] = (bits[at] as number) | (1 << (high >> 5));
  }
  return (bytes, at) => {
    const high = bytes[at + 7] as number;
    return ((bits[(bytes[at + 6] as number) | ((high & 31) << 8)] as number) & (1 << (high >> 5))) !== 0;
  };
}

function pushLinks(
  stack: (CidBytes | Block)[],
  cid: CidBytes,
  block: Uint8Array,
  fvm: FvmVersion,
  mayHold: MayHold,
): void {
  const why = linksOf(block, fvm, (link) => stack.push(link), mayHold);
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
