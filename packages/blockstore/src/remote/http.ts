import { RemoteError } from "./errors.ts";

/** An HTTP response, as far as it is looked at; `Response` of every platform fits. */
export interface HttpResponse {
  readonly status: number;
  /** `"opaqueredirect"` where a browser hides a redirect. */
  readonly type?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { get(name: string): string | null };
  readonly body: HttpBody | null;
}

/** A stream of bytes, as far as it is looked at. */
export interface HttpBody {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
  cancel(reason?: unknown): Promise<void>;
}

/** A function that makes HTTP requests; `globalThis.fetch` of every platform fits. */
export type HttpFetch = (
  url: string,
  init: {
    readonly method: "GET";
    readonly headers: Record<string, string>;
    readonly redirect: "manual" | "follow";
    readonly signal: AbortSignal;
  },
) => Promise<HttpResponse>;

/** One request to a gateway, redirects included. */
export interface GatewayRequest {
  readonly source: string;
  readonly cid: string;
  readonly accept: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxRedirects: number;
  readonly signal: AbortSignal;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks, and follows redirects: so many, over http and https only, never from https to http. Headers of the caller's go to
 * the first host only.
 *
 * @throws {RemoteError} `remote/redirect-refused`
 */
export async function followRedirects(fetch: HttpFetch, url: string, request: GatewayRequest): Promise<HttpResponse> {
  const { accept, headers, signal } = request;
  let at = new URL(url);
  const { host } = at;
  for (let followed = 0; ; followed++) {
    const sent = { ...(at.host === host ? headers : {}), accept };
    const response = await fetch(at.href, { method: "GET", headers: sent, redirect: "manual", signal });
    if (response.type === "opaqueredirect") return followUnseen(fetch, at, request);
    if (!redirects.has(response.status)) return response;
    await response.body?.cancel();
    at = nextUrl(response.headers.get("location") ?? "", at, request, followed);
  }
}

/** Browsers do not say where to: they follow by themselves, and tell the end. */
async function followUnseen(fetch: HttpFetch, at: URL, request: GatewayRequest): Promise<HttpResponse> {
  const { accept, signal, maxRedirects } = request;
  if (maxRedirects === 0) throw refused(request, "somewhere", "redirects are not followed");
  const response = await fetch(at.href, { method: "GET", headers: { accept }, redirect: "follow", signal });
  const end = URL.parse(response.url ?? "");
  if (end !== null && end.protocol !== "https:" && end.protocol !== at.protocol) {
    await response.body?.cancel();
    throw refused(request, end.href, "from https to http");
  }
  return response;
}

function nextUrl(location: string, from: URL, request: GatewayRequest, followed: number): URL {
  const next = URL.parse(location, from);
  if (next === null || location === "") throw refused(request, location, "no address");
  if (followed >= request.maxRedirects)
    throw refused(request, next.href, `more than ${request.maxRedirects} redirects`);
  if (next.protocol !== "https:" && next.protocol !== "http:") throw refused(request, next.href, "not over HTTP");
  if (from.protocol === "https:" && next.protocol === "http:") throw refused(request, next.href, "from https to http");
  next.username = "";
  next.password = "";
  return next;
}

function refused({ source, cid }: GatewayRequest, location: string, why: string): RemoteError {
  return new RemoteError("remote/redirect-refused", { source, cid, location: location.slice(0, 200), why });
}
