import { type CidBytes, hashes, readCid } from "@copse/ipld";
import { CidSet, type SeenSet } from "@copse/ipld/walk";
import type { RandomAccess } from "./access.ts";
import { cidText } from "./check.ts";
import { CarError } from "./errors.ts";
import { type CarIndexReport, openIndexCheck } from "./index-check.ts";
import type { CarKind } from "./kind.ts";
import type { CarReadOptions } from "./options.ts";
import { faultOf } from "./proof.ts";
import type { SortOptions } from "./record-sorter.ts";
import { scanDamaged } from "./scan.ts";
import type { CarBlock } from "./scanner.ts";

/** How to verify a CAR. */
export interface CarVerifyOptions extends Pick<CarReadOptions, "limits" | "signal"> {
  /** CIDs met so far, by which duplicates are told; in memory unless given. */
  readonly seen?: SeenSet | undefined;
  /** Memory for the index that is made to compare with the file's, and where it goes beyond that. */
  readonly sort?: SortOptions | undefined;
  /** Told now and then how much of the file has been gone over. Unit: bytes. */
  readonly onProgress?: ((read: number, total: number, blocks: number) => void) | undefined;
}

/** Blocks and bytes of one kind. */
export interface CarTally {
  readonly blocks: number;
  readonly bytes: number;
}

/** A block that is not what its CID says. `offset` is that of its section in the uncompressed file. */
export interface CarFault {
  readonly cid: string;
  readonly offset: number;
  readonly why: "mismatch" | "hash unknown";
}

/** What is known of a CAR once it was gone over. */
export interface CarReport {
  readonly kind: CarKind;
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** Sections, duplicates included. */
  readonly blocks: number;
  /** Data of the blocks, without CIDs. Unit: bytes. */
  readonly bytes: number;
  readonly largest: number;
  /** By multicodec. */
  readonly codecs: ReadonlyMap<number, CarTally>;
  /** By hash function. */
  readonly hashes: ReadonlyMap<number, CarTally>;
  /** Sections whose CID came before. */
  readonly duplicates: CarTally;
  /** Roots that no section holds. */
  readonly missingRoots: readonly CidBytes[];
  /** The first hundred blocks that are not good; {@link badBlocks} counts all. */
  readonly faults: readonly CarFault[];
  readonly badBlocks: number;
  /** What ended the file before its end: cut, or damaged so that no more sections can be told. */
  readonly damage: CarError | undefined;
  readonly index: CarIndexReport | undefined;
  /** Whether everything is as it should be; duplicates are no fault. */
  readonly isGood: boolean;
}

const faultLimit = 100;
const kindLimit = 256;

/**
 * Goes over a CAR of any kind and tells what is in it and what is wrong with it: each block's hash, roots, duplicates, and
 * whether the index of a CARv2 or `.forest.car.zst` finds each block. It goes on after a bad block, and where the header
 * of a CARv2 or the footer of a `.forest.car.zst` points outside the file, the report says so.
 *
 * Memory: about 40 B a block for duplicates, 16 to 40 B for an index to compare, unless `seen` and `sort` put them aside.
 *
 * @throws {CarError} for a file that is no CAR from its first bytes on
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * const report = await verifyCar(await openFileAccess("mainnet.forest.car.zst"));
 * if (!report.isGood) console.log(report.faults, report.damage);
 */
export async function verifyCar(access: RandomAccess, options: CarVerifyOptions = {}): Promise<CarReport> {
  const { limits, signal } = options;
  const scan = await scanDamaged(access, { limits, signal, verify: false, requireRoots: false, codecs: "any" });
  const tally = new Tally(scan.roots, options.seen ?? new CidSet());
  const index = await openIndexCheck(access, scan, options);
  let damage: CarError | undefined;
  try {
    for await (const { blocks, frame, read } of scan.parts) {
      for (const block of blocks) {
        tally.add(block);
        index?.add(block, frame);
      }
      await index?.rest();
      options.onProgress?.(read, scan.total, tally.blocks);
    }
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
    damage = error;
  }
  const report = tally.report();
  const kinds = { kind: scan.kind, version: scan.version, roots: scan.roots };
  // Of a file that ends early an index is not compared; what is wrong with its place is known without.
  const indexed = damage === undefined || scan.indexFault !== undefined ? await index?.finish() : undefined;
  const isIndexGood = indexed === undefined || indexed.state === "same" || indexed.state === "other";
  const isGood = damage === undefined && report.badBlocks === 0 && report.missingRoots.length === 0 && isIndexGood;
  return { ...kinds, ...report, damage, index: indexed, isGood };
}

/** What is counted block by block. */
class Tally {
  blocks = 0;
  #bytes = 0;
  #largest = 0;
  #badBlocks = 0;
  readonly #codecs = new Map<number, { blocks: number; bytes: number }>();
  readonly #hashes = new Map<number, { blocks: number; bytes: number }>();
  readonly #duplicates = { blocks: 0, bytes: 0 };
  readonly #faults: CarFault[] = [];
  readonly #roots: readonly CidBytes[];
  readonly #seen: SeenSet;

  constructor(roots: readonly CidBytes[], seen: SeenSet) {
    this.#roots = roots;
    this.#seen = seen;
  }

  add({ cid, bytes, offset }: CarBlock): void {
    const { codec, hash } = readCid(cid);
    this.blocks++;
    this.#bytes += bytes.length;
    this.#largest = Math.max(this.#largest, bytes.length);
    count(this.#codecs, codec, bytes.length);
    count(this.#hashes, hash, bytes.length);
    if (!this.#seen.add(cid)) {
      this.#duplicates.blocks++;
      this.#duplicates.bytes += bytes.length;
    }
    const why = faultOf(cid, bytes);
    if (why === undefined) return;
    if (this.#badBlocks++ < faultLimit) this.#faults.push({ cid: cidText(cid), offset, why });
  }

  report() {
    return {
      blocks: this.blocks,
      bytes: this.#bytes,
      largest: this.#largest,
      codecs: this.#codecs,
      hashes: this.#hashes,
      duplicates: this.#duplicates,
      missingRoots: this.#roots.filter((root) => readCid(root).hash !== hashes.identity && !this.#seen.has(root)),
      faults: this.#faults,
      badBlocks: this.#badBlocks,
    };
  }
}

function count(tallies: Map<number, { blocks: number; bytes: number }>, key: number, bytes: number): void {
  // A file may name a codec a block: past a number that none has they are counted together, as -1.
  const name = tallies.size < kindLimit || tallies.has(key) ? key : -1;
  const tally = tallies.get(name) ?? { blocks: 0, bytes: 0 };
  tally.blocks++;
  tally.bytes += bytes;
  tallies.set(name, tally);
}
