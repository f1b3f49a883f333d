import { type CarBlock, CarScanner } from "@copse/car";
import { createCarStore, type SyncAccess, type SyncCarStore } from "@copse/car/store";
import { plainBytes } from "@copse/car/zstd";
import { concatBytes, isCopseError } from "@copse/primitives";
import { ExplorerError } from "../errors.ts";
import type { OnProgress } from "../verify/report.ts";
import { f3SectionOf, snapshotStartBytes } from "./snapshot-head.ts";

/** Most that a file compressed as a whole may unpack to. Unit: bytes. */
const mostUnpacked = 64 * 2 ** 30;
/** Most that F3 data in a snapshot may take; it is never held as a whole. Unit: bytes. */
const mostF3Bytes = 16 * 2 ** 30;

/** Bytes of a file, which can be read from the start or where they lie. */
export interface FileBytes {
  readonly size: number;
  chunks(onBytes: (read: number) => void): AsyncIterable<Uint8Array>;
  access(): SyncAccess;
}

/** Takes what a file unpacks to. */
export interface Spool {
  readonly size: number;
  add(chunk: Uint8Array): void;
  finish(): FileBytes;
}

/** A CAR whose every block has the hash that its CID names. */
export interface ChainFile {
  readonly store: SyncCarStore;
  readonly blocks: number;
  /** Uncompressed. */
  readonly bytes: number;
}

/**
 * Opens a CAR of any kind: version 1 or 2, plain, zstd or `.forest.car.zst`. Every block of it is hashed, also those that no
 * check needs; but not the F3 data of a snapshot, which is hashed when it is read.
 *
 * Memory: a few chunks, and the index of a plain CAR: 16.5 B a block. A file compressed as a whole is unpacked into the spool.
 *
 * @throws {CarError} the first block that does not match, or what else is wrong
 * @throws {ExplorerError} `explorer/file-too-large`
 */
export async function openChainFile(file: FileBytes, spoolOf: () => Spool, onProgress: OnProgress): Promise<ChainFile> {
  const inPlace = await openInPlace(file);
  const spool = inPlace === undefined ? spoolOf() : undefined;
  const phase = spool === undefined ? "hashing blocks" : "unpacking, hashing blocks";
  const scanner = new CarScanner();
  let blocks = 0;
  let bytes = 0;
  async function* unpacked(): AsyncGenerator<Uint8Array> {
    const source = file.chunks((done) => onProgress({ phase, done, total: file.size, unit: "bytes" }));
    for await (const chunk of plainBytes(source)) {
      bytes += chunk.length;
      spool?.add(chunk);
      assertUnpacked(spool?.size ?? 0);
      yield chunk;
    }
  }
  for await (const chunk of withoutF3(unpacked())) {
    if (scanner.done) continue; // an index may follow, which the store reads
    const found: CarBlock[] = [];
    scanner.push(chunk, found);
    blocks += found.length;
  }
  scanner.end();
  const store = inPlace ?? (await createCarStore((spool as Spool).finish().access(), options));
  return { store, blocks, bytes };
}

const options = { limits: { sectionBytes: mostF3Bytes } };

/** Passes over the section of F3 data, where a CAR begins as a snapshot with one. */
async function* withoutF3(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array(0);
  let section: ReturnType<typeof f3SectionOf>;
  let at = 0; // offset of the next chunk
  function* outside(chunk: Uint8Array): Generator<Uint8Array> {
    const { from, to } = section ?? { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    const [before, after] = [from, to].map((end) => Math.min(Math.max(0, end - at), chunk.length));
    at += chunk.length;
    if (before !== 0) yield chunk.subarray(0, before);
    if (after !== chunk.length) yield chunk.subarray(after);
  }
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield* outside(chunk);
      continue;
    }
    start = concatBytes(start, chunk);
    if (start.length < snapshotStartBytes) continue;
    section = f3SectionOf(start);
    yield* outside(start);
    start = undefined;
  }
  if (start === undefined) return;
  section = f3SectionOf(start);
  yield* outside(start);
}

function assertUnpacked(found: number): void {
  if (found <= mostUnpacked) return;
  throw new ExplorerError("explorer/file-too-large", { what: "unpacked file", found, limit: mostUnpacked });
}

/** `undefined` for a file that is compressed as a whole. */
async function openInPlace(file: FileBytes): Promise<SyncCarStore | undefined> {
  try {
    return await createCarStore(file.access(), options);
  } catch (error) {
    if (isCopseError(error, "car/not-in-place")) return undefined;
    throw error;
  }
}
