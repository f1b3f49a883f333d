import { type CidBytes, hashes, readCid } from "@copse/ipld";
import type { Reading } from "./access.ts";
import { CarError } from "./errors.ts";
import { IndexHints, keySpan } from "./index-hints.ts";
import { readLength } from "./length.ts";

/** Kinds of index that CARv2 knows, by their multicodec: by digest, and by hash function and digest. */
export const carIndexCodecs: { readonly sorted: 0x0400; readonly multihash: 0x0401 } = {
  sorted: 0x0400,
  multihash: 0x0401,
};

/** How an index finds blocks: `sorted` by digest alone, `multihash` by hash function too. @see go-car `index` */
export type CarIndexKind = keyof typeof carIndexCodecs;

/** Widths and hash functions that one index may have: the chain's files have one or two. */
export const bucketLimit = 1024;
/** Widest record: go-car's limit is 32 MiB, but no CID is longer than a section. */
const widthLimit = 8 << 20;
/** Sections that one look-up may name. */
const candidateLimit = 1024;
/** Bytes of records read at a time. */
const windowBytes = 4096;
/** What ends each record. */
export const offsetBytes = 8;

/** Records of one hash function and one length, sorted by digest: each is a digest and the offset of its section. */
export interface IndexBucket {
  /** Hash function; absent in an index that has none. */
  readonly hash: number | undefined;
  /** Of a record: digest and 8 bytes of offset. */
  readonly width: number;
  readonly count: number;
  /** Where the records start in the file of the index. */
  readonly offset: number;
  /** What look-ups have learnt of where records lie. */
  readonly hints: IndexHints;
}

/** An index of a CARv2, read where it lies. */
export interface SortedIndex {
  readonly kind: CarIndexKind;
  readonly buckets: readonly IndexBucket[];
  /** Records of all buckets. */
  readonly count: number;
  /** Where the index ends in its file. */
  readonly end: number;
}

/**
 * Opens the index at `start`: its buckets, not their records. Every width, count and length is checked against the end of
 * the file.
 *
 * @throws {CarError} `car/index-malformed`, `car/index-unknown`
 * @see go-car v2/index `MultihashIndexSorted.Unmarshal`
 */
export function* openSortedIndex(start: number, end: number): Reading<SortedIndex> {
  const head = yield { offset: start, length: Math.min(10, end - start) };
  const codec = readLength(head, 0, start);
  if (codec === undefined) throw malformed(start, "it is cut");
  const buckets: IndexBucket[] = [];
  const at = start + codec.end;
  const isMultihash = codec.value === carIndexCodecs.multihash;
  if (!isMultihash && codec.value !== carIndexCodecs.sorted) {
    throw new CarError("car/index-unknown", { offset: start, codec: codec.value });
  }
  const last = isMultihash ? yield* readHashes(at, end, buckets) : yield* readWidths(undefined, at, end, buckets);
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  return { kind: isMultihash ? "multihash" : "sorted", buckets, count, end: last };
}

