import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { CborReader, CborWriter, type CidBytes, cidOf, links, makeCid, scanLinks } from "../src/index.ts";
import { codeOf } from "./walk/blocks.ts";

const a = cidOf(Uint8Array.of(1));
const b = makeCid(Uint8Array.of(2), { codec: 0x55 });
const link = (cid: CidBytes): string => toHex(new CborWriter().link(cid).finish());
const found = (hex: string, form: "strict" | "chain"): string[] => links(fromHex(hex), { form }).map(toHex);

describe("links of what the chain holds and canonical DAG-CBOR does not", () => {
  const cases: readonly [name: string, hex: string, code: string][] = [
    ["a half float", `82f93c00${link(a)}`, "cbor/unsupported"],
    ["a single float", `82fa3fc00000${link(a)}`, "cbor/unsupported"],
    ["undefined", `82f7${link(a)}`, "cbor/unsupported"],
    ["a simple value in a byte of its own", `82f8ff${link(a)}`, "cbor/unsupported"],
    ["a tag of another kind", `82c101${link(a)}`, "cbor/unexpected"],
    ["a link within another tag", `81d9d9f7${link(a)}`, "cbor/unexpected"],
  ];
  for (const [name, hex, code] of cases) {
    it(`${name}: passed over in the chain's form, ${code} in the strict`, () => {
      expect(found(hex, "chain")).toEqual([toHex(a)]);
      expect(codeOf(() => found(hex, "strict"))).toBe(code);
    });
  }

  it("heads that are wider than they need be", () => {
    const wide = `9802${link(a)}1801`;
    expect(found(wide, "chain")).toEqual([toHex(a)]);
    expect(codeOf(() => found(wide, "strict"))).toBe("cbor/not-minimal");
  });

  it("map keys out of order, and text that is not UTF-8, in both", () => {
    const map = `a2${"6162"}${link(b)}${"61ff"}${link(a)}`;
    for (const form of ["strict", "chain"] as const) expect(found(map, form)).toEqual([toHex(b), toHex(a)]);
  });

  it("links in map keys are none, however deep, and those after them are", () => {
    for (const form of ["strict", "chain"] as const) {
      expect(found(`a1${link(b)}${link(a)}`, form)).toEqual([toHex(a)]);
      expect(found(`a28181${link(b)}${link(a)}6162${link(b)}`, form)).toEqual([toHex(a), toHex(b)]);
      expect(found(`82a1a1${link(b)}${link(b)}01${link(a)}`, form)).toEqual([toHex(a)]);
    }
  });

  it("no form takes indefinite lengths, cut items or links that are no CIDs", () => {
    for (const form of ["strict", "chain"] as const) {
      expect(codeOf(() => found("9f01ff", form))).toBe("cbor/unsupported");
      expect(codeOf(() => found("ff", form))).toBe("cbor/unsupported");
      expect(codeOf(() => found("8201", form))).toBe("cbor/cut");
      expect(codeOf(() => found("", form))).toBe("cbor/cut");
      expect(codeOf(() => found("62ff", form))).toBe("cbor/cut");
      expect(codeOf(() => found("18", form))).toBe("cbor/cut");
      expect(codeOf(() => found("9b00ffffffffffffff", form))).toBe("cbor/too-long");
      expect(codeOf(() => found("bbffffffffffffffff", form))).toBe("cbor/too-long");
      expect(codeOf(() => found("0101", form))).toBe("cbor/trailing-bytes");
      expect(codeOf(() => found("d82a01", form))).toBe("cbor/unexpected");
      expect(codeOf(() => found("d82a", form))).toBe("cbor/cut");
      expect(codeOf(() => found("d82a40", form))).toBe("cbor/link-malformed");
      expect(codeOf(() => found("d82a420101", form))).toBe("cbor/link-malformed");
      expect(codeOf(() => found(`d82a5827${"00".repeat(39)}`, form))).toBe("cbor/link-malformed");
      expect(codeOf(() => found(`d82a590201${"00".repeat(513)}`, form))).toBe("cbor/too-long");
      expect(codeOf(() => found(`d82a5828${"00"}${toHex(a)}00`, form))).toBe("cbor/link-malformed");
    }
  });

  it("nesting is bounded as asked", () => {
    const deep = (levels: number): Uint8Array => concatBytes(new Uint8Array(levels).fill(0x81), Uint8Array.of(1));
    expect(codeOf(() => links(deep(64)))).toBe("accepted");
    expect(codeOf(() => links(deep(65)))).toBe("cbor/too-deep");
    expect(codeOf(() => links(deep(1_000_000), { maxDepth: 1_000_000 }))).toBe("accepted");
    expect(codeOf(() => links(deep(1), { maxDepth: 0 }))).toBe("cbor/too-deep");
  });

  it("the count of links is bounded as asked", () => {
    const block = fromHex(`83${link(a)}${link(b)}${link(a)}`);
    expect(links(block, { maxLinks: 3 })).toHaveLength(3);
    expect(codeOf(() => links(block, { maxLinks: 2 }))).toBe("cbor/too-many-links");
  });

  it("offsets and lengths are those of the CIDs", () => {
    const small = makeCid(Uint8Array.of(1, 2), { codec: 0x55, hash: 0 });
    const block = fromHex(`83${link(a)}${link(small)}81${link(b)}`);
    const told: string[] = [];
    scanLinks(block, (offset, length) => told.push(toHex(block.subarray(offset, offset + length))));
    expect(told).toEqual([a, small, b].map(toHex));
    const skipped: string[] = [];
    const reader = new CborReader(concatBytes(Uint8Array.of(7), block, Uint8Array.of(8)), 1);
    expect(reader.skip((cid) => skipped.push(toHex(cid)))).toEqual(block);
    expect(skipped).toEqual(told);
    expect(reader.offset).toBe(block.length + 1);
  });
});
