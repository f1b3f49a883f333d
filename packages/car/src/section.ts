import { type CidBytes, chainCidLength, isChainCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { defaultChunkBytes, type Reading } from "./access.ts";
import { parseCid } from "./check.ts";
import { CarError } from "./errors.ts";
import { readLength } from "./length.ts";
import type { CarLimits } from "./options.ts";

/** Bytes read at a section whose length is not known: nearly every section of the chain is shorter. */
const guessBytes = 4096;
/** A CID is told from at most this much; longer ones (identity with much data) ask for more. */
const headBytes = 128;

/** Where a section lies: `offset` is that of its length. Unit: bytes of the file. */
export interface SectionSpan {
  readonly offset: number;
  readonly length: number;
}

/**
 * The data of the section at `offset`, where it is the section of `cid`; `undefined` where it is another's.
 *
 * @param length of the section with its own length, where known; the data then comes in one read
 * @throws {CarError} `car/cut`, `car/length-malformed`, `car/section-empty`, `car/section-too-long`, `car/section-past-data`
 */
export function* readSection(
  cid: CidBytes,
  offset: number,
  length: number | undefined,
  dataEnd: number,
  limits: Pick<CarLimits, "sectionBytes">,
): Reading<Uint8Array | undefined> {
  let bytes: Uint8Array = yield { offset, length: Math.min(length ?? guessBytes, dataEnd - offset) };
  const head = checkLength(bytes, offset, dataEnd, limits);
  if (head.contentEnd - head.contentStart < cid.length) return undefined;
  const cidEnd = head.contentStart + cid.length;
  if (bytes.length < cidEnd) bytes = yield { offset, length: head.contentEnd };
  if (!equalBytes(bytes.subarray(head.contentStart, cidEnd), cid)) return undefined;
  if (bytes.length < head.contentEnd) bytes = yield { offset, length: head.contentEnd };
  // Read for this caller alone, but a short block must not keep 4 KiB alive.
  const data = bytes.subarray(cidEnd, head.contentEnd);
  return bytes.length > 2 * data.length ? Uint8Array.from(data) : data;
}

/**
 * Where the data of the section at `offset` lies, where it is the section of `cid`, however large it is.
 *
 * @throws {CarError} as {@link readSection}, but no section is too long
 */
export function* sectionData(
  cid: CidBytes,
  offset: number,
  dataEnd: number,
): Reading<{ readonly dataStart: number; readonly dataEnd: number } | undefined> {
  const bytes = yield { offset, length: Math.min(10 + cid.length, dataEnd - offset) };
  const { contentStart, contentEnd } = checkLength(bytes, offset, dataEnd, noLimit);
  const cidEnd = contentStart + cid.length;
  if (cidEnd > contentEnd || !equalBytes(bytes.subarray(contentStart, cidEnd), cid)) return undefined;
  return { dataStart: offset + cidEnd, dataEnd: offset + contentEnd };
}

const noLimit = { sectionBytes: Number.MAX_SAFE_INTEGER };

/** Where the content of a section lies, from its first byte. */
function checkLength(
  bytes: Uint8Array,
  offset: number,
  dataEnd: number,
  limits: Pick<CarLimits, "sectionBytes">,
): { contentStart: number; contentEnd: number } {
  const length = readLength(bytes, 0, offset);
  if (length === undefined) throw new CarError("car/cut", { part: "section", offset, needed: 1, held: bytes.length });
  // The number of a section is not known when it is looked up: its offset says which it is.
  if (length.value === 0) throw new CarError("car/section-empty", { offset, section: undefined });
  if (length.value > limits.sectionBytes) {
    const facts = { offset, section: undefined, length: BigInt(length.value), limit: limits.sectionBytes };
    throw new CarError("car/section-too-long", facts);
  }
  const contentEnd = length.end + length.value;
  if (offset + contentEnd > dataEnd) {
    throw new CarError("car/section-past-data", { offset, section: undefined, length: length.value, dataEnd });
  }
  return { contentStart: length.end, contentEnd };
}

/**
 * Goes over the sections from `start` to `end` without their data: `found` gets the CID (a view) and the place of each.
 * What is longer than a chunk is jumped over.
 *
 * @returns the number of sections
 * @throws {CarError} `car/cut`, `car/length-malformed`, `car/section-empty`, `car/section-too-long`, `car/section-past-data`,
 * `car/cid-malformed`
 */
export function* scanSections(
  start: number,
  end: number,
  limits: Pick<CarLimits, "sectionBytes">,
  found: (cid: CidBytes, span: SectionSpan) => void,
  cutAtEnd = false,
): Reading<number> {
  let base = start;
  let bytes: Uint8Array = new Uint8Array(0);
  let count = 0;
  for (let offset = start; offset < end; ) {
    let at = offset - base;
    if (at + headBytes > bytes.length && base + bytes.length < end) {
      base = offset;
      at = 0;
      bytes = yield { offset, length: Math.min(defaultChunkBytes, end - offset) };
    }
    const length = readLength(bytes, at, base);
    if (length === undefined) throw cut(offset, 1, bytes.length - at);
    if (length.value === 0) throw new CarError("car/section-empty", { offset, section: count });
    if (length.value > limits.sectionBytes) {
      const facts = { offset, section: count, length: BigInt(length.value), limit: limits.sectionBytes };
      throw new CarError("car/section-too-long", facts);
    }
    const size = length.end - at + length.value;
    if (offset + size > end) {
      if (cutAtEnd) throw cut(offset, size, end - offset);
      throw new CarError("car/section-past-data", { offset, section: count, length: length.value, dataEnd: end });
    }
    let content = bytes.subarray(length.end, length.end + length.value);
    if (content.length < length.value && !(isChainCid(content) && content.length >= chainCidLength)) {
      content = yield { offset: base + length.end, length: Math.min(length.value, limits.sectionBytes) };
    }
    found(content.subarray(0, parseCid(content, offset, count).end), { offset, length: size });
    count++;
    offset += size;
  }
  return count;
}

function cut(offset: number, needed: number, held: number): CarError {
  return new CarError("car/cut", { part: "section", offset, needed: Math.max(needed, held + 1), held });
}
