import { ExplorerError } from "../errors.ts";
import type { OnProgress } from "../verify/report.ts";

/** Most that is fetched; the browser keeps it on disk. Unit: bytes. */
const mostBytes = 4 * 2 ** 30;
const partBytes = 8 << 20;

/**
 * Fetches a file, without credentials, as a Blob.
 *
 * @throws {ExplorerError} `explorer/fetch-failed`, `explorer/file-too-large`
 */
export async function fetchFile(url: URL, onProgress: OnProgress, signal: AbortSignal): Promise<File> {
  try {
    const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", signal });
    if (!response.ok || response.body === null) {
      throw new ExplorerError("explorer/fetch-failed", {
        url: url.href,
        why: `the server answered ${response.status}`,
      });
    }
    const total = Number(response.headers.get("content-length") ?? 0);
    const name = decodeURIComponent(url.pathname.split("/").at(-1) ?? "") || url.host;
    return new File(
      await readParts(response.body, (done) => onProgress({ phase: "fetching", done, total, unit: "bytes" })),
      name,
    );
  } catch (error) {
    if (error instanceof ExplorerError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ExplorerError("explorer/fetch-failed", { url: url.href, why }, { cause: error });
  }
}

async function readParts(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onBytes: (read: number) => void,
): Promise<Blob[]> {
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let read = 0;
  const reader = body.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    chunks.push(step.value);
    held += step.value.length;
    read += step.value.length;
    onBytes(read);
    if (read > mostBytes) {
      await reader.cancel();
      throw new ExplorerError("explorer/file-too-large", { what: "fetched file", found: read, limit: mostBytes });
    }
    if (held < partBytes) continue;
    parts.push(new Blob(chunks));
    chunks = [];
    held = 0;
  }
  return [...parts, new Blob(chunks)];
}
