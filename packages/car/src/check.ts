import { isBlake2b256 } from "@copse/crypto";
import { type CidBytes, chainCidLength, codecs, isChainCid, readCid, toCid, verifyBlock } from "@copse/ipld";
import { isCopseError, toHex } from "@copse/primitives";
import { CarError } from "./errors.ts";

/** Where the digest begins in a CID of the chain. */
const digestAt: number = chainCidLength - 32;

/** A section taken apart: views of it. */
export interface CheckedBlock {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/**
 * Takes a section's content apart, which lies from `start` to `end`, and checks the codec and, where asked, the hash.
 *
 * @throws {CarError} `car/cid-malformed`, `car/codec-unexpected`, `car/hash-unsupported`, `car/block-mismatch`
 */
export function checkBlock(
  file: Uint8Array,
  start: number,
  end: number,
  offset: number,
  section: number,
  verify: boolean,
  allowed: ReadonlySet<number> | undefined,
): CheckedBlock {
  if (end - start >= chainCidLength && isChainCid(file, start) && allowed?.has(codecs.dagCbor) !== false) {
    // Nearly every section of the chain's files; no CID is parsed for it, and no view made but those that go out.
    const { buffer, byteOffset } = file;
    const cid = new Uint8Array(buffer, byteOffset + start, chainCidLength);
    const bytes = new Uint8Array(buffer, byteOffset + start + chainCidLength, end - start - chainCidLength);
    if (verify && !isBlake2b256(bytes, cid, digestAt)) throw mismatch(cid, offset, section);
    return { cid, bytes, offset };
  }
  const content = file.subarray(start, end);
  const { end: cidEnd, codec, hash } = parseCid(content, offset, section);
  const cid = content.subarray(0, cidEnd);
  const bytes = content.subarray(cidEnd);
  if (allowed !== undefined && !allowed.has(codec)) {
    throw new CarError("car/codec-unexpected", { offset, section, cid: cidText(cid), codec });
  }
  if (verify && !matches(cid, bytes, offset, section, hash)) throw mismatch(cid, offset, section);
  return { cid, bytes, offset };
}

/** Reads the CID that a section starts with. @throws {CarError} `car/cid-malformed` */
export function parseCid(
  content: Uint8Array,
  offset: number,
  section: number,
): { readonly end: number; readonly codec: number; readonly hash: number } {
  try {
    return readCid(content);
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    throw new CarError("car/cid-malformed", { offset, section, why: error.message }, { cause: error });
  }
}

/**
 * Fails where a block that was looked up does not hash to its CID.
 *
 * @throws {CarError} `car/block-mismatch`, `car/hash-unsupported`
 */
export function assertBlock(cid: CidBytes, bytes: Uint8Array, offset: number): void {
  if (isChainCid(cid) && cid.length === chainCidLength) {
    if (!isBlake2b256(bytes, cid, digestAt)) throw mismatch(cid, offset, undefined);
  } else if (!matches(cid, bytes, offset, undefined, readCid(cid).hash)) throw mismatch(cid, offset, undefined);
}

function matches(cid: CidBytes, bytes: Uint8Array, offset: number, section: number | undefined, hash: number): boolean {
  try {
    return verifyBlock(cid, bytes);
  } catch (error) {
    if (!isCopseError(error, "cid/hash-unsupported")) throw error;
    throw new CarError("car/hash-unsupported", { offset, section, cid: cidText(cid), hash }, { cause: error });
  }
}

function mismatch(cid: CidBytes, offset: number, section: number | undefined): CarError {
  return new CarError("car/block-mismatch", { offset, section, cid: cidText(cid) });
}

/** A CID for people; the hex of its bytes where it has no text. */
export function cidText(cid: CidBytes): string {
  try {
    return toCid(Uint8Array.from(cid)).toString();
  } catch {
    return toHex(cid);
  }
}
