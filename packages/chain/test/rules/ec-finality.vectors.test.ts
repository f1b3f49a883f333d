import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEcFinality } from "../../src/rules/ec-finality.ts";
import { createPoissonTable, leadMass } from "../../src/rules/poisson.ts";

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/ec-finality.json"), "utf8")) as {
  blockCounts: string;
  probabilities: [number, number][];
};
const chain = fixture.blockCounts.split(" ").map(Number);
const calculator = createEcFinality();

describe("EC finality calculator (FRC-0089)", () => {
  it("gives the reference's ten probabilities", () => {
    expect(chain).toHaveLength(905);
    expect(fixture.probabilities).toHaveLength(10);
    for (const [depth, expected] of fixture.probabilities) {
      const relative = Math.abs(calculator.errorProbability(chain, depth) / expected - 1);
      expect(relative, `depth ${depth}`).toBeLessThan(1e-12);
    }
  });

  it("finds the depth on the reference chain, a healthy, a weak and a broken one", () => {
    const all = (blocks: number) => new Array<number>(905).fill(blocks);
    expect(calculator.thresholdDepth(chain)).toBe(27);
    expect(calculator.thresholdDepth(all(5))).toBe(21);
    expect(calculator.thresholdDepth(all(3))).toBe(54);
    expect(calculator.thresholdDepth(all(1))).toBeUndefined();
  });

  it("knows nothing of depths outside the chain", () => {
    expect(calculator.errorProbability(chain, 0)).toBe(1);
    expect(calculator.errorProbability(chain, 905)).toBe(1);
    expect(calculator.thresholdDepth([5, 5])).toBeUndefined();
  });
});

describe("probabilities", () => {
  const table = createPoissonTable();

  it("sum to one", () => {
    for (const lambda of [0.01, 1.5, 40, 1350]) {
      let sum = 0;
      for (let k = 0; k < 3000; k++) sum += table.mass(lambda, k);
      expect(sum).toBeCloseTo(1, 11);
    }
  });

  it("the lead of two equal counts follows the Bessel functions", () => {
    const masses = table.masses(1, 60);
    expect(leadMass(0, masses, masses)).toBeCloseTo(0.308508322553671, 14); // e^-2 · I0(2)
    expect(leadMass(2, masses, masses)).toBeCloseTo(0.0932390333047333, 14); // e^-2 · I2(2)
  });
});
