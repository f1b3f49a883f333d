import { type CidBytes, chainCidLength } from "@copse/ipld";
import { readMachineCid } from "../cids.ts";
import type { FvmVersion } from "../fvm-version.ts";

/** Least values of heads of 1, 2, 4 and 8 bytes, which FVM 2 asks for. */
const leastOf = [24, 0x100, 0x10000, 0x100000000];

/** Tells whether the block of a CID may be one that is looked for: it starts at an offset and has 38 bytes. */
export type MayHold = (bytes: Uint8Array, at: number) => boolean;

/**
 * Tells of the links of a DAG-CBOR block as a flush of the reference walks it: heads only, no UTF-8, no floats, keys of maps
 * too, and whatever follows the first item is not looked at. Links to state and code that `mayHold` denies are left out.
 *
 * @returns what is wrong with the block, or `undefined`
 * @see ref-fvm:fvm/src/blockstore/buffered.rs scan_for_links
 */
export function linksOf(
  block: Uint8Array,
  fvm: FvmVersion,
  onLink: (cid: CidBytes) => void,
  mayHold: MayHold = () => true,
): string | undefined {
  const heads = new HeadReader(block, fvm === 2);
  for (let remaining = 1; remaining > 0; remaining--) {
    if (!heads.next()) return "its CBOR is cut or malformed";
    const { value } = heads;
    switch (heads.major) {
      case 2:
      case 3:
        heads.at += value;
        if (heads.at > block.length && fvm !== 2) return "its CBOR is cut";
        break;
      case 4:
        remaining += value;
        break;
      case 5:
        remaining += 2 * value;
        break;
      case 6: {
        if (value !== 42) {
          remaining++;
          break;
        }
        const why = passLink(heads, fvm, onLink, mayHold);
        if (why !== undefined) return why;
      }
    }
  }
  return undefined;
}

function passLink(
  heads: HeadReader,
  fvm: FvmVersion,
  onLink: (cid: CidBytes) => void,
  mayHold: MayHold,
): string | undefined {
  if (!heads.next() || heads.major !== 2) return "a link is no byte string";
  const { block, at, value } = heads;
  const end = at + value;
  if (end > block.length || (fvm === 2 && value > 100)) return "a link is cut or too long";
  if (block[at] !== 0 && fvm !== 2) return "a link does not start with 0";
  if (value === chainCidLength + 1 && isStateCid(block, at + 1)) {
    if (mayHold(block, at + 1)) onLink(block.subarray(at + 1, end));
    heads.at = end;
    return undefined;
  }
  // sectors link to as many commitments as there are sectors: they are passed over before they are read
  if (isCommitment(block, at + 1, value - 1)) {
    heads.at = end;
    return undefined;
  }
  const link = readMachineCid(block.subarray(0, end), at + 1);
  if (link === undefined) return "a link is no CID";
  onLink(link.cid);
  heads.at = end;
  return undefined;
}

/** Whether the bytes from an offset on start as the CID of a block of state or of code: DAG-CBOR or raw under blake2b-256. */
export function isStateCid(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 1 &&
    (bytes[at + 1] === 0x71 || bytes[at + 1] === 0x55) &&
    bytes[at + 2] === 0xa0 &&
    bytes[at + 3] === 0xe4 &&
    bytes[at + 4] === 2 &&
    bytes[at + 5] === 32
  );
}

/** Whether the CID of so many bytes is of a sector's data or replica, in full: `01 81e203 9220 20` or `01 82e203 81e802 20`. */
function isCommitment(block: Uint8Array, at: number, length: number): boolean {
  if (block[at] !== 1 || block[at + 2] !== 0xe2 || block[at + 3] !== 3) return false;
  if (block[at + 1] === 0x81) return length === 39 && block[at + 6] === 32 && block[at + 5] === 0x20;
  return block[at + 1] === 0x82 && length === 40 && block[at + 7] === 32 && block[at + 6] === 2;
}

/** Reads heads of CBOR items one by one. */
class HeadReader {
  readonly block: Uint8Array;
  at = 0;
  major = 0;
  value = 0;
  readonly #isStrict: boolean;

  constructor(block: Uint8Array, isStrict: boolean) {
    this.block = block;
    this.#isStrict = isStrict;
  }

  /** @returns whether there is one */
  next(): boolean {
    const first = this.block[this.at++];
    if (first === undefined) return false;
    this.major = first >> 5;
    this.value = first & 31;
    if (this.value < 24) return true;
    const width = this.value - 24;
    if (width > 3 || this.at + (1 << width) > this.block.length) return false;
    this.value = 0;
    for (let i = 0; i < 1 << width; i++) this.value = this.value * 256 + (this.block[this.at++] as number);
    return !this.#isStrict || this.value >= (leastOf[width] as number);
  }
}
