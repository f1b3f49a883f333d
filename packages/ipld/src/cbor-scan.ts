import { isCopseError } from "@copse/primitives";
import { chainCidLength, isChainCid, readCid } from "./cid.ts";
import { CborError } from "./errors.ts";
import { maxLinkBytes } from "./limits.ts";

/**
 * How strictly bytes are scanned.
 *
 * `strict`: what canonical DAG-CBOR may hold: shortest heads, tag 42 only, 64-bit floats only.
 * `chain`: what Lotus or Forest walk: heads of any width, any tag (its item is scanned), any float or simple value.
 * Both pass over map keys, whatever they are and in whatever order, take text for bytes (it may be no UTF-8, FIP-0027),
 * and refuse indefinite lengths and links that are no CIDs.
 *
 * @see cbor-gen `ScanForLinks`, forest:src/utils/encoding/cid_de_cbor.rs, ref-fvm:fvm/src/ipld/cbor.rs
 */
export type ScanForm = "strict" | "chain";

/** Told of every link: where its CID's bytes stand in what is scanned. */
export type OnLink = (offset: number, length: number) => void;

/**
 * Passes over the CBOR item at `start`; gives the offset behind it. What `CborReader.skip` and the link scans are made
 * of: no recursion, no bigint, nothing allocated for a link.
 *
 * Links within map keys are not told, as in Forest. Memory: a number for each level that is open.
 *
 * @throws {CborError}
 */
export function scanItem(
  source: Uint8Array,
  start: number,
  onLink: OnLink | undefined,
  form: ScanForm,
  maxDepth: number,
): number {
  const length = source.length;
  const lenient = form === "chain";
  let outer: number[] | undefined;
  let depth = 0;
  let at = start;
  // of the innermost list or map that is open: items left, and whether it is a map; its keys have an even count left
  let left = 1;
  let inMap = false;
  let quiet = 0; // the level that was opened by a key: all within it is part of the key
  for (;;) {
    while (left === 0) {
      if (depth === 0) return at;
      if (depth === quiet) quiet = 0;
      const packed = (outer as number[])[--depth] as number;
      inMap = packed % 2 === 1;
      left = inMap ? (packed - 1) / 2 : packed / 2;
    }
    if (at >= length) throw cut(source, at, 1);
    left--;
    const head = source[at] as number;
    const low = head & 31;
    let value = low;
    let next = at + 1;
    if (low >= 24) {
      if (low === 24 && next < length) {
        value = source[next++] as number;
        if (value < 24 && !lenient && head < 0xe0) throw new CborError("cbor/not-minimal", { offset: at });
      } else {
        value = wideValue(source, at, lenient);
        next += 1 << (low - 24);
      }
    }
    switch (head >> 5) {
      case 2:
      case 3:
        if (value > length - next) throw tooMuch(source, at, next, value);
        next += value;
        break;
      case 4:
      case 5: {
        const isMap = head >= 0xa0;
        const items = isMap ? value * 2 : value;
        if (items === 0) break;
        // an item takes a byte at least: no count is believed past that
        if (items > length - next) throw tooMuch(source, at, next, items);
        if (depth >= maxDepth) throw new CborError("cbor/too-deep", { offset: at, limit: maxDepth });
        if (inMap && quiet === 0 && left % 2 === 1) quiet = depth + 1;
        outer ??= [];
        outer[depth++] = left * 2 + (inMap ? 1 : 0);
        left = items;
        inMap = isMap;
        break;
      }
      case 6:
        if (value !== 42) {
          if (!lenient) {
            throw new CborError("cbor/unexpected", { offset: at, found: `tag ${value}`, expected: "tag 42" });
          }
          left++; // a tag is no item of its own
        } else if (
          source[next] === 0x58 &&
          source[next + 1] === 0x27 &&
          source[next + 2] === 0 &&
          next + 41 <= length
        ) {
          const from = next + 3;
          next += 41;
          if (!isChainCid(source, from)) checkCid(source, at, from, chainCidLength);
          if (onLink !== undefined && quiet === 0 && (!inMap || left % 2 === 0)) onLink(from, chainCidLength);
        } else {
          const { from, end } = uncommonLink(source, at, next, lenient);
          next = end;
          if (onLink !== undefined && quiet === 0 && (!inMap || left % 2 === 0)) onLink(from, end - from);
        }
        break;
      case 7:
        if (!lenient && head !== 0xf4 && head !== 0xf5 && head !== 0xf6 && head !== 0xfb) {
          throw new CborError("cbor/unsupported", { offset: at, head });
        }
    }
    at = next;
  }
}

