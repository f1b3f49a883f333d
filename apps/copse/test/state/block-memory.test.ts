import { cidOf } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { BlockMemory } from "../../src/sync/block-memory.ts";

const block = (n: number): Uint8Array => new Uint8Array(700).fill(n);
const cid = (n: number): Uint8Array => cidOf(block(n));

describe("BlockMemory", () => {
  it("keeps to its bytes, and lets go of what was read longest ago", () => {
    const memory = new BlockMemory(3000); // three blocks of a kilobyte
    for (const n of [1, 2, 3]) memory.add(cid(n), block(n));
    expect(memory.bytes).toBe(3000);
    expect(memory.get(cid(1))).toEqual(block(1));
    memory.add(cid(4), block(4));
    expect([1, 2, 3, 4].map((n) => memory.get(cid(n)) !== undefined)).toEqual([true, false, true, true]);
    expect(memory.bytes).toBe(3000);
    memory.add(cid(4), block(4));
    expect(memory.bytes).toBe(3000);
  });

  it("does not take a block that is larger than all may be", () => {
    const memory = new BlockMemory(500);
    memory.add(cid(1), block(1));
    expect([memory.bytes, memory.get(cid(1))]).toEqual([0, undefined]);
  });
});
