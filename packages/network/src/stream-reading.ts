import { type AbortOptions, abortFault } from "@copse/primitives";
import type { Stream, StreamCloseEvent, StreamMessageEvent } from "@libp2p/interface";
import { BytePile } from "./byte-pile.ts";
import type { Clock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";

/** Bounds of reading one message, or one whole stream, from a peer who may be hostile. */
export interface ReadLimits {
  /** Most bytes. One more and the stream is reset. */
  readonly maxBytes: number;
  /** Most milliseconds until the first byte. */
  readonly firstByteMs: number;
  /** Most milliseconds until the end. */
  readonly totalMs: number;
  /** Least bytes a second once the first came, looked at every `floorWindowMs`; 0 switches it off. */
  readonly floor?: number;
  /** Milliseconds over which the floor is measured. Default 2,000. */
  readonly floorWindowMs?: number;
}

/** What {@link readToEnd} needs to know besides the stream. */
export interface ReadOptions extends AbortOptions {
  readonly limits: ReadLimits;
  readonly clock: Clock;
  /** For errors. */
  readonly protocol: string;
  /** For errors. */
  readonly peer: string;
  /** Told of the first byte, for latency. */
  readonly onFirstByte?: () => void;
}

/**
 * Reads until the remote closes its end. Resets the stream on every failure, so that nothing keeps flowing into memory.
 *
 * Size: at most `limits.maxBytes`, held once as it comes and once joined. The result belongs to the caller.
 *
 * @throws {NetworkError} `network/message-too-long`, `network/answer-late`, `network/answer-slow`, `network/peer-gone`
 * @throws {HostFault} `host/aborted`
 */
export function readToEnd(stream: Stream, options: ReadOptions): Promise<Uint8Array> {
  const { clock, limits, protocol, signal } = options;
  const started = clock.now();
  const pile = new BytePile();
  let received = 0;
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      cancelFirst();
      cancelTotal();
      cancelFloor?.();
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
    const onMessage = (event: StreamMessageEvent): void => {
      if (received === 0) firstByte();
      received += event.data.byteLength;
      if (received > limits.maxBytes) {
        fail(new NetworkError("network/message-too-long", { protocol, received, limit: limits.maxBytes }));
        return;
      }
      if (event.data instanceof Uint8Array) pile.add(event.data);
      else for (const part of event.data) pile.add(part);
      if (endedBefore && stream.readBufferLength === 0) onEnd();
    };
    const gone = (cause: unknown): void => {
      const reason = reasonOf(cause ?? "the connection ended");
      fail(new NetworkError("network/peer-gone", { peer: options.peer, protocol, reason }, { cause }));
    };
    // a connection that ends also ends the stream: only the remote's own half-close says that this was all
    let finished = stream.remoteWriteStatus === "closed" && stream.status === "open";
    // bytes that negotiation read ahead are put back after "end" was told: then nobody will tell it again
    const endedBefore = stream.readableEnded;
    const onFinish = (): void => {
      finished = true;
    };
    const onEnd = (): void => {
      if (finished) settle(() => resolve(pile.join()));
      else gone(undefined);
    };
    const onClose = (event: StreamCloseEvent): void => {
      if (finished && event.error === undefined) onEnd();
      else gone(event.error);
    };
    const onAbort = (): void => fail(abortFault(signal as AbortSignal));
    const late = (): void => {
      const waitedMs = Math.round(clock.now() - started);
      fail(new NetworkError("network/answer-late", { protocol, received, waitedMs }));
    };
    const cancelFirst = clock.after(limits.firstByteMs, late);
    const cancelTotal = clock.after(limits.totalMs, late);
    let cancelFloor: (() => void) | undefined;
    const firstByte = (): void => {
      cancelFirst();
      options.onFirstByte?.();
      if (limits.floor) watchFloor(received);
    };
    const watchFloor = (before: number): void => {
      const windowMs = limits.floorWindowMs ?? 2_000;
      const floor = limits.floor ?? 0;
      cancelFloor = clock.after(windowMs, () => {
        const bytesPerSecond = Math.round(((received - before) * 1000) / windowMs);
        if (bytesPerSecond >= floor) return watchFloor(received);
        fail(new NetworkError("network/answer-slow", { protocol, received, bytesPerSecond, floor }));
      });
    };
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
