import { type AbortOptions, abortFault } from "@copse/primitives";
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { BytePile } from "./byte-pile.ts";
import type { Clock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";

/** How long a peer who may be hostile may keep us reading. */
export interface TimeLimits {
  /** Most milliseconds until the end. */
  readonly totalMs: number;
  /** Most milliseconds until the first byte. */
  readonly firstByteMs?: number;
  /** Least bytes a second once the first came, looked at every `floorWindowMs`; 0 switches it off. */
  readonly floor?: number;
  /** Milliseconds over which the floor is measured. Default 2,000. */
  readonly floorWindowMs?: number;
}

/** Bounds of reading one message, or one whole stream. */
export interface ReadLimits extends TimeLimits {
  /** Most bytes. One more and the stream is reset. */
  readonly maxBytes: number;
  readonly firstByteMs: number;
}

/** What every reading needs to know besides the stream. */
interface Reading extends AbortOptions {
  readonly clock: Clock;
  /** For errors. */
  readonly protocol: string;
  /** For errors. */
  readonly peer: string;
  /** Told of the first byte, for latency. */
  readonly onFirstByte?: () => void;
}

/** What {@link readToEnd} needs to know besides the stream. */
export interface ReadOptions extends Reading {
  readonly limits: ReadLimits;
}

/** What {@link readPieces} needs to know besides the stream. */
export interface PiecesOptions extends Reading, TimeLimits {
  /** Takes a piece as it comes; true ends the reading. A throw does too, and resets the stream. */
  readonly onPiece: (piece: Uint8Array) => boolean;
}

/**
 * Reads until the remote closes its end. Resets the stream on every failure, so that nothing keeps flowing into memory.
 *
 * Size: at most `limits.maxBytes`, held once as it comes and once joined. The result belongs to the caller.
 *
 * @throws {NetworkError} `network/message-too-long`, `network/answer-late`, `network/answer-slow`, `network/peer-gone`
 * @throws {HostFault} `host/aborted`
 */
export async function readToEnd(stream: Stream, { limits, ...options }: ReadOptions): Promise<Uint8Array> {
  const { maxBytes, ...times } = limits;
  const pile = new BytePile();
  const onPiece = (piece: Uint8Array): boolean => {
    const received = pile.length + piece.byteLength;
    if (received > maxBytes) {
      throw new NetworkError("network/message-too-long", { protocol: options.protocol, received, limit: maxBytes });
    }
    pile.add(piece);
    return false;
  };
  await readPieces(stream, { ...options, ...times, onPiece });
  return pile.join();
}

/**
 * Hands over what comes until the taker has enough, or the remote closes its end. The stream is reset on every failure;
 * one whose taker has enough is left as it is.
 *
 * @returns whether the taker had enough
 * @throws {NetworkError} `network/answer-late`, `network/answer-slow`, `network/peer-gone`, and whatever `onPiece` throws
 * @throws {HostFault} `host/aborted`
 */
export function readPieces(stream: Stream, options: PiecesOptions): Promise<boolean> {
  const { protocol, peer, signal, onPiece } = options;
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      pace.stop();
      stream.removeEventListener("message", onMessage);
      stream.removeEventListener("remoteCloseWrite", onFinish);
      stream.removeEventListener("end", onEnd);
      stream.removeEventListener("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      finish();
    };
    const fail = (error: Error): void =>
      settle(() => {
        stream.abort(error);
        reject(error);
      });
    const pace = new Pace(options, fail);
    // a connection that ends also ends the stream: only the remote's own half-close says that this was all
    let finished = stream.remoteWriteStatus === "closed" && stream.status === "open";
    // bytes that negotiation read ahead are put back after "end" was told: then nobody will tell it again
    const endedBefore = stream.readableEnded;
    const onMessage = ({ data }: StreamMessageEvent): void => {
      try {
        for (const piece of data instanceof Uint8Array ? [data] : data) {
          pace.count(piece.byteLength);
          if (!onPiece(piece)) continue;
          settle(() => resolve(true));
          return;
        }
        if (endedBefore && stream.readBufferLength === 0) onEnd();
      } catch (error) {
        fail(error as Error);
      }
    };
    const gone = (cause: unknown): void => {
      const reason = reasonOf(cause ?? "the connection ended");
      fail(new NetworkError("network/peer-gone", { peer, protocol, reason }, { cause }));
    };
    const onFinish = (): void => {
      finished = true;
    };
    const onEnd = (): void => {
      if (finished) settle(() => resolve(false));
      else gone(undefined);
    };
    const onClose = (event: StreamCloseEvent): void => {
      if (finished && event.error === undefined) onEnd();
      else gone(event.error);
    };
    const onAbort = (): void => fail(abortFault(signal as AbortSignal));
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.addEventListener("close", onClose);
    stream.addEventListener("remoteCloseWrite", onFinish);
    stream.addEventListener("end", onEnd);
    stream.addEventListener("message", onMessage);
    if (stream.status !== "open") gone(`the stream is ${stream.status}`);
    else if (endedBefore && stream.readBufferLength === 0) onEnd();
  });
}

/** Holds what comes against the clock until it is stopped; fails the reading that is late or too slow. */
class Pace {
  readonly #options: PiecesOptions;
  readonly #fail: (error: NetworkError) => void;
  readonly #started: number;
  #received = 0;
  readonly #cancelTotal: () => void;
  readonly #cancelFirst: (() => void) | undefined;
  #cancelFloor: (() => void) | undefined;

  constructor(options: PiecesOptions, fail: (error: NetworkError) => void) {
    const { clock, firstByteMs, totalMs } = options;
    this.#options = options;
    this.#fail = fail;
    this.#started = clock.now();
    const late = (): void => this.#late();
    if (firstByteMs !== undefined) this.#cancelFirst = clock.after(firstByteMs, late);
    this.#cancelTotal = clock.after(totalMs, late);
  }

  /** Counts bytes as they come. */
  count(length: number): void {
    if (this.#received === 0) {
      this.#cancelFirst?.();
      this.#options.onFirstByte?.();
      if (this.#options.floor) this.#watchFloor(this.#options.floor, 0);
    }
    this.#received += length;
  }

  stop(): void {
    this.#cancelFirst?.();
    this.#cancelTotal();
    this.#cancelFloor?.();
  }

  #late(): void {
    const { clock, protocol } = this.#options;
    const waitedMs = Math.round(clock.now() - this.#started);
    this.#fail(new NetworkError("network/answer-late", { protocol, received: this.#received, waitedMs }));
  }

  #watchFloor(floor: number, before: number): void {
    const { clock, protocol, floorWindowMs = 2_000 } = this.#options;
    this.#cancelFloor = clock.after(floorWindowMs, () => {
      const received = this.#received;
      const bytesPerSecond = Math.round(((received - before) * 1000) / floorWindowMs);
      if (bytesPerSecond >= floor) this.#watchFloor(floor, received);
      else this.#fail(new NetworkError("network/answer-slow", { protocol, received, bytesPerSecond, floor }));
    });
  }
}
