import { CborWriter, cidOf } from "@copse/ipld";
import { fromHex } from "@copse/primitives";
import { expect, it } from "vitest";
import { skipItem } from "../src/cbor-skip.ts";
import { fakeHeader, fakeSigned } from "./fake-chain.ts";

it("ends where the item ends", () => {
  const cid = cidOf(Uint8Array.of(0x80));
  const items = [
    fakeHeader(7, 1, [cid, cid]),
    fakeSigned(9),
    new CborWriter().int(-300).finish(),
    new CborWriter().uint(2n ** 64n - 1n).finish(),
    fromHex("80"),
    fromHex("f6"),
    fromHex("838181818081f5f4"),
  ];
  for (const item of items) {
    expect(skipItem(item, 0)).toBe(item.length);
    expect(skipItem(Uint8Array.of(9, 9, ...item, 1, 2), 2)).toBe(item.length + 2);
    for (let cut = 0; cut < item.length; cut += 13)
      expect(() => skipItem(item.subarray(0, cut), 0)).toThrow("malformed");
  }
});

it("refuses what no header and no message holds", () => {
  for (const hex of [
    "a0",
    "9f",
    "5f",
    "ff",
    "fb0000000000000000",
    "f7",
    "e0",
    "1c",
    "5bffffffffffffffff",
    "9bffffffffffffffff",
    "9a7fffffff",
  ]) {
    expect(() => skipItem(fromHex(`${hex}0000`), 0), hex).toThrow("malformed");
  }
});
