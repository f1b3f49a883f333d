import { fromHex, toHex } from "@copse/primitives";
import * as dagCbor from "@ipld/dag-cbor";
import fc from "fast-check";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { CborError, CborReader, CborWriter, type Codec, cidOf, decode, encode, links, toCid } from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof CborError) return error.code;
    throw error;
  }
  return "accepted";
};

describe("CborWriter beside @ipld/dag-cbor", () => {
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  it("writes integers of every width alike", () => {
    for (const value of [
      0n,
      23n,
      24n,
      255n,
      256n,
      65535n,
      65536n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 53n,
      2n ** 64n - 1n,
    ]) {
      expect(toHex(new CborWriter().uint(value).finish())).toBe(toHex(dagCbor.encode(value)));
    }
    fc.assert(
      fc.property(uint64, (value) => toHex(new CborWriter().uint(value).finish()) === toHex(dagCbor.encode(value))),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const written = new CborWriter(1).int(value).finish();
        expect(toHex(written)).toBe(toHex(dagCbor.encode(value)));
        expect(new CborReader(written).int()).toBe(value);
      }),
    );
  });
  it("writes bytes, text, links, lists and booleans alike", () => {
    const cid = toCid(cidOf(Uint8Array.of(1)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.boolean(), (bytes, text, flag) => {
        const written = new CborWriter(1).array(5).bytes(bytes).text(text).link(cid.bytes).bool(flag).null().finish();
        expect(toHex(written)).toBe(toHex(dagCbor.encode([bytes, text, cid, flag, null])));
        const reader = new CborReader(written);
        expect(reader.array(5)).toBe(5);
        expect(reader.bytes()).toEqual(bytes);
        expect(reader.text()).toBe(text);
        expect(toHex(reader.link())).toBe(toHex(cid.bytes));
        expect(reader.bool()).toBe(flag);
        expect(reader.null()).toBe(true);
        reader.end();
      }),
    );
  });
  it("refuses what has no form", () => {
    expect(codeOf(() => new CborWriter().uint(-1))).toBe("cbor/out-of-range");
    expect(codeOf(() => new CborWriter().uint(2n ** 64n))).toBe("cbor/out-of-range");
    expect(codeOf(() => new CborWriter().int(2n ** 63n))).toBe("cbor/out-of-range");
    expect(codeOf(() => new CborWriter().int(-(2n ** 63n) - 1n))).toBe("cbor/out-of-range");
  });
  it("starts anew after finish", () => {
    const writer = new CborWriter();
    expect(toHex(writer.uint(1).finish())).toBe("01");
    expect(toHex(writer.uint(2).finish())).toBe("02");
  });
});

