import { type CidBytes, cidKey, readCid } from "@copse/ipld";
import { readUvarint } from "@copse/primitives";

/** The blocks of a plain CARv1 by the key of their CID, in file order. */
export function carBlocks(file: Uint8Array): Map<string, Uint8Array> {
  const blocks = new Map<string, Uint8Array>();
  const header = readUvarint(file, 0);
  for (let at = header.end + Number(header.value); at < file.length; ) {
    const section = readUvarint(file, at);
    const start = section.end;
    at = start + Number(section.value);
    const cid: CidBytes = file.subarray(start, readCid(file, start).end);
    blocks.set(cidKey(cid), file.subarray(start + cid.length, at));
  }
  return blocks;
}
