import { expect, it } from "vitest";
import { pollInterval } from "../../src/exchange/index.ts";

const bounds = { minimumPollIntervalMs: 30_000, maximumPollIntervalMs: 120_000 };

it("stays within its bounds, and comes to one certificate a round", () => {
  expect(pollInterval(undefined, 500, bounds)).toBe(30_000);
  expect(pollInterval(30_000, 0, bounds)).toBe(60_000);
  expect(pollInterval(60_000, 0, bounds)).toBe(120_000);
  expect(pollInterval(120_000, 0, bounds)).toBe(120_000);
  expect(pollInterval(120_000, 1, bounds)).toBe(120_000);
  expect(pollInterval(120_000, 3, bounds)).toBe(40_000);
  expect(pollInterval(40_000, 9, bounds)).toBe(30_000);
});
