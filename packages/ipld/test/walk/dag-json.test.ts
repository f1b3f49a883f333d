import { fromHex } from "@copse/primitives";
import { carBlocks, describeData, fuzz } from "@copse/testkit";
import * as dagCbor from "@ipld/dag-cbor";
import * as dagJson from "@ipld/dag-json";
import { describe, expect, it } from "vitest";
import { cidOf, toCid } from "../../src/index.ts";
import { formatDagJson } from "../../src/walk/index.ts";
import { codeOf } from "./blocks.ts";

const json = (hex: string): string => formatDagJson(fromHex(hex));
const parsed = (block: Uint8Array): unknown => dagJson.decode(new TextEncoder().encode(formatDagJson(block)));

describe("formatDagJson", () => {
  it("shows what @ipld/dag-json does", () => {
    const value = {
      list: [1, -1, 2 ** 53 - 1, 2n ** 64n - 1n, -(2n ** 63n), [], {}, null, true, false, 'ü\n"', 1.5],
      bytes: new Uint8Array(5),
      link: toCid(cidOf(Uint8Array.of(1))),
    };
    expect(parsed(dagCbor.encode(value))).toEqual(value);
  });

  it("keeps keys in their order, and integers and floats apart", () => {
    expect(json("a26162016161fb3ff0000000000000")).toBe('{"b":1,"a":1.0}');
    expect(json("1bffffffffffffffff")).toBe("18446744073709551615");
    expect(json("3bffffffffffffffff")).toBe("-18446744073709551616");
    expect(json("fb7e37e43c8800759c")).toBe("1e+300");
  });

  it("shows what the chain has and JSON has not", () => {
    expect(json("61ff")).toBe('{"/":{"bytes":"/w"}}');
    expect(json("86f7f8fff93c00fa3fc00000f97c00c1f9fc00")).toBe('[null,"simple(255)",1.0,1.5,"Infinity","-Infinity"]');
    expect(json("83f90001f98000f97e00")).toBe('[5.960464477539063e-8,-0.0,"NaN"]');
    expect(json("a201028103820405e0".slice(0, -2))).toBe('{"1":2,"[3]":[4,5]}');
  });

  it("refuses what is no CBOR, or nested too deep", () => {
    expect(codeOf(() => json("8201"))).toBe("cbor/cut");
    expect(codeOf(() => json("0000"))).toBe("cbor/trailing-bytes");
    expect(codeOf(() => json(`${"81".repeat(65)}00`))).toBe("cbor/too-deep");
    expect(codeOf(() => formatDagJson(fromHex("f97c00"), { form: "strict" }))).toBe("cbor/unsupported");
  });

  fuzz(
    "formatDagJson gives JSON",
    [
      dagCbor.encode([1, { a: new Uint8Array(3), b: [toCid(cidOf(Uint8Array.of(1)))] }, "text", 1.5]),
      fromHex("a2c1610161fff9"),
    ],
    (bytes) => void JSON.parse(formatDagJson(bytes)),
    (error) => error instanceof Error && "code" in error && String(error.code).startsWith("cbor/"),
  );
});

describeData("blocks of the chain as DAG-JSON", ["chain/mainnet-export40.car"], () => {
  it("are what @ipld/dag-cbor makes of them", () => {
    let count = 0;
    for (const [cid, block] of carBlocks("chain/mainnet-export40.car")) {
      if (cid.charCodeAt(1) !== 0x71) continue;
      expect(parsed(block)).toEqual(dagCbor.decode(block));
      count++;
    }
    expect(count).toBeGreaterThan(1000);
  });
});
