import { cidOf } from "@copse/ipld";
import { fuzz } from "@copse/testkit";
import { type CarBlock, CarError, CarScanner, decodeCar, encodeCar } from "../src/index.ts";

const blocks = [Uint8Array.of(0x80), Uint8Array.of(0x82, 1, 2), new Uint8Array(300)].map((bytes) => ({
  cid: cidOf(bytes),
  bytes,
}));
const roots = blocks.slice(0, 2).map(({ cid }) => cid);
const seeds = [encodeCar(roots, blocks), encodeCar(roots, blocks, { version: 2 }), encodeCar([], [])];
const coded = (error: unknown): boolean => error instanceof CarError;

fuzz("decodeCar", seeds, (bytes) => void decodeCar(bytes), coded);

fuzz(
  "decodeCar without checks",
  seeds,
  (bytes) => void decodeCar(bytes, { verify: false, requireRoots: false, codecs: "any" }),
  coded,
);

/** What a file gives, blocks or error, must not depend on how it is cut into chunks. */
fuzz(
  "chunks make no difference",
  seeds,
  (bytes) => {
    const whole = outcome(bytes, bytes.length + 1);
    const cut = outcome(bytes, 1 + (bytes.length % 17));
    if (whole !== cut) throw new RangeError(`${whole} but ${cut} in chunks`);
  },
  coded,
);

function outcome(bytes: Uint8Array, size: number): string {
  const scanner = new CarScanner();
  const out: CarBlock[] = [];
  try {
    for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size), out);
    scanner.end();
  } catch (error) {
    if (!coded(error)) throw error;
    const { code, facts } = error as CarError;
    return `${out.map(({ offset }) => offset)} ${code} ${"offset" in facts ? facts.offset : ""}`;
  }
  return String(out.map(({ offset }) => offset));
}
