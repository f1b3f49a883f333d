import { type AbortOptions, abortFault, joinBytes } from "@copse/primitives";
import { NodeError } from "../errors.ts";

/** How a file is had by HTTP. */
export interface DownloadOptions extends AbortOptions {
  /** Most that may come. Unit: bytes. */
  readonly limit: number;
  /** Given up after so long without a byte. Unit: milliseconds. */
  readonly silenceLimitMs: number;
  /** `total` is 0 where the server does not tell. Unit: bytes. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * A file by HTTP, in memory; redirects are followed.
 *
 * @throws {NodeError} `copse/download-failed`
 * @throws {HostFault} `host/aborted`
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const { signal, limit, silenceLimitMs, onProgress } = options;
  const silence = new AbortController();
  const fail = (why: string, cause?: unknown): never => {
    throw new NodeError("copse/download-failed", { url, why }, cause === undefined ? {} : { cause });
  };
  let timer = setTimeout(() => silence.abort(), silenceLimitMs);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]) });
    if (!response.ok || response.body === null) return fail(`HTTP status ${response.status}`);
    const total = Number(response.headers.get("content-length") ?? 0);
    if (total > limit) return fail(`${total} B, at most ${limit} B are taken`);
    const parts: Uint8Array[] = [];
    let done = 0;
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceLimitMs);
      done += part.length;
      if (done > limit) return fail(`more than ${limit} B`);
      parts.push(part);
      onProgress?.(done, total);
    }
    return joinBytes(parts);
  } catch (error) {
    if (signal?.aborted) throw abortFault(signal);
    if (error instanceof NodeError) throw error;
    if (silence.signal.aborted) return fail(`nothing came for ${silenceLimitMs / 1000} s`, error);
    const { cause, message } = error as Error; // fetch tells the reason in the cause
    return fail(cause instanceof Error ? `${message}: ${cause.message}` : message, error);
  } finally {
    clearTimeout(timer);
  }
}
