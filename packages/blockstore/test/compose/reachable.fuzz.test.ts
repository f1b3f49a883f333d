import { cidKey, cidOf, encode, linkCodec } from "@copse/ipld";
import { concatBytes, isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { expect } from "vitest";
import { reachable } from "../../src/compose/reachable.ts";

const leaf = Uint8Array.of(0x01);
const link = encode(linkCodec, cidOf(leaf));
const identity = encode(linkCodec, concatBytes(Uint8Array.of(1, 0x71, 0, link.length), link));
const seeds = [
  link,
  identity,
  concatBytes(Uint8Array.of(0x83), link, identity, Uint8Array.of(0x00)),
  concatBytes(Uint8Array.of(0xa1, 0x61, 0x61), link),
  concatBytes(Uint8Array.of(0x9a, 0, 0, 0, 1, 0xc1), link),
];

fuzz(
  "blocks reachable in a buffer",
  seeds,
  (bytes) => {
    const held = new Map([
      [cidKey(cidOf(leaf)), leaf],
      [cidKey(cidOf(bytes)), bytes], // last: an input may be the leaf's own bytes
    ]);
    const found = reachable(cidOf(bytes), (key) => held.get(key));
    expect(found.length).toBeLessThanOrEqual(2);
    expect(found[0]?.[1]).toBe(bytes);
  },
  (error) => isCopseError(error, "blockstore/not-flushable"),
);
