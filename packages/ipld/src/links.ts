import { type OnLink, type ScanForm, scanItem } from "./cbor-scan.ts";
import type { CidBytes } from "./cid.ts";
import { CborError } from "./errors.ts";
import { maxDepth, maxLinks } from "./limits.ts";

/** How a block is scanned for links. */
export interface ScanOptions {
  /** `chain` for blocks of the chain that are no canonical DAG-CBOR (mainnet has some); `strict` by default. */
  readonly form?: ScanForm | undefined;
  /** Deepest nesting. Default: 64. */
  readonly maxDepth?: number | undefined;
  /** Most links. Default: 2^20. */
  readonly maxLinks?: number | undefined;
}

/**
 * Tells of every link of a DAG-CBOR block, in the order of its bytes, without building its value. Map keys are no
 * links, nor are bytes that hold CBOR.
 *
 * Cost: one pass; nothing is allocated for a link. Bound: depth and links by the options.
 *
 * @throws {CborError} also `cbor/trailing-bytes`, `cbor/too-deep`, `cbor/too-many-links`
 * @see cbor-gen `ScanForLinks`, forest:src/utils/encoding/cid_de_cbor.rs
 * @example
 * scanLinks(block, (offset, length) => console.log(toCid(block.subarray(offset, offset + length))));
 */
export function scanLinks(block: Uint8Array, onLink: OnLink, options: ScanOptions = {}): void {
  const limit = options.maxLinks ?? maxLinks;
  let count = 0;
  const counted: OnLink = (offset, length) => {
    if (++count > limit) throw new CborError("cbor/too-many-links", { offset, limit });
    onLink(offset, length);
  };
  // fewer bytes than a link each: the count cannot be reached
  const tell = block.length < limit * leastLinkBytes ? onLink : counted;
  const end = scanItem(block, 0, tell, options.form ?? "strict", options.maxDepth ?? maxDepth);
  if (end !== block.length) throw new CborError("cbor/trailing-bytes", { offset: end, extra: block.length - end });
}

/** A link takes a tag, a head, the multibase byte and a CID of at least four bytes. */
const leastLinkBytes = 8;

/**
 * The links of a DAG-CBOR block in order, found without building its value. Views of the block.
 *
 * @throws {CborError} as {@link scanLinks}
 * @example
 * links(Uint8Array.of(0x80)) // => []
 */
export function links(block: Uint8Array, options: ScanOptions = {}): CidBytes[] {
  const found: CidBytes[] = [];
  scanLinks(block, (offset, length) => found.push(block.subarray(offset, offset + length)), options);
  return found;
}
