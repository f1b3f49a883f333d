import { HostFault, isCopseError, joinBytes } from "@copse/primitives";
import type { ByteSource } from "./byte-source.ts";
import { CarError } from "./errors.ts";
import type { FrameDecoder } from "./frame-codec.ts";
import { openZstd } from "./sniff.ts";
import { measureFrame } from "./zstd-frame.ts";

/** Pieces the decoder is fed: it holds a copy of each. */
const pieceBytes = 64 << 10;

/**
 * `decompressZstd` of `@copse/car/node` for browsers, over the optional dependency `zstddec` (WebAssembly).
 *
 * @throws {CarError} `car/compression-damaged`, also for a stream that ends inside a frame
 * @throws {HostFault} `host/worker-failed` where zstddec is not installed or WebAssembly does not load
 * @see RFC 8878
 * @example
 * const car = await readCar(decompressZstd(response.body));
 */
export async function* decompressZstd(source: ByteSource): AsyncGenerator<Uint8Array> {
  const decoder = await loadDecoder();
  const pieces = piecesOf(source);
  let next: Uint8Array | undefined = await pull(pieces);
  // The decoder's loop is synchronous. It takes at most one piece a step, so one piece is kept ready.
  function* ready(): Generator<Uint8Array> {
    while (next !== undefined) {
      const piece = next;
      next = undefined;
      yield piece;
    }
  }
  const steps = decoder.decodeStreaming(ready());
  let read = 0;
  let idle = 0;
  try {
    for (;;) {
      next ??= await pull(pieces);
      const step = stepOf(steps, read);
      if (step.done === true) return;
      // Given damaged input the decoder repeats itself for ever: a step that reads nothing and writes nothing. A sound
      // one reads at least a byte.
      idle = step.value.length === 0 ? idle + 1 : 0;
      if (idle > pieceBytes + 16)
        throw new CarError("car/compression-damaged", { read, why: "the decoder stands still" });
      if (step.value.length === 0) continue;
      read += step.value.length;
      yield step.value;
    }
  } finally {
    next = undefined;
    leave(steps);
    await pieces.return(undefined);
  }
}

/** What a piece may still give when nobody wants it. */
const leftBytes = 16 << 20;

/** Runs a stream to the end of what it was fed, where that is near: the decoder frees what it took only there. */
function leave(steps: Generator<Uint8Array>): void {
  try {
    for (let left = leftBytes; left > 0; ) {
      const step = steps.next();
      if (step.done === true) return;
      left -= Math.max(step.value.length, leftBytes / pieceBytes);
    }
  } catch {
    // it was cut short, which is what leaving is
  }
}

/**
 * What reads frames of a `.forest.car.zst` one by one.
 *
 * @throws {HostFault} `host/worker-failed` where zstddec is not installed or WebAssembly does not load
 * @example
 * const { decode } = await loadFrameDecoder();
 */
export async function loadFrameDecoder(): Promise<FrameDecoder> {
  const decoder = await loadDecoder();
  return {
    decode: (frame, limit, offset, isCut = false) =>
      isCut ? decodeCut(decoder, frame, limit, offset) : decodeWhole(decoder, frame, limit, offset),
  };
}

/**
 * Decompresses a frame in one call, which frees what it took. Streaming would not: the decoder frees nothing of a stream
 * that is left before its end, up to its window of 128 MiB a frame.
 */
function decodeWhole(decoder: Decoder, frame: Uint8Array, limit: number, offset: number): Uint8Array {
  const measured = measureFrame(frame, 0, offset);
  if (typeof measured === "number") throw new CarError("car/frame-malformed", { offset, why: "it is cut short" });
  if (measured.most === 0) return new Uint8Array(0); // a length of 0 asks the decoder to find it by itself
  const content = decoder.decode(frame, Math.min(measured.most, limit));
  if (content.length > 0) return content;
  if (measured.most > limit) throw new CarError("car/frame-too-long", { offset, limit });
  throw new CarError("car/frame-malformed", { offset, why: "its data is damaged" });
}

/** What comes out of the beginning of a frame. Of one that is damaged the decoder keeps some memory: see above. */
function decodeCut(decoder: Decoder, frame: Uint8Array, limit: number, offset: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  let idle = 0;
  try {
    for (const part of decoder.decodeStreaming([frame])) {
      idle = part.length === 0 ? idle + 1 : 0;
      if (idle > frame.length + 16)
        throw new CarError("car/frame-malformed", { offset, why: "the decoder stands still" });
      size += part.length;
      if (size > limit) throw new CarError("car/frame-too-long", { offset, limit });
      parts.push(part);
    }
  } catch (error) {
    if (parts.length > 0) return joinBytes(parts);
    if (isCopseError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new CarError("car/frame-malformed", { offset, why }, { cause: error });
  }
  return joinBytes(parts);
}

/**
 * Decompresses a stream where it is zstd, and passes it on where it is not: for what comes without a name.
 *
 * @throws {CarError} `car/compression-damaged`
 * @throws {HostFault} `host/worker-failed` where zstddec is not installed or WebAssembly does not load
 * @example
 * const car = await readCar(plainBytes(response.body));
 */
export async function* plainBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* openZstd(source, decompressZstd);
}

interface Decoder {
  /** Gives nothing where the data is damaged, or is more than `size`. */
  decode(array: Uint8Array, size: number): Uint8Array;
  decodeStreaming(arrays: Iterable<Uint8Array>): Generator<Uint8Array>;
}

async function loadDecoder(): Promise<Decoder> {
  try {
    const { ZSTDDecoder } = await import("zstddec/stream");
    const decoder = new ZSTDDecoder();
    await decoder.init();
    return decoder;
  } catch (error) {
    const reason = `zstddec does not load: ${error instanceof Error ? error.message : String(error)}`;
    throw new HostFault("host/worker-failed", { reason }, { cause: error });
  }
}

function stepOf(steps: Generator<Uint8Array>, read: number): IteratorResult<Uint8Array> {
  try {
    return steps.next();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CarError("car/compression-damaged", { read, why }, { cause: error });
  }
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    for (let at = 0; at < chunk.length; at += pieceBytes) yield chunk.subarray(at, at + pieceBytes);
  }
}

async function pull(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  const piece = await pieces.next();
  return piece.done === true ? undefined : piece.value;
}
