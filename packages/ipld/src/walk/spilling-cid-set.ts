import { concatBytes, fromLatin1, latin1 } from "@copse/primitives";
import type { CidBytes } from "../cid.ts";
import { CidForms } from "./cid-forms.ts";
import { DigestLog, type FilterBudget, mostSorted } from "./digest-log.ts";
import { digestBytes } from "./digest-table.ts";
import { WalkError } from "./errors.ts";
import type { RunFiles } from "./run-files.ts";
import type { SeenSet } from "./seen-set.ts";

/** How much of a set stays in memory. */
export interface SpillOptions {
  /** CIDs in memory before they are written to a file: 40 B each. At most, and by default, 2,097,152. */
  readonly limit?: number | undefined;
  /** Bytes for filters, which save reads of files: 10 bits a CID are used while they last. Default: 64 MiB. */
  readonly filterBytes?: number | undefined;
}

/** Most CIDs without a digest of 32 bytes; they stay in memory. */
const mostOthers = 1 << 20;

/**
 * A set of CIDs that goes to files beyond a limit, exact as a `CidSet`. It grows, or is cleared; no CID is taken out.
 *
 * Memory: `limit` times 40 B, a quarter of it for CIDs read lately, `filterBytes`, and 1/16 B a CID. Disk: 32 B a CID,
 * twice that while runs are merged. Time: a new CID mostly costs no read; one that is in a file costs one of 2 KiB.
 *
 * A file that cannot be written leaves the set as it was: the CID is not in it, and may be added again.
 *
 * @example
 * using seen = new SpillingCidSet(tempRunFiles({ dir: "/var/tmp" }));
 * for await (const { cid, bytes } of walkAsync(head, store, { seen })) await writer.put(cid, bytes);
 */
export class SpillingCidSet implements SeenSet {
  readonly #limit: number;
  readonly #budget: FilterBudget;
  readonly #forms: CidForms<DigestLog>;
  readonly #others: Set<string> = new Set();
  #inMemory = 0;
  #size = 0;
  #closed = false;

  constructor(files: RunFiles, options: SpillOptions = {}) {
    this.#limit = Math.max(1, Math.min(options.limit ?? mostSorted, mostSorted));
    this.#budget = { left: options.filterBytes ?? 64 << 20 };
    this.#forms = new CidForms(() => new DigestLog(files, this.#budget));
  }

  /** How many CIDs it holds. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are in files. */
  get spilled(): number {
    return [...this.#forms.all()].reduce((sum, [, log]) => sum + log.spilled, 0);
  }

  /** Bytes of memory that its tables, filters and fences hold; CIDs kept as text are not counted. */
  get byteLength(): number {
    return [...this.#forms.all()].reduce((sum, [, log]) => sum + log.byteLength, 0);
  }

  /** Whether the CID at `offset` is in it. @throws {HostFault} `host/store-failed` */
  has(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    this.#assertOpen("has");
    const log = this.#forms.of(bytes, offset, length, false);
    if (log !== undefined) return log.has(bytes, offset + length - digestBytes, this.#limit >> 2);
    return this.#others.has(latin1(bytes.subarray(offset, offset + length)));
  }

  /**
   * Adds the CID at `offset`; true when it is new.
   *
   * @throws {HostFault} `host/store-failed`: no file can be written; the set is as it was
   * @throws {WalkError} `walk/set-closed`; `walk/set-full` past 2^20 CIDs without a digest of 32 bytes
   */
  add(bytes: CidBytes, offset = 0, length: number = bytes.length - offset): boolean {
    if (this.has(bytes, offset, length)) return false;
    const log = this.#forms.of(bytes, offset, length, true);
    if (log === undefined) {
      if (this.#others.size >= mostOthers) throw new WalkError("walk/set-full", { limit: mostOthers });
      this.#others.add(latin1(bytes.subarray(offset, offset + length)));
    } else {
      if (this.#inMemory >= this.#limit) this.#spill();
      log.table.add(bytes, offset + length - digestBytes);
      this.#inMemory++;
    }
    this.#size++;
    return true;
  }

  /** The CIDs, in no order that means anything. The set must not change meanwhile. @throws {HostFault} `host/store-failed` */
  *[Symbol.iterator](): Generator<CidBytes, void, undefined> {
    this.#assertOpen("iterate");
    for (const [prefix, log] of this.#forms.all()) {
      const form = fromLatin1(prefix);
      for (const digest of log.digests()) yield concatBytes(form, digest);
    }
    for (const key of this.#others) yield fromLatin1(key);
  }

  /** Takes all out, and gives memory and files back. */
  clear(): void {
    for (const [, log] of this.#forms.all()) log.clear();
    this.#forms.clear();
    this.#others.clear();
    this.#size = 0;
    this.#inMemory = 0;
  }

  /** Gives memory and files back; the set is of no use any more. */
  close(): void {
    this.clear();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Writes the largest table to a file. */
  #spill(): void {
    let largest: DigestLog | undefined;
    for (const [, log] of this.#forms.all()) {
      if (largest === undefined || log.table.size > largest.table.size) largest = log;
    }
    const size = largest?.table.size ?? 0;
    try {
      largest?.spill();
    } finally {
      this.#inMemory -= size - (largest?.table.size ?? 0);
    }
  }

  #assertOpen(operation: string): void {
    if (this.#closed) throw new WalkError("walk/set-closed", { operation });
  }
}
