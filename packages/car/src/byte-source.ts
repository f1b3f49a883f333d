/** Bytes of a file in order, in chunks of any size. A lone `Uint8Array` is a source of one chunk. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
