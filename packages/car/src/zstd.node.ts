import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress, createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { isCopseError } from "@copse/primitives";
import type { ByteSource } from "./byte-source.ts";
import { CarError } from "./errors.ts";
import type { FrameCompressor, FrameDecoder, FrameEncoder } from "./frame-codec.ts";

/** Most memory a frame may ask for as its window, as a power of two: 128 MiB, what every zstd decoder takes by default. */
const windowLogMax = 27;

/**
 * Decompresses zstd as a stream: any number of frames one after another, skippable ones passed over, so a
 * `.forest.car.zst` gives the CAR inside it. Pulls the source only as it is pulled itself.
 *
 * @throws {CarError} `car/compression-damaged`, also for a stream that ends inside a frame
 * @see RFC 8878
 * @example
 * const car = await readCar(decompressZstd(source));
 */
export async function* decompressZstd(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* through(
    source,
    createZstdDecompress({
      chunkSize: 256 << 10,
      params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
    }),
  );
}

/**
 * Compresses a stream into one zstd frame with a checksum.
 *
 * @example
 * for await (const chunk of compressZstd(writeCar(roots, blocks))) await file.write(chunk);
 */
export async function* compressZstd(
  source: ByteSource,
  options: { readonly level?: number } = {},
): AsyncGenerator<Uint8Array> {
  yield* through(
    source,
    createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: options.level ?? 3, [constants.ZSTD_c_checksumFlag]: 1 },
    }),
  );
}

async function* through(
  source: ByteSource,
  stream: ReturnType<typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source instanceof Uint8Array ? [source] : source, { objectMode: true, highWaterMark: 1 });
  let read = 0;
  try {
    pipeline(input, stream, () => {}); // its error comes out of the loop below
    for await (const chunk of stream) {
      read += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  } catch (error) {
    // What the source threw is its own; the rest is zlib's.
    if (isCopseError(error) || !(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number")
      throw error;
    if ("syscall" in error) throw error;
    throw new CarError("car/compression-damaged", { read, why: error.message }, { cause: error });
  } finally {
    input.destroy();
    stream.destroy();
  }
}

/**
 * What reads frames of a `.forest.car.zst` one by one.
 *
 * @example
 * const { decode } = await loadFrameDecoder();
 */
export async function loadFrameDecoder(): Promise<FrameDecoder> {
  return nodeDecoder;
}

const nodeDecoder: FrameDecoder = {
  decode(frame, limit, offset) {
    try {
      return zstdDecompressSync(frame, {
        maxOutputLength: Math.max(1, limit),
        chunkSize: 64 << 10,
        params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
        throw new CarError("car/frame-too-long", { offset, limit }, { cause: error });
      }
      throw new CarError("car/frame-malformed", { offset, why: error.message }, { cause: error });
    }
  },
};

/** What writes frames of a `.forest.car.zst`: the libzstd that Node.js is built with. */
export const nodeEncoder: FrameEncoder = {
  start: (level) => new NodeCompressor(level),
};

class NodeCompressor implements FrameCompressor {
  readonly #stream: ReturnType<typeof createZstdCompress>;
  #out: Uint8Array[] = [];

  constructor(level: number) {
    this.#stream = createZstdCompress({
      chunkSize: 64 << 10,
      params: { [constants.ZSTD_c_compressionLevel]: level },
    });
    this.#stream.on("data", (chunk: Uint8Array) => this.#out.push(chunk));
  }

  async flush(part: Uint8Array): Promise<Uint8Array> {
    await this.#write(part);
    await new Promise<void>((done) => this.#stream.flush(constants.ZSTD_e_flush, done));
    return this.#take();
  }

  async end(part?: Uint8Array): Promise<Uint8Array> {
    if (part !== undefined) await this.#write(part);
    await new Promise<void>((done, failed) => {
      this.#stream.once("end", done).once("error", failed);
      this.#stream.end();
    });
    return this.#take();
  }

  abandon(): void {
    this.#stream.destroy();
  }

  #write(part: Uint8Array): Promise<void> {
    return new Promise((done, failed) => {
      this.#stream.write(part, (error) => (error ? failed(error) : done()));
    });
  }

  #take(): Uint8Array {
    const out = this.#out;
    this.#out = [];
    return out.length === 1 ? (out[0] as Uint8Array) : Buffer.concat(out);
  }
}
