import { readUvarint, VarintError } from "@copse/primitives";
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { BytePile } from "./byte-pile.ts";
import { NetworkError } from "./errors.ts";

/** What {@link readFrames} needs to know besides the stream. */
export interface FrameOptions {
  /** Most bytes of a frame. */
  readonly maxBytes: number;
  readonly protocol: string;
  readonly signal?: AbortSignal;
  /** Takes a frame, before the next is looked at. A throw ends the stream. The bytes are the callee's. */
  readonly onFrame: (frame: Uint8Array) => void;
}

/**
 * Reads length-prefixed messages until the remote is done. What it holds is bounded by one frame; frames are handled as
 * they come, in the same turn, so nothing queues up.
 *
 * @throws {NetworkError} `network/message-too-long`, `network/message-malformed`, `network/message-cut`; whatever `onFrame` throws
 */
export function readFrames(stream: Stream, options: FrameOptions): Promise<void> {
  const buffer = new FrameBuffer(options.maxBytes, options.protocol);
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.removeEventListener("message", onMessage);
      stream.removeEventListener("end", onEnd);
      stream.removeEventListener("close", onClose);
      options.signal?.removeEventListener("abort", onAbort);
      if (error !== undefined) stream.abort(error);
      if (error === undefined) resolve();
      else reject(error);
    };
    // bytes that negotiation read ahead are put back after "end" was told: then nobody will tell it again
    const endedBefore = stream.readableEnded;
    const onMessage = (event: StreamMessageEvent): void => {
      try {
        buffer.add(event.data.subarray());
        for (let frame = buffer.take(); frame !== undefined; frame = buffer.take()) options.onFrame(frame);
        if (endedBefore && stream.readBufferLength === 0) onEnd();
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = (): void => {
      const received = buffer.length;
      const cut = received > 0 && new NetworkError("network/message-cut", { protocol: options.protocol, received });
      settle(cut || undefined);
    };
    const onClose = (event: StreamCloseEvent): void => settle(event.error ?? undefined);
    const onAbort = (): void => settle(new NetworkError("network/host-not-running", { state: "stopped" }));
    if (options.signal?.aborted) return onAbort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    stream.addEventListener("close", onClose);
    stream.addEventListener("end", onEnd);
    stream.addEventListener("message", onMessage);
    if (stream.status !== "open" || (endedBefore && stream.readBufferLength === 0)) onEnd();
  });
}

/** Bytes of a stream, cut into length-prefixed frames. */
export class FrameBuffer {
  readonly #maxBytes: number;
  readonly #protocol: string;
  #pile = new BytePile();
  /** Where the frame under way begins and ends, once its length is there. */
  #frame: { start: number; end: number } | undefined;

  constructor(maxBytes: number, protocol: string) {
    this.#maxBytes = maxBytes;
    this.#protocol = protocol;
  }

  /** Bytes held. */
  get length(): number {
    return this.#pile.length;
  }

  add(bytes: Uint8Array): void {
    this.#pile.add(bytes);
  }

  /** The next whole frame; undefined when it is not there yet. @throws {NetworkError} */
  take(): Uint8Array | undefined {
    this.#frame ??= this.#head();
    if (this.#frame === undefined || this.#pile.length < this.#frame.end) return undefined;
    const { start, end } = this.#frame;
    const all = this.#pile.join();
    this.#pile = new BytePile();
    if (end < all.length) this.#pile.add(all.subarray(end));
    this.#frame = undefined;
    return all.slice(start, end);
  }

  #head(): { start: number; end: number } | undefined {
    if (this.#pile.length === 0) return undefined;
    try {
      const { value, end } = readUvarint(this.#pile.join());
      if (value <= BigInt(this.#maxBytes)) return { start: end, end: end + Number(value) };
      const facts = { protocol: this.#protocol, received: Number(value), limit: this.#maxBytes };
      throw new NetworkError("network/message-too-long", facts);
    } catch (error) {
      if (!(error instanceof VarintError)) throw error;
      if (error.code === "varint/cut") return undefined;
      const facts = { protocol: this.#protocol, what: "length of a frame", reason: error.message };
      throw new NetworkError("network/message-malformed", facts, { cause: error });
    }
  }
}
