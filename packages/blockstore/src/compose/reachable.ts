import { type CidBytes, cidKey, codecs, hashes, readCid, toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { BlockstoreError } from "../errors.ts";
import type { BlockEntry } from "../store.ts";

/** Codecs of piece and sector commitments: CIDs without blocks, which the state links to. */
const commitments: ReadonlySet<number> = new Set([0xf101, 0xf102]);
/** Plain CBOR: the chain allows blocks of it and follows no links in them. */
const plainCbor = 0x51;
/** The longest digest of a CID that the reference reads. */
const maxDigestBytes = 64;
const linkTag = 42;

/**
 * The blocks of `held` that a root leads to, in the order in which the reference writes them: depth first, of a block's
 * links the last one first. A block that is not held is taken to be in the base, and all below it.
 *
 * As strict as the reference: DAG-CBOR, raw and plain CBOR under a whole blake2b-256 or an identity hash; commitments are
 * passed over; links are found by their tag, and not minded how canonical the CBOR around them is. Unlike there, a
 * refusal takes nothing out of the buffer.
 *
 * Bound: what is held once, and its links.
 *
 * @throws {BlockstoreError} `blockstore/not-flushable`
 * @see ref-fvm fvm/src/blockstore/buffered.rs `take_reachable`
 */
export function reachable(root: CidBytes, held: (key: string) => Uint8Array | undefined): BlockEntry[] {
  const found: BlockEntry[] = [];
  const seen = new Set<string>();
  const stack: CidBytes[] = [root];
  for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
    const { codec, hash, digest } = partsOf(cid);
    if (commitments.has(codec)) continue;
    if (codec !== codecs.dagCbor && codec !== codecs.raw && codec !== plainCbor) {
      throw notFlushable(cid, `codec 0x${codec.toString(16)}`);
    }
    const whole = hash === hashes.blake2b256 && digest.length === 32;
    if (hash !== hashes.identity && !whole) {
      throw notFlushable(cid, `hash function 0x${hash.toString(16)} of ${digest.length} B`);
    }
    if (hash === hashes.identity) {
      if (codec === codecs.dagCbor) scanLinks(cid, digest, stack);
      continue;
    }
    const key = cidKey(cid);
    const block = seen.has(key) ? undefined : held(key);
    if (block === undefined) continue;
    seen.add(key);
    if (codec === codecs.dagCbor) scanLinks(cid, block, stack);
    found.push([cid, block]);
  }
  return found;
}

function partsOf(cid: CidBytes): ReturnType<typeof readCid> {
  try {
    return readCid(cid);
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    throw new BlockstoreError("blockstore/not-flushable", { cid: "the root", why: error.message }, { cause: error });
  }
}

/** Pushes the links of a block, first to last. */
function scanLinks(of: CidBytes, block: Uint8Array, out: CidBytes[]): void {
  const heads = new Heads(of, block);
  for (let items = 1; items > 0; items--) {
    const value = heads.next();
    const { major } = heads;
    if (major === 2 || major === 3) heads.take(value);
    else if (major === 4) items += value;
    else if (major === 5) items += value * 2;
    else if (major === 6 && value !== linkTag) items++;
    else if (major === 6) {
      const length = heads.next();
      if (heads.major !== 2) throw notFlushable(of, "a link that is no byte string");
      out.push(linkAt(of, heads.take(length)));
    }
  }
}

/** Reads heads of CBOR items, in any form that is not of unknown length. */
class Heads {
  readonly #of: CidBytes;
  readonly #block: Uint8Array;
  #at = 0;
  /** Major type of the head read last. */
  major = 0;

  constructor(of: CidBytes, block: Uint8Array) {
    this.#of = of;
    this.#block = block;
  }

  /** The argument of the next head. Past 2^53 it is inexact, and then far past the end of any block. */
  next(): number {
    const first = this.#byte();
    this.major = first >> 5;
    const low = first & 0x1f;
    if (low < 24) return low;
    if (low > 27) throw notFlushable(this.#of, `CBOR head 0x${first.toString(16)} at byte ${this.#at - 1}`);
    let value = 0;
    for (let left = 1 << (low - 24); left > 0; left--) value = value * 256 + this.#byte();
    return value;
  }

  take(length: number): Uint8Array {
    if (length > this.#block.length - this.#at) throw notFlushable(this.#of, "its CBOR is cut");
    this.#at += length;
    return this.#block.subarray(this.#at - length, this.#at);
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw notFlushable(this.#of, "its CBOR is cut");
    return byte;
  }
}

/** The CID of a link; bytes after it are not minded, as the reference does not mind them. */
function linkAt(of: CidBytes, bytes: Uint8Array): CidBytes {
  if (bytes[0] !== 0) throw notFlushable(of, "a link that does not begin with 0");
  try {
    const { digest, end } = readCid(bytes, 1);
    if (digest.length <= maxDigestBytes) return bytes.subarray(1, end);
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    throw notFlushable(of, error.message, error);
  }
  throw notFlushable(of, `a link with a digest of more than ${maxDigestBytes} B`);
}

function notFlushable(cid: CidBytes, why: string, cause?: unknown): BlockstoreError {
  return new BlockstoreError("blockstore/not-flushable", { cid: toCid(cid).toString(), why }, { cause });
}
