import { equalBytes, isCopseError, utf8 } from "@copse/primitives";
import { type ScanForm, scanItem } from "../cbor-scan.ts";
import { type CidBytes, inlineBlock, toCid } from "../cid.ts";
import type { Fetching } from "../fetching.ts";
import { maxDepth } from "../limits.ts";
import { scanLinks } from "../links.ts";
import { headAt, isCborCid, linkOf, untagged } from "./cbor-item.ts";
import { PathError } from "./errors.ts";

/** How a path is followed. */
export interface PathOptions {
  /** How strictly blocks are read. Default: `chain`. */
  readonly form?: ScanForm | undefined;
  /** Whether a link at the end of the path is followed to its block. Default: true. */
  readonly followLast?: boolean | undefined;
  /** Deepest nesting within a block. Default: 64. */
  readonly maxDepth?: number | undefined;
}

/** Where a path leads. Byte arrays are views. */
export interface Resolved {
  /** The block that holds the value. */
  readonly cid: CidBytes;
  readonly block: Uint8Array;
  /** Where in the block it starts. */
  readonly offset: number;
  /** Its CBOR, which a codec decodes; all of the block where that is no CBOR. */
  readonly value: Uint8Array;
}

/** Most segments of a path. */
export const maxPathSegments = 1024;
/** Most blocks on the way of a path: a store that lies may make a link lead to itself. */
export const maxPathBlocks = 4096;

const kinds = ["an integer", "an integer", "bytes", "text", "a list", "a map", "a tag", "a simple value"];

/**
 * Follows a path from a block through keys of maps, indexes of lists, and links, which take no segment.
 *
 * `path`: segments between slashes, or a list of them where keys hold slashes or are empty. Cost: one scan of each block
 * on the way; no value is built.
 *
 * @throws {PathError} the segment where it ends
 * @throws {HostFault} `host/block-missing`
 * @example
 * const { value } = runSync(resolvePath(header, "7"), store); // the height, as CBOR
 */
export function* resolvePath(
  root: CidBytes,
  path: string | readonly (string | number)[],
  options: PathOptions = {},
): Fetching<Resolved> {
  const segments = typeof path === "string" ? parsePath(path) : path.map(String);
  if (segments.length > maxPathSegments) {
    throw new PathError("path/too-long", { segments: segments.length, limit: maxPathSegments });
  }
  let place = open(root, inlineBlock(root) ?? (yield root), segments, 0, options);
  let blocks = 1;
  for (let at = 0; ; at++) {
    for (let link = linkAt(place); link !== undefined; link = linkAt(place)) {
      if (at === segments.length && options.followLast === false) break;
      if (++blocks > maxPathBlocks) {
        throw new PathError("path/too-many-blocks", { at, cid: text(place), limit: maxPathBlocks });
      }
      place = open(link, inlineBlock(link) ?? (yield link), segments, at, options);
    }
    if (at === segments.length) break;
    place = enter(place, segments[at] as string, at);
  }
  const { cid, block, offset } = place;
  return { cid, block, offset, value: place.isCbor ? block.subarray(offset, pass(place, offset)) : block };
}

/** The segments of a path between slashes; empty ones are left out. */
export function parsePath(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/** An item of a block. */
interface Place {
  readonly cid: CidBytes;
  readonly block: Uint8Array;
  readonly offset: number;
  readonly isCbor: boolean;
  readonly options: PathOptions;
}

/** The root of a block, which is scanned once: nothing after this is malformed. */
function open(cid: CidBytes, block: Uint8Array, segments: readonly string[], at: number, options: PathOptions): Place {
  const isCbor = isCborCid(cid);
  const place = { cid, block, offset: 0, isCbor, options };
  if (!isCbor) return place;
  try {
    scanLinks(block, () => {}, { form: formOf(options), maxDepth: options.maxDepth });
  } catch (error) {
    if (!isCopseError(error, "cbor/")) throw error;
    const facts = { segment: segments[at] ?? "", at, cid: text(place), why: error.message };
    throw new PathError("path/block-malformed", facts, { cause: error });
  }
  return { ...place, offset: untagged(block, 0) };
}

/** The item behind a segment. */
function enter(place: Place, segment: string, at: number): Place {
  const { block, offset, isCbor } = place;
  const head = block[offset] as number;
  if (!isCbor || (head >> 5 !== 4 && head >> 5 !== 5)) {
    const found = isCbor ? (kinds[head >> 5] as string) : "a block that is no CBOR";
    throw new PathError("path/not-entered", { segment, at, cid: text(place), found });
  }
  const { value: count, next } = headAt(block, offset);
  let from = next;
  if (head >> 5 === 4) {
    if (!/^(0|[1-9]\d{0,14})$/.test(segment)) {
      throw new PathError("path/index-malformed", { segment, at, cid: text(place) });
    }
    const index = Number(segment);
    if (index >= count) throw new PathError("path/index-absent", { segment, at, cid: text(place), length: count });
    for (let i = 0; i < index; i++) from = pass(place, from);
    return { ...place, offset: untagged(block, from) };
  }
  const wanted = utf8(segment);
  for (let pair = 0; pair < count; pair++) {
    const key = headAt(block, from);
    const value = pass(place, from);
    if ((block[from] as number) >> 5 === 3 && equalBytes(block.subarray(key.next, value), wanted)) {
      return { ...place, offset: untagged(block, value) };
    }
    from = pass(place, value);
  }
  throw new PathError("path/key-absent", { segment, at, cid: text(place) });
}

/** The CID where an item is a link. */
function linkAt({ block, offset, isCbor }: Place): CidBytes | undefined {
  return isCbor ? linkOf(block, offset) : undefined;
}

function pass({ block, options }: Place, offset: number): number {
  return scanItem(block, offset, undefined, formOf(options), options.maxDepth ?? maxDepth);
}

const formOf = (options: PathOptions): ScanForm => options.form ?? "chain";

const text = ({ cid }: Place): string => toCid(cid).toString();
