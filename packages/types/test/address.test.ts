import { blake2b32 } from "@copse/crypto";
import { concatBytes, fromHex, isCopseError, toHex } from "@copse/primitives";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase32, encodeBase32 } from "../src/base32.ts";
import { Address, TypesError } from "../src/index.ts";

const caught = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};
const codeOf = (run: () => unknown): string => {
  const error = caught(run);
  return error instanceof TypesError ? error.code : `returned or threw ${String(error)}`;
};

// Texts and numbers from go-address:address_test.go
const known = [
  "t00",
  "t01",
  "t010",
  "t0150",
  "t0499",
  "t01024",
  "t01729",
  "t0999999",
  "t09223372036854775807",
  "t15ihq5ibzwki2b4ep2f46avlkrqzhpqgtga7pdrq",
  "t12fiakbhe2gwd5cnmrenekasyn6v5tnaxaqizq6a",
  "t1wbxhu3ypkuo6eyp6hjx6davuelxaxrvwb2kuwva",
  "t1xtwapqc6nh4si2hcwpr3656iotzmlwumogqbuaa",
  "t24vg6ut43yw2h2jqydgbg2xq7x6f4kub3bg6as6i",
  "t25nml2cfbljvn4goqtclhifepvfnicv6g7mfmmvq",
  "t2nuqrg7vuysaue2pistjjnt3fadsdzvyuatqtfei",
  "t3vvmn62lofvhjd2ugzca6sof2j2ubwok6cj4xxbfzz4yuxfkgobpihhd2thlanmsh3w2ptld2gqkn2jvlss4a",
  "t3wmuu6crofhqmm3v4enos73okk2l366ck6yc4owxwbdtkmpk42ohkqxfitcpa57pjdcftql4tojda2poeruwa",
  "t432f77777777x32lpna",
  "t49223372036854775807fiic6zsy",
  "t49223372036854775807faaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaahwgiuam",
];

describe("base32", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (b) => toHex(decodeBase32(encodeBase32(b)) ?? b) === toHex(b)),
    );
  });
  it("takes one text for each byte string", () => {
    const texts = fc.string({ unit: fc.constantFrom(..."abcz27"), maxLength: 12 });
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = decodeBase32(text);
        return bytes === undefined || encodeBase32(bytes) === text;
      }),
    );
    expect(decodeBase32("a")).toBeUndefined();
    expect(decodeBase32("ab")).toBeUndefined();
    expect(decodeBase32("A4")).toBeUndefined();
    expect(decodeBase32("é4")).toBeUndefined();
  });
});

