import { readData } from "./data.ts";

/** The blocks of a CARv1 by CID, and as a store that answers at once. Keys: one character a byte of the CID. */
export type CarBlocks = Map<string, Uint8Array> & { getSync(cid: Uint8Array): Uint8Array | undefined };

/**
 * The blocks of a CARv1 of the real data. A few lines of its own, for packages that may not import the car package; it
 * trusts the file and checks nothing.
 */
export function carBlocks(name: string): CarBlocks {
  return carBlocksOf(readData(name));
}

/** The same for bytes at hand. */
export function carBlocksOf(car: Uint8Array): CarBlocks {
  const blocks = new Map<string, Uint8Array>();
  let header = true;
  for (let at = 0; at < car.length; ) {
    const length = varint(car, at);
    at = length.end + length.value;
    if (!header) {
      const start = cidEnd(car, length.end);
      blocks.set(key(car.subarray(length.end, start)), car.subarray(start, at));
    }
    header = false;
  }
  return Object.assign(blocks, { getSync: (cid: Uint8Array) => blocks.get(key(cid)) });
}

const key = (cid: Uint8Array): string => String.fromCharCode(...cid);

function varint(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  for (let at = offset, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

/** After version, codec, hash function and digest; a bare sha2-256 multihash is version 0. */
function cidEnd(bytes: Uint8Array, offset: number): number {
  if (bytes[offset] === 0x12 && bytes[offset + 1] === 0x20) return offset + 34;
  const hash = varint(bytes, varint(bytes, varint(bytes, offset).end).end);
  const length = varint(bytes, hash.end);
  return length.end + length.value;
}
