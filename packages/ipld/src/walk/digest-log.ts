import { compareDigests, DigestRun, mergeRuns } from "./digest-run.ts";
import { DigestTable } from "./digest-table.ts";
import type { RunFiles } from "./run-files.ts";

/** Runs of one level that become one of the next: a look-up asks at most seven runs a level. */
const fanIn = 8;
/** Bits of filter an entry, where there is room. */
const filterBits = 10;
/** The most digests a table may have to be sorted: an entry's number and 32 bits of its digest in one double. */
export const mostSorted: number = 2 ** 21;

/** Room for filters that several logs share. Unit: bytes. */
export interface FilterBudget {
  left: number;
}

/**
 * A set of digests that only grows: a table in memory; what was there before in sorted runs in files, which are merged
 * eight by eight. Exact: filters only save reads.
 */
export class DigestLog {
  readonly table: DigestTable = new DigestTable();
  /** Digests of runs that were asked for lately, so that they are not read each time. */
  readonly #recent: DigestTable = new DigestTable();
  readonly #files: RunFiles;
  readonly #budget: FilterBudget;
  #runs: DigestRun[] = [];

  constructor(files: RunFiles, budget: FilterBudget) {
    this.#files = files;
    this.#budget = budget;
  }

  /** How many digests it holds. */
  get size(): number {
    return this.#runs.reduce((sum, run) => sum + run.size, this.table.size);
  }

  /** How many are in files. */
  get spilled(): number {
    return this.size - this.table.size;
  }

  /** Bytes of memory held. */
  get byteLength(): number {
    return this.#runs.reduce((sum, run) => sum + run.byteLength, this.table.byteLength + this.#recent.byteLength);
  }

  /** Whether the digest at `offset` is in it; `mostRecent` bounds what is remembered of files. @throws {HostFault} */
  has(bytes: Uint8Array, offset: number, mostRecent: number): boolean {
    if (this.table.find(bytes, offset) >= 0) return true;
    if (this.#runs.length === 0) return false;
    if (this.#recent.find(bytes, offset) >= 0) return true;
    // newest first: what was met lately is met again
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (!(this.#runs[i] as DigestRun).has(bytes, offset)) continue;
      if (this.#recent.size >= mostRecent) this.#recent.clear();
      this.#recent.add(bytes, offset);
      return true;
    }
    return false;
  }

  /** Writes the table into a run, and merges runs where there are eight of a level. @throws {HostFault} nothing is lost then */
  spill(): void {
    if (this.table.size === 0) return;
    const { table } = this;
    this.#keep(new DigestRun(this.#files, sortedDigests(table), table.size, 0, this.#filterFor(table.size)));
    table.clear();
    for (let level = 0; ; level++) {
      const merged = this.#runs.filter((run) => run.level === level);
      if (merged.length < fanIn) break;
      const size = merged.reduce((sum, run) => sum + run.size, 0);
      const freed = merged.reduce((sum, run) => sum + run.filterBytes, 0);
      const run = new DigestRun(this.#files, mergeRuns(merged), size, level + 1, this.#filterFor(size, freed));
      this.#runs = this.#runs.filter((other) => other.level !== level);
      for (const old of merged) this.#drop(old);
      this.#keep(run);
    }
  }

  /** Every digest: those of the table in their order, then those of the runs. Views. @throws {HostFault} */
  *digests(): Generator<Uint8Array, void, undefined> {
    for (let entry = 0; entry < this.table.size; entry++) yield this.table.digest(entry);
    for (const run of this.#runs) yield* run.digests();
  }

  /** Forgets all, and gives the files back. */
  clear(): void {
    for (const run of this.#runs) this.#drop(run);
    this.#runs = [];
    this.table.clear();
    this.#recent.clear();
  }

  #filterFor(size: number, more = 0): number {
    return Math.min(Math.ceil((size * filterBits) / 8), this.#budget.left + more);
  }

  #keep(run: DigestRun): void {
    this.#runs.push(run);
    this.#runs.sort((a, b) => b.level - a.level);
    this.#budget.left -= run.filterBytes;
  }

  #drop(run: DigestRun): void {
    this.#budget.left += run.filterBytes;
    run.close();
  }
}

/** The digests of a table in order: views. */
export function* sortedDigests(table: DigestTable): Generator<Uint8Array, void, undefined> {
  // the first four bytes and the entry's number in one double: numbers sort without a comparator
  const keys = new Float64Array(table.size);
  for (let entry = 0; entry < keys.length; entry++) {
    const digest = table.digest(entry);
    const first =
      (digest[0] as number) * 0x1000000 +
      (((digest[1] as number) << 16) | ((digest[2] as number) << 8) | (digest[3] as number));
    keys[entry] = first * mostSorted + entry;
  }
  keys.sort();
  for (let at = 0; at < keys.length; ) {
    const first = Math.floor((keys[at] as number) / mostSorted);
    let end = at + 1;
    while (end < keys.length && Math.floor((keys[end] as number) / mostSorted) === first) end++;
    const same = Array.from(keys.subarray(at, end), (key) => table.digest(key % mostSorted));
    if (same.length > 1) same.sort((a, b) => compareDigests(a, 0, b, 0));
    yield* same;
    at = end;
  }
}
