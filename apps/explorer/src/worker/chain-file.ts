import { type CarBlock, CarScanner } from "@copse/car";
import { createCarStore, type SyncCarStore } from "@copse/car/store";
import { plainBytes } from "@copse/car/zstd";
import { isCopseError } from "@copse/primitives";
import { ExplorerError } from "../errors.ts";
import type { OnProgress } from "../verify/report.ts";
import { BlobSpool, blobAccess, blobChunks } from "./blob-bytes.ts";

/** Most that a file compressed as a whole may unpack to. Unit: bytes. */
const mostUnpacked = 8 * 2 ** 30;

/** A CAR whose every block has the hash that its CID names. */
export interface ChainFile {
  readonly store: SyncCarStore;
  readonly blocks: number;
  /** Uncompressed. */
  readonly bytes: number;
}

/**
 * Opens a CAR of any kind: version 1 or 2, plain, zstd or `.forest.car.zst`. Every block of it is hashed, also those that no
 * check needs.
 *
 * Memory: a few chunks, and the index of a plain CAR: 16.5 B a block. A file compressed as a whole is unpacked into the
 * browser's storage of Blobs.
 *
 * @throws {CarError} the first block that does not match, or what else is wrong
 * @throws {ExplorerError} `explorer/file-too-large`
 */
export async function openChainFile(file: Blob, onProgress: OnProgress): Promise<ChainFile> {
  const inPlace = await openInPlace(file);
  const spool = inPlace === undefined ? new BlobSpool() : undefined;
  const phase = spool === undefined ? "hashing blocks" : "unpacking, hashing blocks";
  const source = plainBytes(blobChunks(file, (done) => onProgress({ phase, done, total: file.size })));
  const scanner = new CarScanner();
  let blocks = 0;
  let unpacked = 0;
  for await (const chunk of source) {
    unpacked += chunk.length;
    spool?.add(chunk);
    assertUnpacked(spool?.size ?? 0);
    if (scanner.done) continue; // an index may follow, which the store reads
    const found: CarBlock[] = [];
    scanner.push(chunk, found);
    blocks += found.length;
  }
  scanner.end();
  const store = inPlace ?? (await createCarStore(blobAccess((spool as BlobSpool).finish())));
  return { store, blocks, bytes: unpacked };
}

function assertUnpacked(found: number): void {
  if (found <= mostUnpacked) return;
  throw new ExplorerError("explorer/file-too-large", { what: "unpacked file", found, limit: mostUnpacked });
}

/** `undefined` for a file that is compressed as a whole. */
async function openInPlace(file: Blob): Promise<SyncCarStore | undefined> {
  try {
    return await createCarStore(blobAccess(file));
  } catch (error) {
    if (isCopseError(error, "car/not-in-place")) return undefined;
    throw error;
  }
}
