import { toCid } from "@copse/ipld";
import { RemoteError } from "./errors.ts";
import { followRedirects, type GatewayRequest, type HttpFetch, type HttpResponse } from "./http.ts";
import { readBody } from "./http-body.ts";
import type { RemoteSource } from "./remote-store.ts";
import { retryAfterMs } from "./retry-after.ts";

/** How a gateway is asked. */
export interface GatewayOptions {
  /** `globalThis.fetch`, or what stands in for it. */
  readonly fetch: HttpFetch;
  /** Sent with each request, for instance a key; not sent on to another host. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Redirects followed, none of them from https to http. Default 3; 0 refuses all. */
  readonly maxRedirects?: number | undefined;
}

const rawType = "application/vnd.ipld.raw";

/**
 * A trustless HTTP gateway as a source of blocks: `GET {url}/ipfs/{cid}?format=raw`.
 *
 * 200 with `application/vnd.ipld.raw` is a block; 404 and 410 say that there is none; 429 and 503 that the gateway is
 * busy, for as long as `Retry-After` says; any other status is a failure, which passes if it is 5xx. The body is read up
 * to the block limit and no further.
 *
 * @see specs.ipfs.tech/http-gateways/trustless-gateway
 * @example
 * const store = createRemoteStore({ sources: urls.map((url) => gatewaySource(url, { fetch: globalThis.fetch })) });
 */
export function gatewaySource(url: string, options: GatewayOptions): RemoteSource {
  const base = url.replace(/\/+$/, "");
  return {
    name: base,
    async fetch(cid, { signal, maxBytes }) {
      const request: GatewayRequest = {
        source: base,
        cid: toCid(cid).toString(),
        accept: rawType,
        headers: options.headers ?? {},
        maxRedirects: options.maxRedirects ?? 3,
        signal,
      };
      const response = await followRedirects(options.fetch, `${base}/ipfs/${request.cid}?format=raw`, request);
      return readAnswer(response, request, maxBytes);
    },
  };
}

/** The block of a response, or `undefined` where it says that there is none. */
async function readAnswer(
  response: HttpResponse,
  { source, cid }: GatewayRequest,
  limit: number,
): Promise<Uint8Array | undefined> {
  if (response.status !== 200) {
    await response.body?.cancel();
    return unlessAbsent(response, source, cid);
  }
  assertType(response, rawType, source, cid);
  return readBody(response, { source, cid }, limit);
}

/** `undefined` for a status that says that there is no such block. @throws {RemoteError} for every other but 200 */
export function unlessAbsent({ status, headers }: HttpResponse, source: string, cid: string): undefined {
  if (status === 404 || status === 410) return undefined;
  const waitMs = retryAfterMs(headers);
  if (status === 429 || (status >= 500 && waitMs !== undefined)) {
    throw new RemoteError("remote/source-busy", { source, cid, status, waitMs });
  }
  throw new RemoteError("remote/status-unexpected", { source, cid, status });
}

/** @throws {RemoteError} `remote/type-unexpected` unless the response is of that type, whatever its parameters */
export function assertType(response: HttpResponse, expected: string, source: string, cid: string): void {
  const found = response.headers.get("content-type") ?? "nothing";
  if (found.split(";")[0]?.trim().toLowerCase() === expected) return;
  response.body?.cancel().catch(() => {});
  throw new RemoteError("remote/type-unexpected", { source, cid, found: found.slice(0, 80), expected });
}
