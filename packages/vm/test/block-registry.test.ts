import { cidKey, cidOf } from "@copse/ipld";
import { describe, expect, it } from "vitest";
import { type Block, BlockRegistry } from "../src/block-registry.ts";
import type { FvmVersion } from "../src/fvm-version.ts";

const cids = Array.from({ length: 3 }, (_, i) => cidOf(Uint8Array.of(i)));
const [a, b, c] = cids as [Uint8Array, Uint8Array, Uint8Array];
const block = (codec: number, ...links: Uint8Array[]): Block => ({
  codec,
  data: Uint8Array.of(0x80),
  links: links.map(cidKey),
});
const dagCbor = 0x71;
const error = (errorName: string) => expect.objectContaining({ errorName });

describe("BlockRegistry", () => {
  it("gives handles from 1 on, and knows no other", () => {
    const blocks = new BlockRegistry(4);
    const [first, second] = [block(dagCbor), block(0x55)];
    expect([blocks.putReachable(first), blocks.putCreated(second)]).toEqual([1, 2]);
    expect([blocks.get(1), blocks.get(2)]).toEqual([first, second]);
    expect([0, 1, 2, 3].map((handle) => blocks.has(handle))).toEqual([false, true, true, false]);
    for (const handle of [0, 3, 0xffffffff, -1]) expect(() => blocks.get(handle)).toThrow(error("InvalidHandle"));
  });

  it.each<[FvmVersion, number[]]>([
    [2, [0x71]],
    [3, [0x71, 0x51, 0x55]],
    // there, what makes a block asks first
    [4, [0x71, 0x51, 0x55, 0x70]],
  ])("FVM %s takes blocks of codecs %s", (fvm, allowed) => {
    for (const codec of [0x71, 0x51, 0x55, 0x70]) {
      const blocks = new BlockRegistry(fvm);
      for (const put of [() => blocks.putReachable(block(codec)), () => blocks.putCreated(block(codec))]) {
        if (allowed.includes(codec)) expect(put()).toBeGreaterThan(0);
        else expect(put).toThrow(error("IllegalCodec"));
      }
    }
  });

  it("is full at its limit, whatever is put in", () => {
    const blocks = new BlockRegistry(3, 1);
    expect(blocks.isFull).toBe(false);
    blocks.putReachable(block(dagCbor));
    expect(blocks.isFull).toBe(true);
    expect(() => blocks.putReachable(block(0x70))).toThrow(error("LimitExceeded"));
    expect(() => blocks.putCreated(block(dagCbor))).toThrow(error("LimitExceeded"));
  });

  it("reaches what opened blocks link to, and what is linked", () => {
    const blocks = new BlockRegistry(4);
    expect(blocks.isReachable(a)).toBe(false);
    blocks.putReachable(block(dagCbor, a, b));
    expect(cids.map((cid) => blocks.isReachable(cid))).toEqual([true, true, false]);
    blocks.markReachable(c);
    expect(blocks.isReachable(c)).toBe(true);
  });

  it("lets no block be made that links to what is not reachable, and makes nothing so by it", () => {
    const blocks = new BlockRegistry(4);
    blocks.markReachable(a);
    expect(blocks.putCreated(block(dagCbor, a, a))).toBe(1);
    expect(() => blocks.putCreated(block(dagCbor, a, b))).toThrow(error("NotFound"));
    expect([blocks.has(2), blocks.isReachable(b)]).toEqual([false, false]);
  });

  it.each<FvmVersion>([2, 3])("everything is reachable in FVM %s", (fvm) => {
    const blocks = new BlockRegistry(fvm);
    blocks.markReachable(a);
    expect(blocks.isReachable(b)).toBe(true);
    expect(blocks.putCreated(block(dagCbor, c))).toBe(1);
  });
});
