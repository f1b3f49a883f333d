import { type FileHandle, open, rename, rm } from "node:fs/promises";
import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, HostFault, isCopseError } from "@copse/primitives";
import { CarError } from "./errors.ts";
import { encodeCarV2Prologue } from "./header.ts";
import type { CarReadOptions } from "./options.ts";
import { type CarReader, readCar } from "./read.ts";
import { type CarEntry, writeCar } from "./write.ts";
import { compressZstd, decompressZstd } from "./zstd.node.ts";

const chunkBytes = 1 << 20;

/** A CAR file that is open. It is closed when its blocks are read, or left, or by `close`. */
export interface CarFile extends CarReader, AsyncDisposable {
  readonly path: string;
  /** Whether the file is zstd; sizes and offsets are those of what is inside. */
  readonly compressed: boolean;
  close(): Promise<void>;
}

/**
 * Opens a `.car`, `.car.zst` or `.forest.car.zst`; which one is told by its first bytes, not its name.
 *
 * @throws {CarError} as {@link readCar}, and `car/compression-damaged`
 * @throws {HostFault} `host/store-failed` when the file cannot be read, `host/aborted`
 * @example
 * await using car = await openCarFile("mainnet.forest.car.zst");
 * for await (const { cid, bytes } of car.blocks) store.putSync(cid, bytes);
 */
export async function openCarFile(path: string, options: CarReadOptions = {}): Promise<CarFile> {
  const file = await host("open", path, open(path, "r"));
  const close = once(() => host("close", path, file.close()));
  try {
    const compressed = isZstd(await head(file, path));
    const chunks = chunksOf(file, path, close, options);
    const car = await readCar(compressed ? decompressZstd(chunks) : chunks, options);
    return { ...car, path, compressed, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How to write a CAR file. */
export interface CarSaveOptions extends AbortOptions {
  readonly version?: 1 | 2 | undefined;
  /** Compresses a CARv1 by zstd at this level; plain where absent. */
  readonly zstdLevel?: number | undefined;
}

/**
 * Writes a CAR file: under a temporary name beside it, flushed, then renamed, so that `path` is never half a file.
 *
 * @returns the size of the file in bytes
 * @throws {CarError} `car/section-too-long`, `car/not-compressible` for a compressed CARv2
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * await saveCarFile("out.car", roots, blocks);
 */
export async function saveCarFile(
  path: string,
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  options: CarSaveOptions = {},
): Promise<number> {
  if (options.version === 2 && options.zstdLevel !== undefined)
    throw new CarError("car/not-compressible", { version: 2 });
  const temporary = `${path}.tmp`;
  const file = await host("open", temporary, open(temporary, "w"));
  let size = 0;
  try {
    const plain = writeCar(roots, blocks, { signal: options.signal });
    const chunks = options.zstdLevel === undefined ? plain : compressZstd(plain, { level: options.zstdLevel });
    // A file can be written out of order: the prologue of a CARv2 goes in last, when the size is known.
    const prologue = options.version === 2 ? encodeCarV2Prologue(0).length : 0;
    size = prologue;
    for await (const chunk of chunks) {
      assertNotAborted(options.signal);
      await host("write", temporary, writeAll(file, chunk, size));
      size += chunk.length;
    }
    if (prologue > 0) await host("write", temporary, writeAll(file, encodeCarV2Prologue(size - prologue), 0));
    await host("sync", temporary, file.sync());
    await host("close", temporary, file.close());
    await host("rename", path, rename(temporary, path));
    return size;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether bytes open a zstd stream: a frame, or one of the sixteen kinds of skippable frame. */
function isZstd(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

async function head(file: FileHandle, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(4);
  const { bytesRead } = await host("read", path, file.read(bytes, 0, 4, 0));
  return bytes.subarray(0, bytesRead);
}

/** Fresh memory for every chunk: blocks are views of it and may outlive the next read. */
async function* chunksOf(
  file: FileHandle,
  path: string,
  close: () => Promise<void>,
  options: AbortOptions,
): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; ; ) {
      assertNotAborted(options.signal);
      const { bytesRead, buffer } = await host("read", path, file.read(new Uint8Array(chunkBytes), 0, chunkBytes, at));
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}

/** Trouble of the file system is the host's, not the file's. */
async function host<T>(operation: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isCopseError(error)) throw error;
    const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
    throw new HostFault("host/store-failed", { operation, reason }, { cause: error });
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
