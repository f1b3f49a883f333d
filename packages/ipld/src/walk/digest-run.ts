import { DigestFilter } from "./digest-filter.ts";
import { digestBytes } from "./digest-table.ts";
import type { RunFile, RunFiles } from "./run-files.ts";

/** Digests of one read: 4 KiB. */
const pageEntries = 128;
/** Digests written, or read in a row, at once: 256 KiB. */
const bufferEntries = 8192;
/** Digests between two fences, when they are uniform, as hashes are. */
const fenceEntries = 64;

/**
 * Sorted digests in a file. Fences in memory tell where those with the same first bits are: a digest takes one read of
 * some 2 KiB, and none where the filter knows it absent.
 *
 * Size: 32 B an entry on disk; 1/16 B and the filter in memory.
 */
export class DigestRun {
  readonly size: number;
  /** How many merges are behind it. */
  readonly level: number;
  readonly #file: RunFile;
  readonly #filter: DigestFilter | undefined;
  readonly #fences: Uint32Array;
  readonly #fenceBits: number;
  readonly #page: Uint8Array = new Uint8Array(pageEntries * digestBytes);

  /**
   * Writes digests, which come in order, each once.
   *
   * @throws {HostFault} `host/store-failed`; nothing is left of the file then
   */
  constructor(files: RunFiles, sorted: Iterable<Uint8Array>, size: number, level: number, filterBytes: number) {
    this.size = size;
    this.level = level;
    this.#fenceBits = Math.max(0, Math.floor(Math.log2(size / fenceEntries)));
    this.#fences = new Uint32Array(2 ** this.#fenceBits + 1);
    this.#filter = filterBytes * 8 >= size * 2 ? new DigestFilter(filterBytes) : undefined;
    this.#file = files.create();
    try {
      this.#write(sorted);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /** Bytes of its filter. */
  get filterBytes(): number {
    return this.#filter?.byteLength ?? 0;
  }

  /** Bytes of memory held. */
  get byteLength(): number {
    return this.filterBytes + this.#fences.byteLength + this.#page.length;
  }

  /** Whether the digest at `offset` is in it. @throws {HostFault} `host/store-failed` */
  has(bytes: Uint8Array, offset: number): boolean {
    if (this.#filter?.mayHave(bytes, offset) === false) return false;
    const fence = this.#fenceOf(bytes, offset);
    let low = this.#fences[fence] as number;
    let high = this.#fences[fence + 1] as number;
    // only made-up digests crowd between two fences
    while (high - low > pageEntries) {
      const middle = (low + high) >>> 1;
      const order = this.#compareAt(middle, bytes, offset);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    if (low === high) return false;
    const page = this.#page.subarray(0, (high - low) * digestBytes);
    this.#file.read(low * digestBytes, page);
    for (let at = 0; at < page.length; at += digestBytes)
      if (compareDigests(page, at, bytes, offset) === 0) return true;
    return false;
  }

  /** Its digests in order: views that hold until the next. @throws {HostFault} `host/store-failed` */
  *digests(): Generator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(bufferEntries * digestBytes);
    for (let from = 0; from < this.size; from += bufferEntries) {
      const filled = buffer.subarray(0, Math.min(bufferEntries, this.size - from) * digestBytes);
      this.#file.read(from * digestBytes, filled);
      for (let at = 0; at < filled.length; at += digestBytes) yield filled.subarray(at, at + digestBytes);
    }
  }

  /** Gives the file back. */
  close(): void {
    this.#file.close();
  }

  #write(sorted: Iterable<Uint8Array>): void {
    const buffer = new Uint8Array(bufferEntries * digestBytes);
    let filled = 0;
    let count = 0;
    let fence = 0;
    for (const digest of sorted) {
      for (const to = this.#fenceOf(digest, 0); fence < to; ) this.#fences[++fence] = count;
      this.#filter?.add(digest, 0);
      buffer.set(digest, filled);
      filled += digestBytes;
      count++;
      if (filled < buffer.length) continue;
      this.#file.append(buffer);
      filled = 0;
    }
    while (fence < this.#fences.length - 1) this.#fences[++fence] = count;
    if (filled > 0) this.#file.append(buffer.subarray(0, filled));
  }

  #fenceOf(bytes: Uint8Array, offset: number): number {
    const first =
      (bytes[offset] as number) * 0x1000000 +
      (((bytes[offset + 1] as number) << 16) | ((bytes[offset + 2] as number) << 8) | (bytes[offset + 3] as number));
    return Math.floor(first / 2 ** (32 - this.#fenceBits));
  }

  #compareAt(entry: number, bytes: Uint8Array, offset: number): number {
    const one = this.#page.subarray(0, digestBytes);
    this.#file.read(entry * digestBytes, one);
    return compareDigests(one, 0, bytes, offset);
  }
}

/** Below 0, 0 or above it, as the first digest comes before the second, is it, or comes after. */
export function compareDigests(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  for (let i = 0; i < digestBytes; i++) {
    const order = (a[atA + i] as number) - (b[atB + i] as number);
    if (order !== 0) return order;
  }
  return 0;
}

/** The digests of sorted runs as one sorted row. Views that hold until the next. */
export function* mergeRuns(runs: readonly DigestRun[]): Generator<Uint8Array, void, undefined> {
  const rows = runs.map((run) => run.digests());
  const heads = rows.map((row) => row.next().value as Uint8Array | undefined);
  for (;;) {
    let least = -1;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i];
      if (head === undefined) continue;
      if (least < 0 || compareDigests(head, 0, heads[least] as Uint8Array, 0) < 0) least = i;
    }
    if (least < 0) return;
    yield heads[least] as Uint8Array;
    heads[least] = (rows[least] as Generator<Uint8Array, void>).next().value as Uint8Array | undefined;
  }
}
