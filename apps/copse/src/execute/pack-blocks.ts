import type { BlockPair } from "@copse/ipld";

/**
 * Blocks as one array of bytes, which crosses threads without being copied.
 *
 * Shape: of each block the lengths of CID and bytes (4 B each, little-endian), the CID, the bytes. Between threads of one
 * process only: nothing is checked.
 */
export function packBlocks(blocks: readonly BlockPair[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const [cid, bytes] of blocks) size += 8 + cid.length + bytes.length;
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const [cid, bytes] of blocks) {
    view.setUint32(at, cid.length, true);
    view.setUint32(at + 4, bytes.length, true);
    packed.set(cid, at + 8);
    packed.set(bytes, at + 8 + cid.length);
    at += 8 + cid.length + bytes.length;
  }
  return packed;
}

/** Reads {@link packBlocks} back: views. */
export function unpackBlocks(packed: Uint8Array): BlockPair[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  const blocks: BlockPair[] = [];
  for (let at = 0; at < packed.length; ) {
    const middle = at + 8 + view.getUint32(at, true);
    const end = middle + view.getUint32(at + 4, true);
    blocks.push([packed.subarray(at + 8, middle), packed.subarray(middle, end)]);
    at = end;
  }
  return blocks;
}