function* readHashes(start: number, end: number, buckets: IndexBucket[]): Reading<number> {
  let at = start + 4;
  const count = (yield* fields(start, 4, end)).getInt32(0, true);
  if (count < 0 || count > bucketLimit) throw malformed(start, `${count} hash functions, limit ${bucketLimit}`);
  for (let i = 0; i < count; i++) {
    const hash = (yield* fields(at, 8, end)).getBigUint64(0, true);
    if (hash > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(at, `hash function ${hash}`);
    at = yield* readWidths(Number(hash), at + 8, end, buckets);
  }
  return at;
}

function* readWidths(hash: number | undefined, start: number, end: number, buckets: IndexBucket[]): Reading<number> {
  let at = start + 4;
  const count = (yield* fields(start, 4, end)).getInt32(0, true);
  if (count < 0 || buckets.length + count > bucketLimit)
    throw malformed(start, `${count} widths, limit ${bucketLimit}`);
  for (let i = 0; i < count; i++) {
    const view = yield* fields(at, 12, end);
    const width = view.getUint32(0, true);
    const length = view.getBigUint64(4, true);
    const offset = at + 12;
    if (width < offsetBytes || width > widthLimit) throw malformed(at, `records of ${width} B`);
    if (length > BigInt(end - offset)) throw malformed(at, `${length} B of records, ${end - offset} B are left`);
    if (Number(length) % width !== 0) throw malformed(at, `${length} B are no records of ${width} B`);
    buckets.push({ hash, width, count: Number(length) / width, offset, hints: new IndexHints() });
    at = offset + Number(length);
  }
  return at;
}

function* fields(offset: number, length: number, end: number): Reading<DataView> {
  if (offset + length > end) throw malformed(offset, "it is cut");
  const bytes = yield { offset, length };
  if (bytes.length < length) throw malformed(offset, "it is cut");
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

/**
 * Offsets of the sections that may hold a block, from the start of the data. A section has to be looked at: an index does
 * not know codecs, and may lie.
 *
 * Cost: one to three reads of 4 KiB for digests spread evenly, as those of hashes are; never more than a bisection's.
 *
 * @throws {CarError} `car/index-crowded`
 */
export function* findOffsets(index: SortedIndex, cid: CidBytes): Reading<number[]> {
  const { hash, digest } = readCid(cid);
  const found: number[] = [];
  for (const bucket of index.buckets) {
    if (bucket.width !== digest.length + offsetBytes || (bucket.hash !== undefined && bucket.hash !== hash)) continue;
    if (bucket.count > 0) yield* findIn(bucket, digest, found);
  }
  return found;
}

function* findIn(bucket: IndexBucket, digest: Uint8Array, found: number[]): Reading<void> {
  const { width, hints } = bucket;
  const windowRecords = Math.max(2, Math.floor(windowBytes / width));
  const key = keyOf(digest, 0, digest.length);
  // The first record that is not below the digest lies in [low, high].
  let low = 0;
  let high = bucket.count;
  let lowKey = 0;
  let highKey = keySpan;
  let guess = hints.guess(key, bucket.count);
  for (let step = 1; high - low > windowRecords; step++) {
    const first = Math.max(low, Math.min(guess - (windowRecords >> 1), high - windowRecords));
    const bytes = yield { offset: bucket.offset + first * width, length: windowRecords * width };
    const lastAt = (windowRecords - 1) * width;
    const firstKey = keyOf(bytes, 0, digest.length);
    hints.learn(firstKey, first);
    if (compareAt(bytes, 0, digest) >= 0) {
      if (first === low) return yield* collect(bucket, bytes, first, low, digest, found);
      high = first;
      highKey = firstKey;
    } else if (compareAt(bytes, lastAt, digest) < 0) {
      low = first + windowRecords;
      lowKey = keyOf(bytes, lastAt, digest.length);
    } else {
      const at = first + lowerBound(bytes, windowRecords, width, digest);
      return yield* collect(bucket, bytes, first, at, digest, found);
    }
    // By where the digest would be if all were spread evenly; every third step bisects, whatever the digests are.
    const share = step % 3 === 2 || highKey <= lowKey ? 0.5 : (key - lowKey) / (highKey - lowKey);
    guess = low + Math.floor(Math.min(1, Math.max(0, share)) * (high - low));
  }
  const rest = Math.min(windowRecords, bucket.count - low);
  const bytes = yield { offset: bucket.offset + low * width, length: rest * width };
  yield* collect(bucket, bytes, low, low + lowerBound(bytes, rest, width, digest), digest, found);
}

/** Takes the records of the digest from `at` on: one, unless the file holds a digest several times. */
function* collect(
  bucket: IndexBucket,
  window: Uint8Array,
  windowStart: number,
  at: number,
  digest: Uint8Array,
  found: number[],
): Reading<void> {
  const { width, count } = bucket;
  let bytes = window;
  let start = windowStart;
  for (let record = at; record < count; record++) {
    if ((record - start + 1) * width > bytes.length) {
      start = record;
      bytes = yield { offset: bucket.offset + start * width, length: Math.min(128, count - start) * width };
    }
    const recordAt = (record - start) * width;
    if (compareAt(bytes, recordAt, digest) !== 0) return;
    found.push(offsetAt(bytes, recordAt + digest.length));
    if (found.length > candidateLimit) {
      throw new CarError("car/index-crowded", { blocks: count, limit: candidateLimit });
    }
  }
}

function offsetAt(bytes: Uint8Array, at: number): number {
  let offset = 0;
  for (let i = offsetBytes - 1; i >= 0; i--) offset = offset * 256 + (bytes[at + i] as number);
  return offset;
}

function lowerBound(bytes: Uint8Array, count: number, width: number, digest: Uint8Array): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareAt(bytes, middle * width, digest) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareAt(bytes: Uint8Array, at: number, digest: Uint8Array): number {
  for (let i = 0; i < digest.length; i++) {
    const difference = (bytes[at + i] as number) - (digest[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The first six bytes as a number; a shorter digest is filled with zeros. */
function keyOf(bytes: Uint8Array, at: number, length: number): number {
  let key = 0;
  for (let i = 0; i < 6; i++) key = key * 256 + (i < length ? (bytes[at + i] as number) : 0);
  return key;
}

/** Goes over all records in order; `found` gets the digest (a view), its hash function where known, and the offset. */
export function* scanSortedIndex(
  index: SortedIndex,
  found: (digest: Uint8Array, hash: number | undefined, offset: number) => void,
): Reading<void> {
  for (const { hash, width, count, offset } of index.buckets) {
    const step = Math.max(1, Math.floor((1 << 20) / width));
    for (let record = 0; record < count; record += step) {
      const some = Math.min(step, count - record);
      const bytes = yield { offset: offset + record * width, length: some * width };
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < some * width; at += width) {
        const offsetAt = at + width - offsetBytes;
        const section = view.getUint32(offsetAt + 4, true) * 2 ** 32 + view.getUint32(offsetAt, true);
        found(bytes.subarray(at, offsetAt), hash, section);
      }
    }
  }
}

/** Whether go-car leaves a CID out of an index: the data of an identity CID is in the CID. */
export function isIdentity(cid: CidBytes): boolean {
  if (cid[0] !== 1 || cid.length < 4) return false;
  return readCid(cid).hash === hashes.identity;
}

function malformed(offset: number, why: string): CarError {
  return new CarError("car/index-malformed", { offset, why });
}
