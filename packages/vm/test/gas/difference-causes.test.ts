import { describe, expect, it } from "vitest";
import { gasDifferenceCauses } from "../../src/gas/difference-causes.ts";

describe("gasDifferenceCauses", () => {
  it.each([
    [-89_700_000, "1 x 89700: the 69 bytes of a signature in OnChainMessage"],
    [28_000_000, "2 x 14000: a host call, debug.* too"],
    [975_000_000, "13 x 75000: a method invoked, or a lookback in epochs"],
    [4_000, "1 x 4: an operator's price, or where a block of operators ends"],
    [500, "rounding before the end"],
  ])("%s milligas: %s", (milligas, first) => expect(gasDifferenceCauses(milligas)[0]).toBe(first));

  it("says nothing of no difference, and of what nothing comes to", () => {
    expect([gasDifferenceCauses(0), gasDifferenceCauses(1_234_567_890_001)]).toEqual([[], []]);
  });
});
