import { CborWriter, cidKey, cidOf, makeCid, rawCidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint, fromHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { priceList } from "../src/gas/price-list.ts";
import { GasTracker } from "../src/gas/tracker.ts";
import { scanLinks } from "../src/link-scan.ts";
import { OutOfGas, type SyscallError } from "../src/syscall-error.ts";

const dagCbor = 0x71;
const prices = priceList(21);
const link = cidOf(new TextEncoder().encode("foobar"));

/** A scan's end and what it cost, in fields and links. */
function scan(block: Uint8Array, codec = dagCbor, limit = 10n ** 9n) {
  const gas = new GasTracker(limit, { trace: true });
  let end: readonly string[] | string;
  try {
    end = scanLinks(prices, gas, codec, block);
  } catch (error) {
    end = error instanceof OutOfGas ? "OutOfGas" : (error as SyscallError).errorName;
  }
  expect(gas.trace).toHaveLength(1);
  const spent = Number(gas.used);
  expect(gas.trace?.[0]).toEqual({ kind: "charge", name: "OnScanIpldLinks", milligas: spent });
  // 400 = 11 * 35 + 15: few enough links leave no doubt
  const cids = Array.from({ length: 10 }, (_, n) => n).find((n) => (spent - n * 400_000) % 35_000 === 0) ?? -1;
  return { end, fields: (spent - cids * 400_000) / 35_000, cids, spent };
}
/** `[0, cid, 1]`. */
const test = (cid: Uint8Array): Uint8Array => new CborWriter().array(3).uint(0).link(cid).uint(1).finish();
const identity = (codec: number, block: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(1), encodeUvarint(codec), Uint8Array.of(0), encodeUvarint(block.length), block);
const cidWith = (codec: number, hash: number, length: number): Uint8Array =>
  concatBytes(
    Uint8Array.of(1),
    encodeUvarint(codec),
    encodeUvarint(hash),
    Uint8Array.of(length),
    new Uint8Array(length),
  );

describe("scanLinks", () => {
  it("finds the links of DAG-CBOR, and pays for them", () => {
    expect(scan(test(link))).toEqual({ end: [cidKey(link)], fields: 4, cids: 1, spent: 540_000 });
    expect(scan(test(rawCidOf(Uint8Array.of(1))))).toMatchObject({ end: [cidKey(rawCidOf(Uint8Array.of(1)))] });
  });

  it("looks into no other codec, and allows two of them", () => {
    for (const codec of [0x55, 0x51]) expect(scan(test(link), codec)).toMatchObject({ end: [], spent: 0 });
    expect(scan(test(link), 0x70)).toMatchObject({ end: "IllegalCodec", spent: 0 });
  });

  it("counts links that come twice twice", () => {
    const block = new CborWriter().array(2).link(link).link(link).finish();
    expect(scan(block)).toMatchObject({ end: [cidKey(link), cidKey(link)], fields: 3, cids: 2 });
  });

  it("is out of gas in the middle, whatever follows", () => {
    expect(scan(test(link), dagCbor, 539n)).toMatchObject({ end: "OutOfGas", spent: 539_000 });
    expect(scan(fromHex("8300ff"), dagCbor, 104n)).toMatchObject({ end: "OutOfGas", spent: 104_000 });
    expect(scan(fromHex("8300ff"), dagCbor, 105n)).toMatchObject({ end: "Serialization", spent: 105_000 });
  });

  it("scans what a CID holds itself in place", () => {
    const inner = identity(dagCbor, test(link));
    expect(scan(test(inner))).toMatchObject({ end: [cidKey(link)], fields: 8, cids: 2 });
    expect(scan(test(identity(0x55, test(link))))).toMatchObject({ end: [], fields: 4, cids: 1 });
    expect(scan(test(identity(0x51, test(link))))).toMatchObject({ end: [], fields: 4, cids: 1 });
    expect(scan(test(identity(dagCbor, fromHex("ff"))))).toMatchObject({ end: "Serialization", fields: 4, cids: 1 });
  });

  it("passes over sectors, with any hash", () => {
    for (const codec of [0xf101, 0xf102]) {
      for (const cid of [
        cidWith(codec, 0x1012, 32),
        cidWith(codec, 0xb220, 32),
        cidWith(codec, 0, 3),
        cidWith(codec, 7, 64),
      ])
        expect(scan(test(cid))).toMatchObject({ end: [], fields: 4, cids: 1 });
    }
  });

  it.each([
    ["a codec nobody knows", cidWith(0x70, 0xb220, 32)],
    ["version 0", makeCid(Uint8Array.of(1), { hash: 0x12 }).subarray(2)],
    ["another hash", cidWith(dagCbor, 0x12, 32)],
    ["a short hash", cidWith(dagCbor, 0xb220, 20)],
  ])("refuses a link with %s", (_, cid) => {
    // what follows is not paid for
    expect(scan(test(cid))).toMatchObject({ end: "NotFound", fields: 3, cids: 1 });
  });

  it.each([
    ["nothing at all", "", 1, 0],
    ["a cut array", "8300", 3, 0],
    ["a cut head", "19ff", 1, 0],
    ["an indefinite array", "9fff", 1, 0],
    ["a reserved head", "1c", 1, 0],
    ["a break", "ff", 1, 0],
    ["a cut string", "4200", 1, 0],
    ["a long string", "5bffffffffffffffff", 1, 0],
    ["bytes behind", "0000", 1, 0],
    ["a link of text", "d82a6100", 1, 1],
    ["a link of a number", "d82a00", 1, 1],
    ["a link that is cut", "d82a", 1, 1],
    ["a link of indefinite length", "d82a5f00ff", 1, 1],
    ["a link of bytes that are cut", "d82a4300", 1, 1],
    ["an empty link", "d82a40", 1, 1],
    ["a link with another first byte", "d82a4201", 1, 1],
    ["a link of no CID", "d82a4100", 1, 1],
    ["a link of an explicit version 0", "d82a46000055000100", 1, 1],
    ["a link with a byte behind the CID", "d82a4700015500010000", 1, 1],
    ["a digest that is too long", `d82a5847000155b220${"00".repeat(65)}`, 1, 1],
    ["a map without its last value", "a100", 3, 0],
    ["a tag of nothing", "c1", 2, 0],
    ["more items than 64 bits count", "9bffffffffffffffff81", 3, 0],
    ["twice 2^63 items", "bb8000000000000000", 1, 0],
    ["items that overflow later", "9bffffffffffffffff8200", 2, 0],
    ["many items of which none is there", "9b0000000100000000", 2, 0],
  ])("refuses %s: %s", (_, hex, fields, cids) => {
    expect(scan(fromHex(hex))).toMatchObject({ end: "Serialization", fields, cids });
  });

  it.each([
    ["heads that are longer than they need be", "9800", 1],
    ["floats and simple values", "84f97e00f0f5fbffffffffffffffff", 5],
    ["tags of any kind", "c1c200", 3],
    ["maps in any order", "a2016102016103", 5],
    ["text that is no UTF-8", "62ffff", 1],
    ["a link to a link number in a longer head", `d9002a5827000171a0e40220${"00".repeat(32)}`, 1],
  ])("accepts %s", (_, hex, fields) => {
    expect(scan(fromHex(hex))).toMatchObject({ fields });
    expect(Array.isArray(scan(fromHex(hex)).end)).toBe(true);
  });

  it("reads a link whatever its heads are, to one key", () => {
    for (const head of ["d82a5827", "d82a590027", "d82a5a00000027", "da0000002a5827"]) {
      const block = concatBytes(fromHex(head), Uint8Array.of(0), link);
      expect(scan(block).end).toEqual([cidKey(link)]);
    }
    // ten groups of which the last is past 64 bits: the same number to the reference
    const codec = fromHex("f1808080808080808002");
    const long = concatBytes(Uint8Array.of(1), codec, link.subarray(2));
    expect(scan(test(long)).end).toEqual([cidKey(link)]);
  });

  it("goes through a million items, and on", () => {
    const items = 2 ** 20 + 3;
    const block = new Uint8Array(5 + items);
    block.set(fromHex("9a00100003"));
    expect(scan(block).end).toEqual([]);
    expect(scan(block.subarray(0, -1)).end).toBe("Serialization");
    expect(scan(concatBytes(block, Uint8Array.of(0))).end).toBe("Serialization");
  });
});