/** The value of a head of more than one byte. */
function wideValue(source: Uint8Array, at: number, lenient: boolean): number {
  const head = source[at] as number;
  const low = head & 31;
  if (low > 27) throw new CborError("cbor/unsupported", { offset: at, head });
  const width = 1 << (low - 24);
  if (at + width >= source.length) throw cut(source, at, 1 + width);
  let value: number;
  if (low === 25) value = (source[at + 1] as number) * 0x100 + (source[at + 2] as number);
  else {
    value = uint32(source, at + 1);
    if (low === 27) value = value * 0x100000000 + uint32(source, at + 5);
  }
  // 2^8, 2^16 and 2^32: what the next shorter head cannot hold
  if (!lenient && head < 0xe0 && value < 2 ** (4 * width)) throw new CborError("cbor/not-minimal", { offset: at });
  return value;
}

function uint32(source: Uint8Array, at: number): number {
  const high = (source[at] as number) * 0x1000000;
  return high + (((source[at + 1] as number) << 16) | ((source[at + 2] as number) << 8) | (source[at + 3] as number));
}

/** A link whose CID is not of 38 bytes, at the byte string behind its tag. */
function uncommonLink(source: Uint8Array, tag: number, at: number, lenient: boolean): { from: number; end: number } {
  const head = source[at];
  if (head === undefined) throw cut(source, at, 1);
  const found = ["an integer", "an integer", "bytes", "text", "an array", "a map", "a tag", "a simple value"][
    head >> 5
  ];
  if (head >> 5 !== 2) throw new CborError("cbor/unexpected", { offset: at, found: found ?? "", expected: "bytes" });
  // bytes alone, scanned by the same rules
  const end = scanItem(source, at, undefined, lenient ? "chain" : "strict", 0);
  const low = head & 31;
  const from = at + 1 + (low < 24 ? 0 : 1 << (low - 24));
  if (end - from > maxLinkBytes)
    throw new CborError("cbor/too-long", { offset: at, length: end - from, limit: maxLinkBytes });
  if (end - from < 2) throw new CborError("cbor/link-malformed", { offset: tag, why: `${end - from} B` });
  if (source[from] !== 0)
    throw new CborError("cbor/link-malformed", { offset: tag, why: `multibase byte ${source[from]}` });
  checkCid(source, tag, from + 1, end - from - 1);
  return { from: from + 1, end };
}

/** Refuses bytes that are not one whole CID. */
function checkCid(source: Uint8Array, tag: number, from: number, length: number): void {
  let end: number;
  try {
    end = readCid(source.subarray(from, from + length)).end;
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    throw new CborError("cbor/link-malformed", { offset: tag, why: error.message }, { cause: error });
  }
  if (end !== length) throw new CborError("cbor/link-malformed", { offset: tag, why: `${length - end} B follow` });
}

function cut(source: Uint8Array, offset: number, needed: number): CborError {
  return new CborError("cbor/cut", { offset, needed, length: source.length });
}

/** A length or count past the end of the bytes. */
function tooMuch(source: Uint8Array, offset: number, from: number, length: number): CborError {
  if (length > source.length) return new CborError("cbor/too-long", { offset, length, limit: source.length });
  return cut(source, from, length);
}
