import { readFileSync } from "node:fs";
import { fromHex, isCopseError, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { links } from "../src/index.ts";

/** One block, and what the reference told of it. */
interface Case {
  readonly block: string;
  readonly error: string | undefined;
  readonly left: number;
  readonly links: readonly string[];
}

const cases: Case[] = readFileSync(new URL("fixtures/scan-for-links.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [block = "", first = "", ...rest] = line.split(" ");
    if (first === "!") return { block, error: rest.join(" "), left: 0, links: [] };
    return { block, error: undefined, left: Number(first), links: rest.flatMap((cids) => cids.split(",")) };
  });

const scan = (block: string): string[] | string => {
  try {
    return links(fromHex(block), { form: "chain", maxDepth: 1024 }).map(toHex);
  } catch (error) {
    if (isCopseError(error, "cbor/")) return error.code;
    throw error;
  }
};

describe("links of the chain's form beside cbor-gen's ScanForLinks", () => {
  it("finds the same in every block that both take", () => {
    let count = 0;
    for (const { block, error, left, links: expected } of cases) {
      const found = scan(block);
      if (error !== undefined || left > 0 || typeof found === "string") continue;
      expect(found, block).toEqual(expected);
      count++;
    }
    expect(count).toBeGreaterThan(200);
  });

  it("takes what it does not: heads that are wider than they need be, which Forest and the FVM walk", () => {
    for (const { block, error } of cases) {
      const found = scan(block);
      if (error === undefined || typeof found === "string") continue;
      expect(error, block).toContain("was not canonical");
    }
  });

  it("refuses what it takes, as Forest and the FVM do: bytes after the block, another multibase byte than 0", () => {
    const codes = new Set<string>();
    for (const { block, error, left } of cases) {
      const found = scan(block);
      if (error !== undefined || typeof found !== "string") continue;
      if (left === 0) expect(found, block).toBe("cbor/link-malformed");
      codes.add(found);
    }
    expect([...codes].toSorted()).toEqual(["cbor/link-malformed", "cbor/trailing-bytes"]);
  });
});
