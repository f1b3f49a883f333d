import type { CidBytes } from "@copse/ipld";
import { type FileAccess, openFileAccess, openSpill, openSpool } from "./access.node.ts";
import { chunksOf, readLater, readRange } from "./access.ts";
import { type CarStoreOptions, createCarStore, type SyncCarStore } from "./car-store.ts";
import { readForestFooter } from "./forest/footer.ts";
import { type ForestWriteOptions, writeForestFrames } from "./forest/writer.ts";
import { type CarIndexOptions, indexCar } from "./index-builder.ts";
import type { CarReadOptions } from "./options.ts";
import { type FileWriter, type SaveOptions, saveFile, writeChunks } from "./save.node.ts";
import type { CarEntry } from "./write.ts";
import { createNodeEncoder, decompressZstd } from "./zstd.node.ts";
import { isZstd } from "./zstd-frame.ts";

/** How to open a CAR file as a store. */
export interface CarFileStoreOptions extends Omit<CarStoreOptions, "index"> {
  /** Path of an index in a file of its own. */
  readonly index?: string | undefined;
  /**
   * Decompresses a file that is compressed as a whole into a temporary file without a name, up to so many bytes; without
   * it such a file is refused. Unit: bytes.
   */
  readonly spool?: number | undefined;
}

/**
 * Opens a CAR file as a read-only store that reads blocks where they lie.
 *
 * @throws {CarError} as {@link createCarStore}
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * await using store = await openCarStore("mainnet.forest.car.zst");
 * store.getSync(cid) // => bytes
 */
export async function openCarStore(path: string, options: CarFileStoreOptions = {}): Promise<SyncCarStore> {
  const given = await openFileAccess(path);
  const file = await spooled(given, options);
  try {
    if (options.index === undefined) return await createCarStore(file, { ...options, index: undefined });
    const index = await openFileAccess(options.index);
    try {
      return await createCarStore(file, { ...options, index });
    } catch (error) {
      await index.close();
      throw error;
    }
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file itself, or what is in it where it is compressed as a whole and may be unpacked. */
async function spooled(file: FileAccess, { spool, signal }: CarFileStoreOptions): Promise<FileAccess> {
  try {
    if (spool === undefined || !isZstd(await readRange(file, 0, 4))) return file;
    // As much as can be told without reading it all: an index at the end.
    if ((await readLater(readForestFooter(file.size), file, { signal })) !== undefined) return file;
    const unpacked = await openSpool(decompressZstd(chunksOf(file, 0, file.size, { signal })), spool, { signal });
    await file.close();
    return unpacked;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Makes an index of a CAR file and writes it to a file of its own, as go-car's `car index create` does.
 *
 * Memory: 64 MiB, whatever the size of the file; the rest of the sort is on disk.
 *
 * @returns how many blocks are in the index
 * @throws {CarError} for a file that is no CAR; `car/file-exists` with `overwrite: false`
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * await saveCarIndex("mainnet.car.idx", "mainnet.car");
 * await using store = await openCarStore("mainnet.car", { index: "mainnet.car.idx" });
 */
export async function saveCarIndex(
  path: string,
  carPath: string,
  options: CarIndexOptions & Pick<CarReadOptions, "limits" | "signal"> & SaveOptions = {},
): Promise<number> {
  await using file = await openFileAccess(carPath);
  const spill = options.spill ?? (await openSpill());
  try {
    let count = 0;
    const fill = async (writer: FileWriter): Promise<number> => {
      const index = await indexCar(file, { ...options, spill });
      count = index.count;
      return writeChunks(writer, index.write(), 0, options.signal);
    };
    await saveFile(path, fill, options);
    return count;
  } finally {
    if (options.spill === undefined) await spill.close();
  }
}

/**
 * Writes a `.forest.car.zst` as a stream. @see {@link saveForestCar}
 *
 * @throws {CarError} `car/section-too-long`
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * for await (const chunk of writeForestCar(roots, blocks)) process.stdout.write(chunk);
 */
export async function* writeForestCar(
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  options: ForestWriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const spill = options.sort?.spill ?? (await openSpill());
  const encoder = options.encoder ?? createNodeEncoder();
  try {
    const sort = { memoryBytes: options.sort?.memoryBytes, spill };
    yield* writeForestFrames(roots, blocks, { ...options, sort, encoder });
  } finally {
    if (options.encoder === undefined) encoder.close?.();
    if (options.sort?.spill === undefined) await spill.close();
  }
}

/**
 * Writes a `.forest.car.zst`, byte for byte as Forest does with the libzstd that Node.js has: under a temporary name,
 * flushed, then renamed. The index is sorted on disk once it outgrows 64 MiB.
 *
 * @returns the size of the file in bytes
 * @throws {CarError} `car/section-too-long`; `car/file-exists` with `overwrite: false`
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * await saveForestCar("out.forest.car.zst", roots, blocks);
 */
export function saveForestCar(
  path: string,
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  options: ForestWriteOptions & SaveOptions = {},
): Promise<number> {
  const chunks = (): AsyncGenerator<Uint8Array> => writeForestCar(roots, blocks, options);
  return saveFile(path, (writer) => writeChunks(writer, chunks(), 0, options.signal), options);
}
