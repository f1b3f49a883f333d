import { joinBytes } from "@copse/primitives";
import { RemoteError } from "./errors.ts";
import type { HttpResponse } from "./http.ts";

/** What a body belongs to, for errors. */
export interface BodyOf {
  readonly source: string;
  readonly cid: string;
}

/**
 * The chunks of a response's body, up to a limit. Leaving the loop, or an error, cancels the rest.
 *
 * @throws {RemoteError} `remote/block-too-long` before more than the limit is kept; `remote/answer-cut` where fewer bytes
 * come than announced
 */
export async function* bodyChunks(response: HttpResponse, of: BodyOf, limit: number): AsyncGenerator<Uint8Array> {
  const promised = announced(response);
  const tooLong = (length: number): RemoteError => new RemoteError("remote/block-too-long", { ...of, length, limit });
  if (promised !== undefined && promised > limit) {
    await response.body?.cancel();
    throw tooLong(promised);
  }
  const reader = response.body?.getReader();
  let received = 0;
  let ended = reader === undefined;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      received += value.length;
      if (received > limit) throw tooLong(received);
      yield value;
    }
    ended = true;
  } finally {
    // What is cancelled is not waited for: a source that stalls would hold the error back.
    if (!ended) reader?.cancel().catch(() => {});
  }
  if (promised !== undefined && received < promised)
    throw new RemoteError("remote/answer-cut", { ...of, received, promised });
}

/** All of a body, in one array of its own. */
export async function readBody(response: HttpResponse, of: BodyOf, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyChunks(response, of, limit)) chunks.push(chunk);
  return joinBytes(chunks);
}

/** Bytes the headers announce; not known where the body is compressed on its way. */
function announced(response: HttpResponse): number | undefined {
  const length = response.headers.get("content-length");
  const encoding = response.headers.get("content-encoding") ?? "identity";
  return length !== null && encoding === "identity" && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
