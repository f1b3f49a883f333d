import type { SyncAccess } from "@copse/car/store";
import { HostFault } from "@copse/primitives";
import type { FileBytes, Spool } from "../chain/chain-file.ts";

/** What reads a Blob at once; only workers have it, and the `dom` types do not know it. */
declare const FileReaderSync: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };

const chunkBytes = 4 << 20;
const pageBytes = 256 << 10;
const mostPages = 64;

/** A Blob from its start to its end, in chunks that nothing else holds. */
export async function* blobChunks(blob: Blob, onBytes: (read: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += chunkBytes) {
    const chunk = blob.slice(at, Math.min(blob.size, at + chunkBytes));
    yield new Uint8Array(await orFault(() => chunk.arrayBuffer()));
    onBytes(Math.min(blob.size, at + chunkBytes));
  }
}

/**
 * A Blob that is read where it lies, at once: so that the checks, which are synchronous, run over files of any size.
 *
 * Memory: 64 pages of 256 KiB, those used last.
 */
export function blobAccess(blob: Blob): SyncAccess {
  const reader = new FileReaderSync();
  const pages = new Map<number, Uint8Array>();
  const load = (from: number, to: number): Uint8Array => {
    try {
      return new Uint8Array(reader.readAsArrayBuffer(blob.slice(from, to)));
    } catch (error) {
      throw readFault(error);
    }
  };
  const page = (number: number): Uint8Array => {
    const kept = pages.get(number);
    if (kept !== undefined) pages.delete(number);
    const found = kept ?? load(number * pageBytes, Math.min(blob.size, (number + 1) * pageBytes));
    pages.set(number, found); // the newest is last
    if (pages.size > mostPages) pages.delete(pages.keys().next().value as number);
    return found;
  };
  const readSync = (offset: number, length: number): Uint8Array => {
    if (length > pageBytes) return load(offset, offset + length);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const number = Math.floor((offset + at) / pageBytes);
      const within = offset + at - number * pageBytes;
      const part = page(number).subarray(within, within + length - at);
      if (part.length === 0) return bytes.subarray(0, at); // it has become shorter: the store tells
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  };
  return { size: blob.size, readSync, read: async (offset, length) => readSync(offset, length) };
}

/** A Blob as the checks read it. */
export function blobFile(blob: Blob): FileBytes {
  return { size: blob.size, chunks: (onBytes) => blobChunks(blob, onBytes), access: () => blobAccess(blob) };
}

/** All of a small Blob. */
export async function blobBytes(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await orFault(() => blob.arrayBuffer()));
}

/** Chunks are put together in the browser's storage of Blobs, which keeps large ones on disk. */
export class BlobSpool implements Spool {
  readonly #blobs: Blob[] = [];
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #held = 0;
  size = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(new Uint8Array(chunk)); // a copy: decoders use their memory again
    this.#held += chunk.length;
    this.size += chunk.length;
    if (this.#held >= chunkBytes) this.#seal();
  }

  finish(): FileBytes {
    this.#seal();
    return blobFile(new Blob(this.#blobs));
  }

  #seal(): void {
    this.#blobs.push(new Blob(this.#chunks));
    this.#chunks = [];
    this.#held = 0;
  }
}

async function orFault<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw readFault(error);
  }
}

function readFault(error: unknown): HostFault {
  const reason = error instanceof Error ? error.message : String(error);
  return new HostFault("host/store-failed", { operation: "read a file", reason }, { cause: error });
}
