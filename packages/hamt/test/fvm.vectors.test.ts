import { CborReader, type CidBytes, type Codec, runSync, toCid } from "@copse/ipld";
import { fromLatin1, toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { expect, it } from "vitest";
import { entriesAt } from "../src/bucket.ts";
import { encodeNode } from "../src/flush.ts";
import { loadHamt } from "../src/index.ts";
import { layoutOf } from "../src/layout.ts";
import { loadNode } from "../src/load-node.ts";
import { countOf, isLink } from "../src/node.ts";
import { wholeRoom } from "../src/room.ts";

/** Any value, as its bytes. */
const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};

function blockOf(store: ReadonlyMap<string, Uint8Array>, cid: string): Uint8Array {
  for (const [key, block] of store) if (toCid(fromLatin1(key)).toString() === cid) return block;
  throw new Error(`${cid} is not in the vector`);
}

describeData("mainnet state of network versions 17 and 18", ["fvm-test-vectors/0001-shark-01"], () => {
  it("re-encodes every node to its bytes", { timeout: 120_000 }, () => {
    const layouts = [5, 6].map((bitWidth) => layoutOf({ version: 3, bitWidth }));
    const seen = new Set<string>();
    let entries = 0;
    for (const { car } of fvmVectors()) {
      for (const [key, block] of carBlocksOf(car)) {
        if (block[0] !== 0x82 || (block[1] as number) >> 5 !== 2 || seen.has(key)) continue;
        const layout = layouts.find((one) => {
          try {
            loadNode(block, one, 0, wholeRoom);
          } catch {
            return false;
          }
          return true;
        });
        if (layout === undefined) continue;
        seen.add(key);
        const node = loadNode(block, layout, 0, wholeRoom);
        expect(toHex(encodeNode(node, node.bytes, node.bytes.length))).toBe(toHex(block));
        for (let place = 0; place < countOf(node); place++) {
          if (!isLink(layout, node, place)) entries += entriesAt(node.bytes, node.starts[place] as number).length;
        }
      }
    }
    expect([seen.size, entries]).toEqual([9113, 132092]);
  });

  it("takes an actor away and puts it back to the same root", { timeout: 120_000 }, () => {
    let done = 0;
    for (const { car, root, networkVersion } of fvmVectors()) {
      const store = carBlocksOf(car);
      const reader = new CborReader(blockOf(store, root));
      reader.array(3);
      expect(reader.safeUint()).toBe(networkVersion < 18 ? 4 : 5);
      const actors: CidBytes = reader.link();
      const tree = runSync(loadHamt(actors, rawCodec, { version: 3 }), store);
      for (const id of [0, 1, 4, 99]) {
        const key = Uint8Array.of(0, id);
        let value: Uint8Array | undefined;
        try {
          value = runSync(tree.get(key), store);
        } catch {
          continue; // the vector holds only what its message needs
        }
        if (value === undefined) continue;
        runSync(tree.delete(key), store);
        expect(toHex(tree.flush().root)).not.toBe(toHex(actors));
        runSync(tree.set(key, value), store);
        expect(toHex(tree.flush().root)).toBe(toHex(actors));
        done++;
      }
    }
    expect(done).toBe(567);
  });
});