describe("CborReader is as strict as the Go decoder", () => {
  it.each([
    ["1817", "cbor/not-minimal"],
    ["1900ff", "cbor/not-minimal"],
    ["1a0000ffff", "cbor/not-minimal"],
    ["1b00000000ffffffff", "cbor/not-minimal"],
    ["1c", "cbor/unsupported"],
    ["1f", "cbor/unsupported"],
    ["18", "cbor/cut"],
    ["1b00000001000000", "cbor/cut"],
    ["", "cbor/cut"],
    ["20", "cbor/unexpected"],
    ["f6", "cbor/unexpected"],
    ["1bffffffffffffffff", "accepted"],
    ["1818", "accepted"],
  ])("uint %s: %s", (hex, code) => expect(codeOf(() => new CborReader(fromHex(hex)).uint())).toBe(code));
  it.each([
    ["1b7fffffffffffffff", 2n ** 63n - 1n],
    ["3b7fffffffffffffff", -(2n ** 63n)],
  ])("int %s", (hex, value) => expect(new CborReader(fromHex(hex)).int()).toBe(value));
  it.each(["1b8000000000000000", "3b8000000000000000"])("refuses int %s past 64 bits", (hex) =>
    expect(codeOf(() => new CborReader(fromHex(hex)).int())).toBe("cbor/out-of-range"),
  );
  it("reads short integers as strictly as long ones", () => {
    for (const value of [0, 23, 24, 255, 256, 65535, 65536]) {
      const bytes = new CborWriter().uint(value).finish();
      const reader = new CborReader(bytes);
      expect(reader.safeUint()).toBe(value);
      reader.end();
      for (let length = 0; length < bytes.length; length++) {
        expect(codeOf(() => new CborReader(bytes.subarray(0, length)).safeUint())).toBe("cbor/cut");
      }
    }
    for (const long of ["1800", "1817", "190000", "1900ff", "1a0000ffff"]) {
      expect(codeOf(() => new CborReader(fromHex(long)).safeUint())).toBe("cbor/not-minimal");
    }
    for (const other of ["20", "3818", "40", "80"]) {
      expect(codeOf(() => new CborReader(fromHex(other)).safeUint())).toBe("cbor/unexpected");
    }
  });

  it("reads numbers up to 2^53 - 1 only where the protocol keeps below", () => {
    expect(new CborReader(fromHex("1b001fffffffffffff")).safeUint()).toBe(Number.MAX_SAFE_INTEGER);
    expect(codeOf(() => new CborReader(fromHex("1b0020000000000000")).safeUint())).toBe("cbor/out-of-range");
    expect(new CborReader(fromHex("3863")).safeInt()).toBe(-100);
  });
  it("limits lengths before it reads", () => {
    expect(codeOf(() => new CborReader(fromHex("9a00100000")).array())).toBe("cbor/too-long");
    expect(codeOf(() => new CborReader(fromHex("5a00200001")).bytes())).toBe("cbor/too-long");
    expect(codeOf(() => new CborReader(fromHex("5bffffffffffffffff")).bytes())).toBe("cbor/too-long");
    expect(codeOf(() => new CborReader(fromHex("82")).array(3))).toBe("cbor/wrong-length");
    expect(codeOf(() => new CborReader(fromHex("43ffff")).bytes())).toBe("cbor/cut");
  });
  it("takes only links that are whole CIDs behind the identity multibase", () => {
    const cid = cidOf(Uint8Array.of(1));
    const link = new CborWriter().link(cid).finish();
    expect(toHex(new CborReader(link).link())).toBe(toHex(cid));
    const change = (at: number, byte: number): Uint8Array => link.with(at, byte);
    expect(codeOf(() => new CborReader(change(4, 1)).link())).toBe("cbor/link-malformed"); // multibase
    expect(codeOf(() => new CborReader(change(5, 2)).link())).toBe("cbor/link-malformed"); // version
    expect(codeOf(() => new CborReader(change(10, 31)).link())).toBe("cbor/link-malformed"); // digest length
    expect(codeOf(() => new CborReader(change(1, 43)).link())).toBe("cbor/unexpected"); // tag
    expect(codeOf(() => new CborReader(fromHex("d82a40")).link())).toBe("cbor/link-malformed");
  });
  it("refuses text that is not UTF-8, and keeps it as bytes", () => {
    expect(codeOf(() => new CborReader(fromHex("61ff")).text())).toBe("cbor/text-malformed");
    expect(toHex(new CborReader(fromHex("61ff")).textBytes())).toBe("ff");
  });
  it("passes over anything canonical, and nothing else", () => {
    expect(codeOf(() => links(fromHex(`${"81".repeat(64)}80`)))).toBe("accepted");
    expect(codeOf(() => links(fromHex(`${"81".repeat(65)}80`)))).toBe("cbor/too-deep");
    expect(codeOf(() => links(fromHex("fb3ff0000000000000")))).toBe("accepted");
    expect(codeOf(() => links(fromHex("f93c00")))).toBe("cbor/unsupported");
    expect(codeOf(() => links(fromHex("f7")))).toBe("cbor/unsupported");
    expect(codeOf(() => links(fromHex("9f01ff")))).toBe("cbor/unsupported");
    expect(codeOf(() => links(fromHex("0000")))).toBe("cbor/trailing-bytes");
    expect(codeOf(() => links(fromHex("9affffffff")))).toBe("cbor/too-long");
  });
  it("reads back whatever @ipld/dag-cbor writes", () => {
    const leaf = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.uint8Array(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
    );
    const value = fc.letrec((tie) => ({
      node: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("node")), fc.dictionary(fc.string(), tie("node"))),
    })).node;
    fc.assert(fc.property(value, (v) => links(dagCbor.encode(v)).length === 0));
  });
});

describe("codecs", () => {
  const pair: Codec<[number, Uint8Array]> = {
    encode: (writer, [n, bytes]) => void writer.array(2).uint(n).bytes(bytes),
    decode: (reader) => [reader.array(2) && reader.safeUint(), reader.bytes().slice()],
  };
  it("read what they write, and nothing behind it", () => {
    expect(decode(pair, encode(pair, [7, Uint8Array.of(1)]))).toEqual([7, Uint8Array.of(1)]);
    expect(codeOf(() => decode(pair, fromHex("82074101ff")))).toBe("cbor/trailing-bytes");
  });
  it("finds links in order, in maps with keys out of order too", () => {
    const [a, b] = [cidOf(Uint8Array.of(1)), cidOf(Uint8Array.of(2))];
    const block = new CborWriter().map(2).text("bb").link(a).text("a").array(1).link(b).finish();
    expect(links(block).map(toHex)).toEqual([toHex(a), toHex(b)]);
    expect(CID.decode(links(block)[0] as Uint8Array).toString()).toBe(toCid(a).toString());
  });
});
