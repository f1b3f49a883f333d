import { type AbortOptions, abortFault } from "@copse/primitives";
import type { Stream, StreamCloseEvent } from "@libp2p/interface";
import type { Clock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";

/** Bytes handed to the stream at once: two noise frames, large enough that per-frame costs vanish. */
export const writeBatchBytes: number = 128 * 1024;

/** What {@link writeAndClose} needs to know besides the stream. */
export interface WriteOptions extends AbortOptions {
  readonly clock: Clock;
  /** Most milliseconds for all of it. */
  readonly totalMs: number;
  /** For errors. */
  readonly protocol: string;
  /** For errors. */
  readonly peer: string;
}

/**
 * Writes pieces in batches, waits whenever the remote does not keep up, then closes our end. Resets the stream on failure.
 *
 * @throws {NetworkError} `network/answer-late` when the remote takes too little, `network/peer-gone`
 * @throws {HostFault} `host/aborted`
 */
export async function writeAndClose(
  stream: Stream,
  pieces: Uint8Array | Iterable<Uint8Array>,
  options: WriteOptions,
): Promise<number> {
  const { clock, protocol, signal } = options;
  const started = clock.now();
  const deadline = new AbortController();
  const cancel = clock.after(options.totalMs, () => deadline.abort());
  const stop = (): void => deadline.abort();
  signal?.addEventListener("abort", stop, { once: true });
  let sent = 0;
  try {
    if (signal?.aborted) throw abortFault(signal);
    for (const batch of pieces instanceof Uint8Array ? [pieces] : batches(pieces)) {
      sent += batch.length;
      stream.send(batch);
      while (stream.writableNeedsDrain) await drained(stream, deadline.signal);
    }
    await stream.close({ signal: deadline.signal });
    return sent;
  } catch (cause) {
    let error: Error;
    if (signal?.aborted) error = abortFault(signal);
    else if (deadline.signal.aborted) {
      const waitedMs = Math.round(clock.now() - started);
      error = new NetworkError("network/answer-late", { protocol, received: sent, waitedMs });
    } else {
      const reason = reasonOf(cause);
      error = new NetworkError("network/peer-gone", { peer: options.peer, protocol, reason }, { cause });
    }
    stream.abort(error);
    throw error;
  } finally {
    cancel();
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Resolves at the next "drain". The stream's own `onDrain()` keeps the promise of the first drain for ever, so from the
 * second on it would not wait (@libp2p/utils 7.x): a slow reader would make us queue the whole answer.
 */
function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      stream.removeEventListener("drain", onDrain);
      stream.removeEventListener("close", onClose);
      signal.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onDrain = (): void => settle();
    const onClose = (event: StreamCloseEvent): void => settle(event.error ?? "the stream closed");
    const onAbort = (): void => settle(signal.reason ?? "aborted");
    stream.addEventListener("drain", onDrain);
    stream.addEventListener("close", onClose);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else if (stream.writeStatus !== "writable") settle("the stream is not writable");
  });
}

/** Small pieces joined, large ones passed on: the cipher works per buffer, so many small ones cost more than a copy. */
function* batches(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let buffer = new Uint8Array(writeBatchBytes);
  let used = 0;
  for (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      const taken = Math.min(rest.length, buffer.length - used);
      buffer.set(rest.subarray(0, taken), used);
      used += taken;
      rest = rest.subarray(taken);
      if (used === buffer.length) {
        yield buffer;
        buffer = new Uint8Array(writeBatchBytes); // the stream keeps the last one until it is on the wire
        used = 0;
      }
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}
