import { describe, expect, it } from "vitest";
import { fillSizes, readSizes, sizeProblems } from "../sizes.ts";

const sizes = { "@copse/car": 47_695, "@copse/car/zstd": 33_820 };
const readme = "# @copse/car\n\nText.\n";

describe("sizes", () => {
  it("are written at the end of a README that has none, and replaced in one that has", () => {
    const filled = fillSizes(readme, sizes);
    expect(readSizes(filled)).toEqual(
      new Map([
        ["@copse/car", 47.7],
        ["@copse/car/zstd", 33.8],
      ]),
    );
    expect(fillSizes(filled, sizes)).toBe(filled);
    expect(readSizes(fillSizes(`${filled}\nMore.\n`, { "@copse/car": 50_000 }))).toEqual(new Map([["@copse/car", 50]]));
    expect(fillSizes(`${filled}\nMore.\n`, sizes).endsWith("More.\n")).toBe(true);
  });

  it("may differ by a tenth of a kilobyte or 3 %, and no more", () => {
    const filled = fillSizes(readme, sizes);
    expect(sizeProblems(filled, sizes)).toEqual([]);
    expect(sizeProblems(filled, { ...sizes, "@copse/car": 49_000 })).toEqual([]);
    expect(sizeProblems(filled, { ...sizes, "@copse/car": 49_500 })).toEqual([
      "@copse/car weighs 49.5 kB, it says 47.7",
    ]);
    expect(sizeProblems(filled, { ...sizes, "@copse/car": 40_000 })).toEqual([
      "@copse/car weighs 40.0 kB, it says 47.7",
    ]);
  });

  it("name every entry, and no other", () => {
    const filled = fillSizes(readme, sizes);
    expect(sizeProblems(readme, sizes)).toEqual(["it has no table of sizes"]);
    expect(sizeProblems(filled, { "@copse/car": 47_695 })).toEqual(["@copse/car/zstd is no entry"]);
    expect(sizeProblems(filled, { ...sizes, "@copse/car/node": 1000 })).toEqual([
      "@copse/car/node is not in it: 1.0 kB",
    ]);
  });
});
