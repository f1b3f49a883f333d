import { CborReader, type CidBytes, type Codec, linkCodec, runSync } from "@copse/ipld";
import { toHex } from "@copse/primitives";
import { carBlocks, describeData } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { amtRoot, createAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const file = "chain/mainnet-export40.car";
/** Any value, as its bytes. */
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

interface Roots {
  readonly bls: CidBytes[];
  readonly secp: CidBytes[];
  readonly receipts: CidBytes[];
}

/** MsgMeta lists and receipts of every header of the file: an array of 16 whose field 5 is a list. */
function rootsOf(store: ReturnType<typeof carBlocks>): Roots {
  const roots: Roots = { bls: [], secp: [], receipts: [] };
  for (const block of store.values()) {
    if (block[0] !== 0x90) continue;
    const header = new CborReader(block);
    header.array(16);
    for (let field = 0; field < 5; field++) header.skip();
    if (header.peekMajor() !== 4) continue; // the power actor's state has 16 fields too
    for (let field = 5; field < 9; field++) header.skip();
    const receipts = header.link();
    const meta = new CborReader(store.getSync(header.link()) as Uint8Array);
    meta.array(2);
    roots.bls.push(meta.link());
    roots.secp.push(meta.link());
    if (store.getSync(receipts) !== undefined) roots.receipts.push(receipts);
  }
  return roots;
}

describeData("real version 0 trees", [file], () => {
  const store = carBlocks(file);
  const { bls, secp, receipts } = rootsOf(store);

  it("finds the trees of 49 headers", () => {
    // 34 headers have their receipts in the file, all of them the empty tree
    expect([bls.length, secp.length, receipts.length, new Set(receipts.map(toHex)).size]).toEqual([49, 49, 34, 1]);
  });

  describe.each([
    ["BLS message lists", bls, linkCodec],
    ["secp256k1 message lists", secp, linkCodec],
    ["receipts", receipts, rawCodec],
  ] as const)("%s", (_name, roots, codec) => {
    it("are rebuilt to the same root by amtRoot", () => {
      for (const root of roots) {
        const values = [...runSync(loadAmt<Uint8Array>(root, codec, { version: 0 }), store).entries(store)];
        expect(values.map(([index]) => Number(index))).toEqual(values.map((_, i) => i));
        const rebuilt = amtRoot(
          values.map(([, value]) => value),
          codec,
          { version: 0 },
        );
        expect(toHex(rebuilt.root)).toBe(toHex(root));
      }
    });

    it("are rebuilt to the same root value by value, in another order", () => {
      for (const root of roots) {
        const tree = runSync(loadAmt<Uint8Array>(root, codec, { version: 0 }), store);
        const copy = createAmt<Uint8Array>(codec, { version: 0 });
        const entries = [...tree.entries(store)];
        for (const [index, value] of entries.toReversed()) runSync(copy.set(index, value), store);
        expect(copy.count).toBe(tree.count);
        expect(toHex(copy.flush().root)).toBe(toHex(root));
        expect(toHex(tree.flush().root)).toBe(toHex(root));
      }
    });
  });

  it("takes half of the longest list away, and puts it back", () => {
    const root = secp.toSorted((a, b) => count(b) - count(a))[0] as CidBytes;
    const scratch = new MemoryStore();
    scratch.blocks.set("", new Uint8Array());
    for (const [key, block] of store) scratch.blocks.set(key, block);
    const tree = runSync(loadAmt(root, linkCodec, { version: 0 }), scratch);
    const entries = [...tree.entries(scratch)];
    for (const [index] of entries) if (index > 3n) runSync(tree.delete(index), scratch);
    expect(tree.height).toBe(0);
    for (const [index, value] of entries) runSync(tree.set(index, value), scratch);
    expect(toHex(tree.flush().root)).toBe(toHex(root));
    expect(entries.length).toBe(99);
  });

  const count = (root: CidBytes): number => Number(runSync(loadAmt(root, linkCodec, { version: 0 }), store).count);
});
