import { CborReader, CborWriter, type Codec, runSync } from "@copse/ipld";
import { fromLatin1, isCopseError, latin1, toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { expect, it } from "vitest";
import { decodeNode } from "../src/decode-node.ts";
import { type Amt, createAmt, diffAmt, loadAmt } from "../src/index.ts";
import { layoutOf } from "../src/layout.ts";
import { encodeNode } from "../src/node.ts";

/** Any value, as its bytes. */
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const nothing = { getSync: () => undefined };

describeData("mainnet state of network versions 17 and 18", ["fvm-test-vectors/0001-shark-01"], () => {
  const layouts = new Map([1, 2, 3, 4, 5, 6].map((bitWidth) => [bitWidth, layoutOf(3, bitWidth)]));

  /** Re-encodes a block if it is an AMT's root or node; what it was. */
  function reencode(block: Uint8Array): { readonly what: string; readonly block: Uint8Array } | undefined {
    const writer = new CborWriter();
    const reader = new CborReader(block);
    const fields = reader.array();
    if (fields === 4) {
      const layout = layouts.get(reader.safeUint());
      const [height, count] = [reader.safeUint(), reader.uint()];
      if (layout === undefined) return undefined;
      const node = decodeNode(reader, layout, height, height === 0);
      reader.end();
      writer.array(4).uint(layout.bitWidth).uint(height).uint(count);
      encodeNode(writer, layout, node);
      return { what: "root", block: writer.finish() };
    }
    const start = reader.offset;
    const bitmapLength = reader.bytes().length;
    const height = reader.array() > 0 ? 1 : 0;
    // width 8 stands for the narrower ones too: their bitmaps are a byte long as well
    const layout = [...layouts.values()].find((one) => one.bitWidth > 2 && one.bitmapLength === bitmapLength);
    if (layout === undefined || start !== 1) return undefined;
    const whole = new CborReader(block);
    const node = decodeNode(whole, layout, height, false);
    whole.end();
    encodeNode(writer, layout, node);
    return { what: "node", block: writer.finish() };
  }

  it("re-encodes every root and node to its bytes", { timeout: 120_000 }, () => {
    const seen = new Map<string, string>();
    for (const { car } of fvmVectors()) {
      for (const [key, block] of carBlocksOf(car)) {
        if ((block[0] !== 0x84 && block[0] !== 0x83) || seen.has(key)) continue;
        let again: ReturnType<typeof reencode>;
        try {
          again = reencode(block);
        } catch {
          continue;
        }
        if (again === undefined) continue;
        seen.set(key, again.what);
        expect(toHex(again.block)).toBe(toHex(block));
      }
    }
    const kinds = [...seen.values()];
    expect([kinds.filter((kind) => kind === "root").length, kinds.filter((kind) => kind === "node").length]).toEqual([
      559, 5890,
    ]);
  });

  it("rebuilds every tree that is there whole to its root, and reads what is there of the others", {
    timeout: 120_000,
  }, () => {
    const blocks = new Map<string, Uint8Array>();
    for (const { car } of fvmVectors()) for (const [key, block] of carBlocksOf(car)) blocks.set(key, block);
    const store = { getSync: (cid: Uint8Array) => blocks.get(latin1(cid)) };
    const found = { whole: 0, values: 0, partial: 0, valuesOfPartial: 0, widths: new Set<number>() };
    for (const [key, block] of blocks) {
      const root = fromLatin1(key);
      if (block[0] !== 0x84 || root[1] !== 0x71) continue;
      const entries: (readonly [bigint, Uint8Array])[] = [];
      let tree: Amt<Uint8Array>;
      try {
        tree = runSync(loadAmt(root, rawCodec, { version: 3 }), store);
        runSync(
          tree.walk((...entry) => void entries.push(entry)),
          store,
        );
      } catch (error) {
        if (isCopseError(error, "host/block-missing")) {
          found.partial++;
          found.valuesOfPartial += entries.length;
          continue;
        }
        if (isCopseError(error, "cbor/") || isCopseError(error, "amt/")) continue; // another struct of four fields
        throw error;
      }
      const options = { version: 3, bitWidth: tree.bitWidth } as const;
      expect(tree.count).toBe(BigInt(entries.length));
      const copy = createAmt(rawCodec, options);
      runSync(copy.setMany(entries.toReversed()), nothing);
      expect(toHex(copy.flush().root)).toBe(toHex(root));
      expect([...diffAmt(copy, tree).changes(store)]).toEqual([]);
      expect([runSync(tree.firstSetIndex(), store), runSync(tree.lastSetIndex(), store)]).toEqual([
        entries[0]?.[0],
        entries.at(-1)?.[0],
      ]);
      found.whole++;
      found.values += entries.length;
      found.widths.add(tree.bitWidth);
    }
    expect({ ...found, widths: [...found.widths].sort() }).toEqual({
      whole: 280,
      values: 705,
      partial: 279,
      valuesOfPartial: 113,
      widths: [2, 3, 4, 5, 6],
    });
  });
});
