import { fromHex, isCopseError, toHex } from "@copse/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttoFil } from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    return `returned ${String(run())}`;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
};

describe("AttoFil", () => {
  it.each([
    [0n, ""],
    [1n, "0001"],
    [-1n, "0101"],
    [256n, "000100"],
    [100000000n, "0005f5e100"],
    [-(2n ** 64n), "01010000000000000000"],
  ])("%s is %s on chain", (value, hex) => {
    expect(toHex(AttoFil.encode(AttoFil.from(value)))).toBe(hex);
    expect(AttoFil.decode(fromHex(hex))).toBe(value);
  });
  it("takes leading zeros and minus zero, as Go and Rust do", () => {
    expect(AttoFil.decode(fromHex("00000001"))).toBe(1n);
    expect(AttoFil.decode(fromHex("00"))).toBe(0n);
    expect(AttoFil.decode(fromHex("01"))).toBe(0n);
    expect(AttoFil.decode(fromHex("0100"))).toBe(0n);
  });
  it("refuses other signs and more than 128 bytes", () => {
    expect(codeOf(() => AttoFil.decode(fromHex("0201")))).toBe("amount/sign-unknown");
    const longest = new Uint8Array(128).fill(0xff).with(0, 1);
    expect(toHex(AttoFil.encode(AttoFil.decode(longest)))).toBe(toHex(longest));
    expect(codeOf(() => AttoFil.decode(new Uint8Array(129)))).toBe("amount/too-long");
    expect(codeOf(() => AttoFil.encode(AttoFil.from(2n ** 1016n)))).toBe("amount/too-long");
  });
  it("reads what it writes", () => {
    const amounts = fc.bigInt({ min: -(2n ** 1016n) + 1n, max: 2n ** 1016n - 1n });
    fc.assert(fc.property(amounts, (value) => AttoFil.decode(AttoFil.encode(AttoFil.from(value))) === value));
  });
  it.each([
    ["1.5 FIL", 1500000000000000000n, "1.5 FIL"],
    ["0", 0n, "0 FIL"],
    ["-0.000000000000000001", -1n, "-0.000000000000000001 FIL"],
    [".5fil", 500000000000000000n, "0.5 FIL"],
    ["7 attofil", 7n, "0.000000000000000007 FIL"],
    ["7aFIL", 7n, "0.000000000000000007 FIL"],
    ["2000000000", AttoFil.totalSupply, "2000000000 FIL"],
    ["1.500000000000000000000", 1500000000000000000n, "1.5 FIL"],
  ])("parses %s", (text, value, written) => {
    expect(AttoFil.parse(text)).toBe(value);
    expect(AttoFil.format(AttoFil.from(value))).toBe(written);
  });
  it.each(["", ".", "-", "FIL", "1,5", "1e3", "1.5 afil", "0.0000000000000000001", "1 BTC", "9".repeat(65), "1 2"])(
    "refuses %s",
    (text) => {
      expect(codeOf(() => AttoFil.parse(text))).toBe("amount/text-malformed");
    },
  );
  it("formats what parses back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (value) => {
        return AttoFil.parse(AttoFil.format(AttoFil.from(value))) === value;
      }),
    );
  });
});
