import { type AbortOptions, HostFault, isCopseError } from "@copse/primitives";
import type { RandomAccess } from "./access.ts";

/** As much of `fetch` as ranges need; the one of the platform fits. */
export type RangeFetch = (
  url: string,
  init: { readonly headers: Record<string, string>; readonly signal?: AbortSignal },
) => Promise<RangeResponse>;

/** As much of a `Response` as ranges need. */
export interface RangeResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: {
    getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> };
  } | null;
}

/**
 * Reads a file over HTTP by ranges: a block costs two or three requests, whatever the size of the file.
 *
 * The server must answer ranges (206) and give the file's size. If it tells versions apart by a strong ETag, a file that
 * changes meanwhile fails the next read. No more is taken from the server than was asked for.
 *
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * const store = await createCarStore(await httpAccess("https://example.org/a.forest.car.zst", { fetch }));
 */
export async function httpAccess(
  url: string,
  options: AbortOptions & { readonly fetch: RangeFetch },
): Promise<RandomAccess> {
  const first = await rangeOf(url, 0, 1, options, undefined);
  const tag = first.etag;
  return {
    size: first.size,
    async read(offset, length, readOptions) {
      const signal = readOptions?.signal ?? options.signal;
      const { bytes, size } = await rangeOf(url, offset, length, { fetch: options.fetch, signal }, tag);
      if (size !== first.size) throw fault(url, `its size was ${first.size} B and is ${size} B now`);
      return bytes;
    },
  };
}

async function rangeOf(
  url: string,
  offset: number,
  length: number,
  options: AbortOptions & { readonly fetch: RangeFetch },
  tag: string | undefined,
): Promise<{ bytes: Uint8Array; size: number; etag: string | undefined }> {
  try {
    const headers: Record<string, string> = { range: `bytes=${offset}-${offset + length - 1}` };
    if (tag !== undefined) headers["if-match"] = tag;
    const init = options.signal === undefined ? { headers } : { headers, signal: options.signal };
    const response = await options.fetch(url, init);
    if (response.status !== 206) {
      await response.body?.getReader().cancel();
      throw fault(url, response.status === 200 ? "the server does not answer ranges" : `status ${response.status}`);
    }
    const size = totalOf(response.headers.get("content-range"), offset, length);
    if (size === undefined) throw fault(url, `content-range ${response.headers.get("content-range")}`);
    const etag = response.headers.get("etag");
    const strong = etag === null || etag.startsWith("W/") ? undefined : etag;
    return { bytes: await bodyOf(url, response, length), size, etag: strong };
  } catch (error) {
    if (isCopseError(error)) throw error;
    if (options.signal?.aborted === true) {
      throw new HostFault("host/aborted", { reason: String(options.signal.reason) }, { cause: error });
    }
    throw fault(url, error instanceof Error ? error.message : String(error), error);
  }
}

/** The file's size as `bytes 0-0/1234` gives it; `undefined` where the answer is not the range that was asked for. */
function totalOf(header: string | null, offset: number, length: number): number | undefined {
  const parts = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? "");
  if (parts === null || Number(parts[1]) !== offset || Number(parts[2]) !== offset + length - 1) return undefined;
  const size = Number(parts[3]);
  return Number.isSafeInteger(size) ? size : undefined;
}

async function bodyOf(url: string, response: RangeResponse, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step !== undefined && !step.done; step = await reader?.read()) {
    const chunk = step.value ?? new Uint8Array(0);
    if (at + chunk.length > length) {
      await reader?.cancel();
      throw fault(url, `more than the ${length} B that were asked for`);
    }
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at !== length) throw fault(url, `${at} of ${length} B came`);
  return bytes;
}

function fault(url: string, reason: string, cause?: unknown): HostFault<"host/store-failed"> {
  return new HostFault("host/store-failed", { operation: `fetch a range of ${url}`, reason }, { cause });
}
