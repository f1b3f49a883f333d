import { type FileHandle, open } from "node:fs/promises";
import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { openSpill } from "./access.node.ts";
import { CarError } from "./errors.ts";
import { carV2PrologueBytes, encodeCarV2Prologue } from "./header.ts";
import { host } from "./host.node.ts";
import { CarIndexBuilder, type CarIndexOptions } from "./index-builder.ts";
import type { CarLimits, CarReadOptions } from "./options.ts";
import { type CarReader, readCar } from "./read.ts";
import { type SaveOptions, saveFile, writeChunks } from "./save.node.ts";
import { type CarEntry, createCarWriter, writeCar } from "./write.ts";
import { compressZstd, decompressZstd } from "./zstd.node.ts";
import { isZstd } from "./zstd-frame.ts";

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
export interface CarSaveOptions extends AbortOptions, SaveOptions {
  readonly version?: 1 | 2 | undefined;
  /** Puts an index into a CARv2. */
  readonly index?: CarIndexOptions | undefined;
  /** The same limit as the reader's, so that what is written can be read. */
  readonly limits?: Pick<CarLimits, "sectionBytes"> | undefined;
  /** Compresses a CARv1 by zstd at this level; plain where absent. */
  readonly zstdLevel?: number | undefined;
}

/**
 * Writes a CAR file: under a temporary name beside it, flushed, then renamed, so that `path` is never half a file. With
 * `overwrite: false` a file that is there, or comes there meanwhile, is never replaced.
 *
 * @returns the size of the file in bytes
 * @throws {CarError} `car/section-too-long`, `car/not-compressible` for a compressed CARv2, `car/file-exists`
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
  if (options.version === 2 && options.index !== undefined) return saveIndexed(path, roots, blocks, options);
  return saveFile(
    path,
    async (writer) => {
      const plain = writeCar(roots, blocks, { signal: options.signal, limits: options.limits });
      const chunks = options.zstdLevel === undefined ? plain : compressZstd(plain, { level: options.zstdLevel });
      // A file can be written out of order: the prologue of a CARv2 goes in last, when the size is known.
      const start = options.version === 2 ? carV2PrologueBytes : 0;
      const size = await writeChunks(writer, chunks, start, options.signal);
      if (start > 0) await writer.write(encodeCarV2Prologue(size - start), 0);
      return size;
    },
    options,
  );
}

/** Data first, then the index, which is sorted on disk once it outgrows its memory; the prologue last. */
async function saveIndexed(
  path: string,
  roots: readonly CidBytes[],
  blocks: Iterable<CarEntry> | AsyncIterable<CarEntry>,
  { index: indexOptions = {}, limits, overwrite, signal }: CarSaveOptions,
): Promise<number> {
  const spill = indexOptions.spill ?? (await openSpill());
  try {
    return await saveFile(
      path,
      async (writer) => {
        const index = new CarIndexBuilder({ ...indexOptions, spill });
        const data = createCarWriter(roots, { limits });
        let end = carV2PrologueBytes;
        const put = async (chunk: Uint8Array): Promise<void> => {
          await writer.write(chunk, end);
          end += chunk.length;
        };
        for await (const { cid, bytes } of blocks) {
          assertNotAborted(signal);
          index.add(cid, data.size);
          const chunk = data.put(cid, bytes);
          if (chunk !== undefined) await put(chunk);
          if (index.isFull) await index.spill();
        }
        await put(data.end());
        const claim = { isIndexed: true, isFullyIndexed: indexOptions.identity === true };
        await writer.write(encodeCarV2Prologue(end - carV2PrologueBytes, claim), 0);
        return writeChunks(writer, index.write(), end, signal);
      },
      { overwrite },
    );
  } finally {
    if (indexOptions.spill === undefined) await spill.close();
  }
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

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
