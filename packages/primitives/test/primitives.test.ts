import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BytesError,
  bigintToBytes,
  bytesToBigint,
  CopseError,
  compareBytes,
  concatBytes,
  encodeUvarint,
  equalBytes,
  fromHex,
  fromLatin1,
  HostFault,
  isCopseError,
  joinBytes,
  latin1,
  maxUvarint,
  readUvarint,
  toHex,
  uint64BE,
  type VarintError,
} from "../src/index.ts";

const bytes = fc.uint8Array({ maxLength: 64 });
const caught = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe("bytes", () => {
  it("hex and latin1 are one-to-one", () => {
    fc.assert(fc.property(bytes, (b) => equalBytes(fromHex(toHex(b)), b) && equalBytes(fromLatin1(latin1(b)), b)));
  });
  it("latin1 takes more bytes than a call takes arguments", () => {
    expect(latin1(new Uint8Array(1_000_000)).length).toBe(1_000_000);
  });
  it("orders as the joined bytes of equal length do, prefixes first", () => {
    expect(compareBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(-1);
    expect(compareBytes(Uint8Array.of(2), Uint8Array.of(1, 255))).toBe(1);
    fc.assert(fc.property(bytes, bytes, (a, b) => Math.sign(Buffer.compare(a, b)) === compareBytes(a, b)));
  });
  it("joins", () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => toHex(concatBytes(a, b)) === toHex(a) + toHex(b)));
  });
  it("says where hex is malformed", () => {
    const error = caught(() => fromHex("0x0g"));
    expect(error).toBeInstanceOf(BytesError);
    expect((error as BytesError).facts).toEqual({ length: 4, at: 3 });
    expect(caught(() => fromHex("abc"))).toBeInstanceOf(BytesError);
  });

  it("join however many they are", () => {
    const joined = joinBytes(Array.from({ length: 1_000_000 }, (_, i) => Uint8Array.of(i & 255)));
    expect([joined.length, joined[999_999]]).toEqual([1_000_000, 999_999 & 255]);
    expect(joinBytes([])).toEqual(new Uint8Array(0));
  });
});

describe("varint", () => {
  it("reads what it writes, at any offset", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: maxUvarint }), bytes, (value, before) => {
        const written = encodeUvarint(value);
        expect(readUvarint(concatBytes(before, written), before.length)).toEqual({
          value,
          end: before.length + written.length,
        });
      }),
    );
  });
  it.each([
    ["", "varint/cut"],
    ["80", "varint/cut"],
    ["8080808080", "varint/cut"],
    ["8000", "varint/not-minimal"],
    ["808080808000", "varint/not-minimal"],
    ["ffffffffffffffffff02", "varint/too-large"],
    ["ffffffffffffffffffff01", "varint/too-large"],
  ])("refuses %s as %s", (hex, code) => {
    expect((caught(() => readUvarint(fromHex(hex))) as VarintError).code).toBe(code);
  });
  it("refuses to write what has no form", () => {
    expect((caught(() => encodeUvarint(-1)) as VarintError).code).toBe("varint/negative");
    expect((caught(() => encodeUvarint(maxUvarint + 1n)) as VarintError).code).toBe("varint/too-large");
  });
});

describe("integers", () => {
  it("big-endian bytes are minimal and read back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 300n }), (value) => {
        const written = bigintToBytes(value);
        expect(written[0]).not.toBe(0);
        expect(bytesToBigint(written)).toBe(value);
      }),
    );
  });
  it("writes 64 bits, two's complement", () => {
    expect(toHex(uint64BE(-2))).toBe("fffffffffffffffe");
    expect(toHex(uint64BE(2n ** 63n))).toBe("8000000000000000");
  });
});

describe("errors", () => {
  it("carry code, facts and cause", () => {
    const fault = new HostFault("host/block-missing", { cid: "x" }, { cause: 7 });
    expect(fault).toBeInstanceOf(CopseError);
    expect([fault.name, fault.code, fault.facts, fault.cause]).toEqual([
      "HostFault",
      "host/block-missing",
      { cid: "x" },
      7,
    ]);
    expect(isCopseError(fault, "host/")).toBe(true);
    expect(isCopseError(fault, "car/")).toBe(false);
    expect(isCopseError(new Error("plain"))).toBe(false);
  });
});
