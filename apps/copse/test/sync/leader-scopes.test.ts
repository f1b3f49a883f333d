import type { LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaderScopes } from "../../src/sync/leader-scopes.ts";

const header = createMint({ seed: "scopes", signatures: "none" }).genesis.bytes;
/** A chain of which every tipset names one state, which is held or not. */
const reader = (held: boolean) => ({
  tipsetAt: (height: number) => ({ height, headers: [header] }) as unknown as LinkedTipset,
  getSync: () => (held ? new Uint8Array(1) : undefined),
});

describe("leaderScopes", () => {
  it("takes a short chain whole", () => {
    expect(leaderScopes({ from: 0, to: 39 }, reader(false))).toEqual([{ from: 0, to: 39 }]);
    expect(leaderScopes({ from: 0, to: 7000 }, reader(false))).toEqual([{ from: 0, to: 7000 }]);
  });
  it("leaves out what lies between where no state is at hand, and only then", () => {
    expect(leaderScopes({ from: 0, to: 1_000_000 }, reader(false))).toEqual([
      { from: 0, to: 5760 },
      { from: 998_200, to: 1_000_000 },
    ]);
    expect(leaderScopes({ from: 0, to: 1_000_000 }, reader(true))).toEqual([{ from: 0, to: 1_000_000 }]);
    expect(leaderScopes({ from: 500_000, to: 1_000_000 }, reader(false))).toEqual([{ from: 998_200, to: 1_000_000 }]);
  });
  it("keeps within the scope, in order, without overlap, and always has both ends", () => {
    const height = fc.integer({ min: 0, max: 200_000 });
    fc.assert(
      fc.property(height, height, fc.boolean(), (a, b, held) => {
        const scope = { from: Math.min(a, b), to: Math.max(a, b) };
        const found = leaderScopes(scope, reader(held));
        let low = scope.from;
        for (const range of found) {
          expect(range.from).toBeGreaterThanOrEqual(low);
          expect(range.to).toBeGreaterThanOrEqual(range.from);
          low = range.to + 2; // neighbours are one
        }
        expect(found.at(-1)?.to).toBe(scope.to);
        if (held || scope.from <= 5760) expect(found[0]?.from).toBe(scope.from);
        if (held) expect(found.length).toBe(1);
      }),
    );
  });
});
