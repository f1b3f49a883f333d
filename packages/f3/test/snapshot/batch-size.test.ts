import { expect, it } from "vitest";
import { BatchSize } from "../../src/snapshot/verify-batch.ts";

it("takes as many certificates at once as take about a second and a half, growing step by step", () => {
  const size = new BatchSize(undefined);
  const taken: number[] = [];
  for (const each of [30, 1, 1, 1, 0.1, 0.1, 0.1, 10, 1000]) {
    taken.push(size.count);
    size.learn(size.count, size.count * each);
  }
  // a slow start, a good rate, a very good one, then a slow machine
  expect(taken).toEqual([64, 64, 256, 1024, 1500, 4096, 4096, 4096, 150]);
  expect(size.count).toBe(64);
});

it("keeps to a number that is given", () => {
  const size = new BatchSize(7);
  size.learn(7, 0.001);
  expect(size.count).toBe(7);
  expect(new BatchSize(0).count).toBe(1);
});
