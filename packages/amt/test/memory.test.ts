import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CborWriter, type CidBytes, type Codec, cidOf, runSync } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { loadAmt } from "../src/index.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
const text: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.bytes(value),
  decode: (reader) => reader.bytes(),
};

/** A full tree of width 32 whose nodes of a level are all the same block: a million values from five blocks. */
function fullTree(height: number): { root: CidBytes; getSync: (cid: CidBytes) => Uint8Array | undefined } {
  const blocks = new Map<string, Uint8Array>();
  const full = new Uint8Array(4).fill(0xff);
  let node = new CborWriter().array(3).bytes(full).array(0).array(32);
  for (let i = 0; i < 32; i++) node.bytes(new Uint8Array(40).fill(i));
  for (let level = 1; level <= height; level++) {
    const block = node.finish();
    const cid = cidOf(block);
    blocks.set(toHex(cid), block);
    node = new CborWriter();
    if (level === height)
      node
        .array(4)
        .uint(5)
        .uint(height)
        .uint(32 ** (height + 1));
    node.array(3).bytes(full).array(32);
    for (let i = 0; i < 32; i++) node.link(cid);
    node.array(0);
  }
  const block = node.finish();
  const root = cidOf(block);
  blocks.set(toHex(root), block);
  return { root, getSync: (cid) => blocks.get(toHex(cid))?.slice() };
}

function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe("a walk of a million values", () => {
  it("holds no more at its end than at its start", { timeout: 30_000 }, () => {
    const store = fullTree(3);
    const tree = runSync(loadAmt(store.root, text, { version: 3 }), store);
    expect(tree.count).toBe(2n ** 20n);
    const start = heldBytes();
    let most = 0;
    let seen = 0;
    let sum = 0;
    runSync(
      tree.walkNumbers((index, value) => {
        if (++seen % 250_000 === 0) most = Math.max(most, heldBytes() - start);
        sum += index + value.length;
      }),
      store,
    );
    expect([seen, sum]).toEqual([2 ** 20, (2 ** 20 * (2 ** 20 - 1)) / 2 + 40 * 2 ** 20]);
    expect(most).toBeLessThan(4 << 20); // all of it: 40 MB of values alone
  });
});
