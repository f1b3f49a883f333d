import { type CidBytes, cidKey, readCid } from "@copse/ipld";
import { readUvarint } from "@copse/primitives";
import { readData } from "@copse/testkit";

/** The blocks of a CARv1 of the real data, as a store. A few lines: this package may not import the car package. */
export function carBlocks(name: string): Map<string, Uint8Array> & { getSync(cid: CidBytes): Uint8Array | undefined } {
  return carBlocksOf(readData(name));
}

/** The same for bytes at hand. */
export function carBlocksOf(
  car: Uint8Array,
): Map<string, Uint8Array> & { getSync(cid: CidBytes): Uint8Array | undefined } {
  const blocks = new Map<string, Uint8Array>();
  let header = true;
  for (let at = 0; at < car.length; ) {
    const { value, end } = readUvarint(car, at);
    at = end + Number(value);
    if (!header) {
      const start = readCid(car, end).end;
      blocks.set(cidKey(car.subarray(end, start)), car.subarray(start, at));
    }
    header = false;
  }
  return Object.assign(blocks, { getSync: (cid: CidBytes) => blocks.get(cidKey(cid)) });
}
