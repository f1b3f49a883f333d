import { type CidBytes, codecs, readCid } from "../cid.ts";

// Items of blocks that were scanned: nothing here is malformed, so nothing is checked again.

const cbor = 0x51;

/** Whether blocks under a CID are CBOR. */
export function isCborCid(cid: CidBytes): boolean {
  const { codec } = readCid(cid);
  return codec === codecs.dagCbor || codec === cbor;
}

/** Value of the head at an offset, and where it ends. */
export function headAt(block: Uint8Array, offset: number): { value: number; next: number } {
  const low = (block[offset] as number) & 31;
  if (low < 24) return { value: low, next: offset + 1 };
  const next = offset + 1 + (1 << (low - 24));
  let value = 0;
  for (let at = offset + 1; at < next; at++) value = value * 256 + (block[at] as number);
  return { value, next };
}

/** Where an item starts behind tags that are no links, which only the chain's form has. */
export function untagged(block: Uint8Array, offset: number): number {
  let at = offset;
  while ((block[at] as number) >> 5 === 6) {
    const { value, next } = headAt(block, at);
    if (value === 42) break;
    at = next;
  }
  return at;
}

/** The CID of an item that is a link, a view. */
export function linkOf(block: Uint8Array, offset: number): CidBytes | undefined {
  if ((block[offset] as number) >> 5 !== 6) return undefined;
  const inner = headAt(block, headAt(block, offset).next);
  return block.subarray(inner.next + 1, inner.next + inner.value);
}
