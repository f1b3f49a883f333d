import { Address } from "@copse/types";
import { describe, expect, test } from "vitest";
import { idAddress, idOfAddress, isEthereumAddress, isZeroBlsAddress, readAddress } from "../src/addresses.ts";
import { readMachineCid } from "../src/cids.ts";
import { readUint64 } from "../src/varint64.ts";

const of = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes);
const ten = (last: number): Uint8Array => of(...new Array(9).fill(0xff), last);

describe("varints of 64 bits", () => {
  test.each([
    [of(0), 0n, 1],
    [of(0x7f), 0x7fn, 1],
    [of(0x80, 1), 128n, 2],
    [ten(1), 2n ** 64n - 1n, 10],
    [ten(0x7f), 2n ** 64n - 1n, 10], // bits past the 64th are dropped, as the crate does
    [ten(2), 2n ** 63n - 1n, 10],
  ])("%j is read", (bytes, value, end) => {
    expect(readUint64(bytes, 0)).toEqual({ value, end });
  });

  test.each([[of()], [of(0x80)], [of(0x80, 0)], [ten(0)], [ten(0x80)], [of(0xff, 0xff, 0xff, 0xff, 0xff)]])(
    "%j is none",
    (bytes) => {
      expect(readUint64(bytes, 0)).toBeUndefined();
    },
  );
});

describe("addresses as the reference reads them", () => {
  test("IDs have 64 bits", () => {
    const most = readAddress(of(0, ...ten(1)), 4);
    expect(most && idOfAddress(most)).toBe(2n ** 64n - 1n);
    expect(readAddress(of(0, ...ten(0x7f)), 4)).toEqual(idAddress(2n ** 64n - 1n)); // in its one form
    expect(idOfAddress(idAddress(77n))).toBe(77n);
    expect(idOfAddress(Address.actor(of(1)))).toBeUndefined();
  });

  test.each([
    [of()],
    [of(0)],
    [of(1)],
    [of(0, 0x80, 0)],
    [of(0, 1, 1)],
    [of(1, ...new Uint8Array(19))],
    [of(2, ...new Uint8Array(21))],
    [of(3, ...new Uint8Array(47))],
    [of(4, 0x80)],
    [of(4, 10, ...new Uint8Array(55))],
    [of(5, 1)],
  ])("%j is none", (bytes) => {
    expect(readAddress(bytes, 4)).toBeUndefined();
  });

  test("delegated addresses have up to 54 bytes, or none", () => {
    expect(readAddress(of(4, 10), 4)).toEqual(of(4, 10));
    expect(readAddress(of(4, 10, ...new Uint8Array(54)), 4)?.length).toBe(56);
    expect(readAddress(of(4, 10), 2)).toBeUndefined(); // FVM 2 has none
    expect(isEthereumAddress(Address.delegated(10, new Uint8Array(20)))).toBe(true);
    expect(isEthereumAddress(Address.delegated(11, new Uint8Array(20)))).toBe(false);
    expect(isZeroBlsAddress(Address.fromBls(of(0xc0, ...new Uint8Array(47))))).toBe(true);
    expect(isZeroBlsAddress(Address.fromBls(of(0xc0, ...new Uint8Array(46), 1)))).toBe(false);
  });
});

describe("CIDs as the reference reads them", () => {
  test.each([
    ["the chain's", of(1, 0x71, 0xa0, 0xe4, 2, 0x20, ...new Uint8Array(32)), 0x71, 0xb220, 32],
    ["identity", of(1, 0x55, 0, 3, 7, 8, 9), 0x55, 0, 3],
    ["version 0", of(0x12, 0x20, ...new Uint8Array(32)), 0x70, 0x12, 32],
    ["of a large codec", of(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0), 2 ** 49, 0, 0],
  ])("%s, and what follows is left", (_, bytes, codec, hash, size) => {
    const padded = of(9, ...bytes, 9, 9);
    const found = readMachineCid(padded, 1);
    expect(found).toMatchObject({ cid: bytes, codec, hash, end: 1 + bytes.length });
    expect(found?.digest.length).toBe(size);
  });

  test.each([
    ["nothing", of()],
    ["zeros", new Uint8Array(64)],
    ["explicit version 0", of(0, 0x70, 0x12, 0x20, ...new Uint8Array(32))],
    ["version 2", of(2, 0x55, 0, 0)],
    ["a digest that is cut", of(1, 0x55, 0, 3, 7, 8)],
    ["a digest of 65 bytes", of(1, 0x55, 0, 65, ...new Uint8Array(65))],
    ["a varint that is too long", of(1, 0xd5, 0, 0, 0)],
    ["a version 0 that is cut", of(0x12, 0x20, 1, 2)],
  ])("%s is none", (_, bytes) => {
    expect(readMachineCid(bytes, 0)).toBeUndefined();
  });
});