describe("Address", () => {
  it.each(known)("text %s has one byte form", (text) => {
    const address = Address.parse(text);
    expect(Address.format(address, "t")).toBe(text);
    expect(Address.format(address)).toBe(`f${text.slice(1)}`);
    expect(Address.format(Address.fromBytes(address), "t")).toBe(text);
    expect(address.length).toBeLessThanOrEqual(64);
  });
  it("is made of parts as Go makes it", () => {
    expect(toHex(Address.id(1024))).toBe("008008");
    expect(Address.format(Address.delegated(32, new Uint8Array(5).fill(0xff)))).toBe("f432f77777777x32lpna");
    expect(Address.format(Address.actor(new TextEncoder().encode("satoshi")))).toMatch(/^f2/);
    const key = Address.payload(Address.parse(known[16] as string));
    expect(Address.format(Address.fromBls(key), "t")).toBe(known[16]);
  });
  it("keeps apart kinds that ask for their own part", () => {
    expect(Address.idOf(Address.id(2n ** 63n - 1n))).toBe(2n ** 63n - 1n);
    expect(codeOf(() => Address.idOf(Address.parse("t24vg6ut43yw2h2jqydgbg2xq7x6f4kub3bg6as6i")))).toBe(
      "address/kind-wrong",
    );
    expect(codeOf(() => Address.delegation(Address.id(1)))).toBe("address/kind-wrong");
    expect(Address.delegation(Address.parse("f432f77777777x32lpna"))).toEqual({
      namespace: 32n,
      subaddress: new Uint8Array(5).fill(0xff),
    });
  });
  it("maps to eth and back", () => {
    const eth = fromHex("52963ef50e27e06d72d59fcb4f3c2a687be3cfef");
    expect(Address.toEth(Address.fromEth(eth))).toEqual(eth);
    expect(Address.format(Address.fromEth(eth))).toMatch(/^f410f/);
    const masked = fromHex("ff00000000000000000000000000000000000400");
    expect(Address.format(Address.fromEth(masked))).toBe("f01024");
    expect(Address.toEth(Address.id(1024))).toEqual(masked);
    expect(Address.toEth(Address.delegated(10, masked))).toBeUndefined();
    expect(Address.toEth(Address.delegated(11, eth))).toBeUndefined();
    expect(Address.toEth(Address.parse("t24vg6ut43yw2h2jqydgbg2xq7x6f4kub3bg6as6i"))).toBeUndefined();
  });
  it.each([
    ["t2gfvuyh7v2sx3patm5k23wdzmhyhtmqctasbr24y", "address/checksum-wrong"],
    ["f1xpbyy4tkdx5si2bgo37dubc2xwv6fum5tk57mid", "address/text-malformed"], // stray bits at the end
    ["t0banananananannnnnnnnn", "address/text-malformed"],
    ["t2gfvuyh7v2sx3patm1k23wdzmhyhtmqctasbr24y", "address/text-malformed"],
    ["t2gfvuyh7v2sx3paTm1k23wdzmhyhtmqctasbr24y", "address/text-malformed"],
    ["t2", "address/text-malformed"],
    ["t0", "address/text-malformed"],
    ["", "address/text-malformed"],
    ["t09223372036854775808", "address/id-malformed"],
    ["t018446744073709551616", "address/text-malformed"],
    ["t0+1", "address/text-malformed"],
    ["t0-1", "address/text-malformed"],
    ["t01_0", "address/text-malformed"],
    ["a01", "address/prefix-unknown"],
    ["t51", "address/protocol-unknown"],
    ["t432", "address/text-malformed"],
    ["t4f77777777x32lpna", "address/text-malformed"],
    ["t1234q", "address/text-malformed"],
    [`t1${"a".repeat(39)}`, "address/checksum-wrong"],
    [`t3${"a".repeat(84)}`, "address/checksum-wrong"],
    [`t1${"a".repeat(40)}`, "address/length-wrong"],
  ])("refuses the text %s as %s", (text, code) => {
    expect(codeOf(() => Address.parse(text))).toBe(code);
    expect(Address.isAddress(text)).toBe(false);
  });
  it("takes leading zeros of a number, as Go does", () => {
    expect(Address.format(Address.parse("f0007"))).toBe("f07");
  });
  it.each([
    ["", "address/length-wrong"],
    ["00", "address/id-malformed"],
    ["05", "address/length-wrong"],
    ["0500", "address/protocol-unknown"],
    ["008000", "address/id-malformed"],
    ["000100", "address/length-wrong"],
    ["00ffffffffffffffffff01", "address/id-malformed"],
    [`01${"00".repeat(19)}`, "address/length-wrong"],
    [`02${"00".repeat(21)}`, "address/length-wrong"],
    [`03${"00".repeat(47)}`, "address/length-wrong"],
    ["04", "address/id-malformed"],
    [`040a${"00".repeat(55)}`, "address/length-wrong"],
  ])("refuses the bytes %s as %s", (hex, code) => {
    expect(codeOf(() => Address.fromBytes(fromHex(hex)))).toBe(code);
  });
  it("delegated addresses hold 0 to 54 bytes", () => {
    for (const length of [0, 1, 54]) expect(Address.delegated(10, new Uint8Array(length)).length).toBe(2 + length);
    expect(codeOf(() => Address.delegated(10, new Uint8Array(55)))).toBe("address/length-wrong");
    expect(codeOf(() => Address.delegated(2n ** 63n, new Uint8Array(1)))).toBe("address/id-malformed");
    expect(codeOf(() => Address.id(-1))).toBe("address/id-malformed");
  });
  it("does not change with the bytes it was read from", () => {
    const bytes = Uint8Array.of(0, 1);
    const address = Address.fromBytes(bytes);
    bytes[1] = 2;
    expect(Address.format(address)).toBe("f01");
  });
  it("any valid bytes have a text that reads back", () => {
    const addresses = fc.oneof(
      fc.bigInt({ min: 0n, max: Address.maxId }).map((n) => Address.id(n)),
      fc.uint8Array({ minLength: 20, maxLength: 20 }).map((b) => Address.fromBytes(concatBytes(Uint8Array.of(2), b))),
      fc
        .tuple(fc.bigInt({ min: 0n, max: Address.maxId }), fc.uint8Array({ maxLength: 54 }))
        .map(([n, b]) => Address.delegated(n, b)),
    );
    fc.assert(fc.property(addresses, (a) => Address.equals(Address.parse(Address.format(a)), a)));
  });
  it("one wrong character never passes", () => {
    const text = "f1xpbyy4tkdx5si2bgo37dubc2xwv6fum5tk57mia";
    fc.assert(
      fc.property(fc.nat(40), fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567019"), (at, c) => {
        const changed = text.slice(0, at) + c + text.slice(at + 1);
        return changed === text || (at === 0 && c === "t") || caughtAddress(changed);
      }),
    );
  });
  it("checksums cover the protocol byte", () => {
    const body = new Uint8Array(20);
    const asOne = encodeBase32(concatBytes(body, blake2b32(concatBytes(Uint8Array.of(1), body))));
    expect(Address.isAddress(`f1${asOne}`)).toBe(true);
    expect(Address.isAddress(`f2${asOne}`)).toBe(false);
  });
});

const caughtAddress = (text: string): boolean =>
  isCopseError(
    caught(() => Address.parse(text)),
    "address/",
  );
