import { constants, createZstdCompress, createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { isCopseError } from "@copse/primitives";
import type { ByteSource } from "./byte-source.ts";
import { CarError } from "./errors.ts";
import type { FrameCompressor, FrameDecoder, FrameEncoder } from "./frame-codec.ts";
import { openZstd } from "./sniff.ts";
import { FrameWalker } from "./zstd-frame.ts";

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
 * Decompresses a stream where it is zstd, and passes it on where it is not: for what comes without a name.
 *
 * @throws {CarError} `car/compression-damaged`
 * @example
 * const car = await readCar(plainBytes(process.stdin));
 */
export async function* plainBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* openZstd(source, decompressZstd);
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

/** Pieces the stream is fed: of the piece in which damage shows, nothing comes out. */
const pieceBytes = 64 << 10;

/**
 * Puts a source through a stream of zlib, a piece at a time. All that came out before a fault is given before it is thrown,
 * which the stream's own iterator does not do.
 */
async function* through(
  source: ByteSource,
  stream: ReturnType<typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  let failure: unknown;
  // A stream that fails closes; it does not call back what was under way.
  let release: () => void = () => {};
  stream.once("close", () => release());
  const settled = (work: (done: (error?: Error | null) => void) => void): Promise<void> =>
    new Promise((resolve) => {
      if (stream.closed) resolve();
      release = resolve;
      work((error) => {
        failure ??= error ?? undefined;
        resolve();
      });
    });
  stream.on("error", (error) => {
    failure ??= error;
  });
  /** What comes out until the work is done. */
  async function* during(work: Promise<void>): AsyncGenerator<Uint8Array> {
    let isDone = false;
    const done = work.then(() => {
      isDone = true;
    });
    for (;;) {
      for (let chunk = stream.read() as Uint8Array | null; chunk !== null; chunk = stream.read() as Uint8Array | null) {
        read += chunk.length;
        yield chunk;
      }
      if (isDone) return;
      let wake: () => void = () => {};
      const readable = new Promise<void>((resolve) => {
        wake = resolve;
        stream.once("readable", wake);
      });
      await Promise.race([done, readable]);
      stream.off("readable", wake);
    }
  }
  try {
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      for (let at = 0; at < chunk.length && failure === undefined; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        yield* during(settled((done) => stream.write(piece, done)));
      }
      if (failure !== undefined) break;
    }
    if (failure === undefined) {
      const ended = settled((done) => {
        stream.once("end", () => done());
        stream.end();
      });
      yield* during(ended);
    }
    if (failure !== undefined) throw faultOf(failure, read);
  } finally {
    stream.destroy();
  }
}

/** What zlib says of its input is about the file; anything else is as it is. */
function faultOf(error: unknown, read: number): unknown {
  if (isCopseError(error) || !(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") {
    return error;
  }
  if ("syscall" in error) return error;
  return new CarError("car/compression-damaged", { read, why: error.message }, { cause: error });
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
  decode(frame, limit, offset, isCut = false) {
    try {
      return zstdDecompressSync(frame, {
        maxOutputLength: Math.max(1, limit),
        // Most frames give two to three times their size: what is allocated is then what is kept.
        chunkSize: Math.max(16 << 10, Math.min(3 * frame.length, 1 << 20)),
        params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
        finishFlush: isCut ? constants.ZSTD_e_continue : constants.ZSTD_e_end,
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

/**
 * What writes frames of a `.forest.car.zst`: the libzstd that Node.js is built with. A context that has ended a frame begins
 * the next: making one for each frame, of a megabyte and a half, took more than half of the time. The bytes are the same.
 */
export function createNodeEncoder(): FrameEncoder {
  const idle = new Map<number, CompressStream>();
  let frames = 0;
  const close = (): void => {
    for (const stream of idle.values()) stream.destroy();
    idle.clear();
  };
  return {
    start(level) {
      // What zstd does once a context has seen gigabytes is not put to the test: a fresh one comes long before.
      if (++frames % framesOfContext === 0) close();
      return new NodeCompressor(level, idle);
    },
    close,
  };
}

const framesOfContext = 4096;

type CompressStream = ReturnType<typeof createZstdCompress>;

class NodeCompressor implements FrameCompressor {
  readonly #level: number;
  /** Streams between two frames, by level. */
  readonly #idle: Map<number, CompressStream>;
  readonly #walker = new FrameWalker(0);
  #stream: CompressStream | undefined;

  constructor(level: number, idle: Map<number, CompressStream>) {
    this.#level = level;
    this.#idle = idle;
  }

  async flush(part: Uint8Array): Promise<Uint8Array> {
    this.#stream ??= this.#idle.get(this.#level) ?? openCompress(this.#level, constants.ZSTD_e_flush);
    this.#idle.delete(this.#level);
    const stream = this.#stream;
    // It flushes after each write: both in one turn of the thread pool.
    return this.#ofFrame(await during(stream, (done) => stream.write(part, done)));
  }

  async end(part?: Uint8Array): Promise<Uint8Array> {
    const stream = this.#stream ?? openCompress(this.#level, constants.ZSTD_e_continue);
    const isKept = this.#stream !== undefined && !this.#idle.has(this.#level);
    this.#stream = undefined;
    try {
      const first = part === undefined ? nothing : await during(stream, (done) => stream.write(part, done));
      const rest = await during(stream, (done) => stream.flush(constants.ZSTD_e_end, () => done()));
      if (isKept) this.#idle.set(this.#level, stream);
      return this.#ofFrame(first.length === 0 ? rest : Buffer.concat([first, rest]));
    } finally {
      if (!isKept) stream.destroy();
    }
  }

  abandon(): void {
    this.#stream?.destroy();
  }

  /**
   * What belongs to the frame. Where its end just fills the buffer that Node.js gives zstd, Node.js calls zstd once more, and
   * an empty frame comes after it.
   */
  #ofFrame(bytes: Uint8Array): Uint8Array {
    return bytes.subarray(0, this.#walker.push(bytes, 0));
  }
}

const nothing = new Uint8Array(0);

function openCompress(level: number, flush: number): CompressStream {
  return createZstdCompress({ chunkSize: 16 << 10, flush, params: { [constants.ZSTD_c_compressionLevel]: level } });
}

/** What comes out of a stream while it does something. */
function during(stream: CompressStream, work: (done: (error?: Error | null) => void) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const out: Uint8Array[] = [];
    const take = (chunk: Uint8Array): void => void out.push(chunk);
    const fail = (error: Error): void => reject(error);
    stream.on("data", take).on("error", fail);
    work((error) => {
      stream.off("data", take).off("error", fail);
      if (error) reject(error);
      else resolve(out.length === 1 ? (out[0] as Uint8Array) : Buffer.concat(out));
    });
  });
}
