import { type Codec, runSync } from "@copse/ipld";
import { fromLatin1, isCopseError, toHex } from "@copse/primitives";
import { carBlocks, describeData } from "@copse/testkit";
import { expect, it } from "vitest";
import { type Amt, amtRoot, createAmt, loadAmt } from "../src/index.ts";

/** Any value, as its bytes. */
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const v0 = { version: 0 } as const;

const files = [
  "chain/mainnet-genesis.car",
  "chain/calibnet-genesis.car",
  "chain/mainnet-export40.car",
  "chain/mainnet-chain4.car",
] as const;

describeData("every version 0 tree of real files", files, () => {
  it.each([
    [files[0], 21, 9, 6927],
    [files[1], 21, 9, 6927],
    [files[2], 41, 9, 7365],
    [files[3], 22, 9, 6932],
  ] as const)("%s: all are rebuilt to the same root", (file, trees, sparse, values) => {
    const store = carBlocks(file);
    const found = { trees: 0, sparse: 0, values: 0 };
    for (const [key, block] of store) {
      const root = fromLatin1(key);
      if (block[0] !== 0x83 || root[1] !== 0x71) continue;
      let tree: Amt<Uint8Array>;
      let entries: (readonly [bigint, Uint8Array])[];
      try {
        tree = runSync(loadAmt(root, rawCodec, v0), store);
        entries = [...tree.entries(store)];
      } catch (error) {
        if (isCopseError(error, "cbor/") || isCopseError(error, "amt/")) continue; // another struct of three fields
        throw error;
      }
      expect(tree.count).toBe(BigInt(entries.length));
      const copy = createAmt(rawCodec, v0);
      for (const [index, value] of entries.toReversed()) runSync(copy.set(index, value), store);
      expect(toHex(copy.flush().root)).toBe(toHex(root));
      const isDense = entries.every(([index], at) => index === BigInt(at));
      const dense = isDense
        ? amtRoot(
            entries.map(([, value]) => value),
            rawCodec,
            v0,
          )
        : undefined;
      if (dense !== undefined) expect(toHex(dense.root)).toBe(toHex(root));
      for (const [index] of entries) runSync(copy.delete(index), store);
      expect(copy.count).toBe(0n);
      found.trees++;
      found.sparse += isDense ? 0 : 1;
      found.values += entries.length;
    }
    expect(found).toEqual({ trees, sparse, values });
  });
});
