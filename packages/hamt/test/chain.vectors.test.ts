import { CborReader, type CidBytes, type Codec, runSync } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { carBlocks, describeData } from "@copse/testkit";
import { expect, it } from "vitest";
import { createHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";

/** Any value, as its bytes. */
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

/**
 * Every HAMT of a file: nodes of the given form that no other node links to, so the roots. Lists that look like a node
 * but are none are told apart by their bitfield.
 */
function rootsOf(store: ReturnType<typeof carBlocks>, options: HamtOptions): CidBytes[] {
  const inner = new Set<string>();
  const roots: CidBytes[] = [];
  for (const [key, block] of store) {
    const cid = Uint8Array.from(key, (char) => char.charCodeAt(0));
    if (cid[1] !== 0x71 || block[0] !== 0x82 || (block[1] as number) >> 5 !== 2) continue;
    try {
      runSync(loadHamt(cid, rawCodec, options), store);
    } catch {
      continue;
    }
    roots.push(cid);
    const reader = new CborReader(block);
    reader.array(2);
    reader.bytes();
    for (let left = reader.array(); left > 0; left--) {
      reader.map();
      if (reader.textBytes()[0] === 0x30) inner.add(toHex(reader.link()));
      else reader.skip();
    }
  }
  return roots.filter((root) => !inner.has(toHex(root)));
}

describeData("real HAMTs of actors v0", ["chain/mainnet-genesis.car", "chain/calibnet-genesis.car"], () => {
  it.each([
    ["chain/mainnet-genesis.car", 10, 4677],
    ["chain/calibnet-genesis.car", 10, 4648],
  ] as const)("%s: all are rebuilt to the same root", (file, trees, entriesOfAll) => {
    const store = carBlocks(file);
    const options: HamtOptions = { version: 0 };
    const roots = rootsOf(store, options);
    let entriesSeen = 0;
    for (const root of roots) {
      const tree = runSync(loadHamt(root, rawCodec, options), store);
      const entries = [...tree.entries(store)];
      entriesSeen += entries.length;
      expect(toHex(hamtRoot(entries, rawCodec, options).root)).toBe(toHex(root));
      const copy = createHamt(rawCodec, options);
      for (const [key, value] of entries.toReversed()) runSync(copy.set(key, value), store);
      expect(toHex(copy.flush().root)).toBe(toHex(root));
      for (const [key, value] of entries) {
        expect(toHex(runSync(tree.get(key), store) as Uint8Array)).toBe(toHex(value));
        runSync(copy.delete(key), store);
      }
      expect(copy.isEmpty).toBe(true);
    }
    expect([roots.length, entriesSeen]).toEqual([trees, entriesOfAll]);
  });
});
