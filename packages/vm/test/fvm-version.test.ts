import { describe, expect, it } from "vitest";
import { fvmVersion } from "../src/fvm-version.ts";

describe("fvmVersion", () => {
  it("follows the versions of the network", () => {
    const versions = Array.from({ length: 13 }, (_, i) => fvmVersion(16 + i));
    expect(versions).toEqual([2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]);
  });

  it.each([15, 29, -1, Number.NaN])("refuses %s", (version) => {
    expect(() => fvmVersion(version)).toThrow(expect.objectContaining({ code: "vm/network-version-unsupported" }));
  });
});
