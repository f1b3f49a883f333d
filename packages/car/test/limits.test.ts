import { cidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { CarError, CarScanner, decodeCar, encodeCar, writeCar } from "../src/index.ts";
import { verifyCar } from "../src/report.ts";
import { bytesAccess, createCarStore } from "../src/store.ts";

const bytes = Uint8Array.of(0x80);
const cid = cidOf(bytes);
const good = encodeCar([cid], [{ cid, bytes }]);
const second = encodeCar([cid], [{ cid, bytes }], { version: 2 });

function codeOf(file: Uint8Array, options = {}): string {
  try {
    decodeCar(file, options);
    return "none";
  } catch (error) {
    expect(error).toBeInstanceOf(CarError);
    return (error as CarError).code;
  }
}

/** The CARv2 file with a field of its header replaced. */
function withField(at: number, value: bigint): Uint8Array {
  const file = Uint8Array.from(second);
  new DataView(file.buffer).setBigUint64(at, value, true);
  return file;
}

describe("what a file may claim", () => {
  it("takes the good ones", () => {
    expect(codeOf(good)).toBe("none");
    expect(codeOf(second)).toBe("none");
    expect(decodeCar(second).version).toBe(2);
    expect(decodeCar(second).blocks[0]?.offset).toBe(decodeCar(good).blocks[0]!.offset + 51);
  });

  it("misses no root whose data is in its CID", async () => {
    const identity = Uint8Array.of(1, 0x55, 0, 2, 7, 7);
    const file = encodeCar([identity, cid], [{ cid, bytes }]);
    expect(codeOf(file)).toBe("none");
    expect(await verifyCar(bytesAccess(file))).toMatchObject({ isGood: true, missingRoots: [] });
    await using store = await createCarStore(bytesAccess(file));
    const streamed: Uint8Array[] = [];
    for await (const chunk of store.stream(identity)) streamed.push(chunk);
    expect(streamed).toEqual([Uint8Array.of(7, 7)]);
  });

  it("takes no roots and no blocks", () => {
    const empty = encodeCar([], []);
    expect(empty.length).toBe(18);
    expect(decodeCar(empty)).toEqual({ version: 1, roots: [], blocks: [] });
  });

  it.each([
    ["nothing", new Uint8Array(0), "car/cut"],
    ["a header of 2^63 B", concatBytes(encodeUvarint(2n ** 63n), good), "car/header-too-long"],
    ["a header of 32 MiB and one", encodeUvarint((32 << 20) + 1), "car/header-too-long"],
    ["a length that is no shortest varint", concatBytes(Uint8Array.of(0xba, 0x80, 0x00), good), "car/length-malformed"],
    ["a length of 70 bits", new Uint8Array(11).fill(0xff), "car/length-malformed"],
    ["an empty header", Uint8Array.of(0), "car/header-malformed"],
    ["a header that is a list", Uint8Array.of(1, 0x80), "car/header-malformed"],
    ["version 3", Uint8Array.of(10, 0xa1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 3), "car/version-unknown"],
    [
      "version 1 without roots",
      Uint8Array.of(10, 0xa1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 1),
      "car/header-malformed",
    ],
    ["an empty section", concatBytes(good, Uint8Array.of(0)), "car/section-empty"],
    ["a section of 8 MiB and one", concatBytes(good, encodeUvarint((8 << 20) + 1)), "car/section-too-long"],
    ["a section of 2^64 - 1 B", concatBytes(good, encodeUvarint(2n ** 64n - 1n)), "car/section-too-long"],
    ["a section that is no CID", concatBytes(good, Uint8Array.of(2, 1, 0x71)), "car/cid-malformed"],
    ["a section that is half a CID", concatBytes(good, Uint8Array.of(20), cid.subarray(0, 20)), "car/cid-malformed"],
    ["a hash nobody knows", concatBytes(good, Uint8Array.of(5, 1, 0x71, 0x55, 1, 9)), "car/hash-unsupported"],
    ["a codec nobody asked for", concatBytes(good, Uint8Array.of(5, 1, 0x70, 0, 0, 9)), "car/codec-unexpected"],
    ["zeros after the end", concatBytes(good, new Uint8Array(100)), "car/section-empty"],
  ])("refuses %s", (_, file, code) => {
    expect(codeOf(file)).toBe(code);
  });

  it("refuses more roots than the limit, and counts no further than the header", () => {
    expect(codeOf(good, { limits: { roots: 0 } })).toBe("car/too-many-roots");
    // An array head that claims 2^32 roots in a header of a few bytes.
    const claim = Uint8Array.of(0xa2, 0x65, 0x72, 0x6f, 0x6f, 0x74, 0x73, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0);
    expect(codeOf(concatBytes(encodeUvarint(claim.length), claim))).toBe("car/too-many-roots");
  });

  it.each([
    ["a data offset before the end of the header", withField(27, 50n), "car/layout-malformed"],
    ["a data offset of 2^64 - 1", withField(27, 2n ** 64n - 1n), "car/layout-malformed"],
    ["a data offset far past the file", withField(27, 2n ** 50n), "car/cut"],
    ["a data size of 0", withField(35, 0n), "car/layout-malformed"],
    ["offset and size that overflow 64 bits", withField(35, 2n ** 64n - 51n), "car/layout-malformed"],
    ["a data size larger than the file", withField(35, 10_000n), "car/cut"],
    ["a data size that ends inside the header", withField(35, 10n), "car/header-malformed"],
    ["a data size that ends inside a section", withField(35, BigInt(good.length - 1)), "car/section-past-data"],
    ["an index before the end of the data", withField(43, 60n), "car/layout-malformed"],
    ["an index past 2^53", withField(43, 2n ** 60n), "car/layout-malformed"],
    ["a CARv2 in a CARv2", concatBytes(second.subarray(0, 51), second), "car/version-unknown"],
  ])("refuses a CARv2 with %s", (_, file, code) => {
    expect(codeOf(file)).toBe(code);
  });

  it("passes over padding and index of a CARv2", () => {
    const padded = concatBytes(withField(27, 1051n).subarray(0, 51), new Uint8Array(1000), good, new Uint8Array(99));
    new DataView(padded.buffer).setBigUint64(43, BigInt(1051 + good.length), true);
    expect(decodeCar(padded).blocks.length).toBe(1);
    const scanner = new CarScanner();
    const out: never[] = [];
    for (const byte of padded) scanner.push(Uint8Array.of(byte), out);
    scanner.end();
    expect(out.length).toBe(1);
    expect(scanner.done).toBe(true);
  });

  it("holds no padding in memory, however much is claimed", () => {
    const scanner = new CarScanner();
    scanner.push(withField(27, 2n ** 40n).subarray(0, 51), []);
    const megabyte = new Uint8Array(1 << 20);
    for (let i = 0; i < 2000; i++) scanner.push(megabyte, []); // 2 GB pass through
    expect(() => scanner.end()).toThrow(expect.objectContaining({ code: "car/cut" }));
  });

  it("refuses to write what it would not read", async () => {
    const large = new Uint8Array(8 << 20);
    expect(() => encodeCar([cid], [{ cid, bytes: large }])).toThrow(
      expect.objectContaining({ code: "car/section-too-long" }),
    );
    const announced = async (): Promise<void> => {
      for await (const _ of writeCar([cid], [{ cid, bytes }], { v2DataSize: 7 }));
    };
    await expect(announced()).rejects.toMatchObject({ code: "car/size-differs" });
  });
});
