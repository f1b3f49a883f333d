import { CborReader, type CidBytes, readCid } from "../../src/index.ts";

/** CIDs and blocks of a CARv1 in the order of the file, and its roots. */
export function carInOrder(car: Uint8Array): { roots: CidBytes[]; order: CidBytes[] } {
  const roots: CidBytes[] = [];
  const order: CidBytes[] = [];
  for (let at = 0; at < car.length; ) {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = car[at++] as number;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (roots.length === 0) new CborReader(car.subarray(at, at + length)).skip((cid) => roots.push(cid));
    else order.push(car.subarray(at, readCid(car, at).end));
    at += length;
  }
  return { roots, order };
}
