import { concatBytes } from "@copse/primitives";
import type { ByteSource } from "./byte-source.ts";
import { isZstd } from "./zstd-frame.ts";

/** Looks at the first four bytes of a stream, and decompresses it where they are those of zstd. */
export async function* openZstd(
  source: ByteSource,
  decompress: (source: ByteSource) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const chunks = toAsync(source);
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 4) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : concatBytes(head, next.value);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* chunks;
  }
  yield* isZstd(head) ? decompress(all()) : all();
}

async function* toAsync(source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* source instanceof Uint8Array ? [source] : source;
}
