import { CborWriter, type CidBytes, cidOf, makeCid, rawCidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { describe, expect, test } from "vitest";
import { linksOf } from "../src/buffered-store/links.ts";
import { BufferedStore } from "../src/buffered-store.ts";
import { MemoryStore } from "./machine/test-machine.ts";

const commitment: CidBytes = Uint8Array.of(0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20, ...new Uint8Array(32));
const listOf = (...links: readonly CidBytes[]): Uint8Array => {
  const writer = new CborWriter().array(links.length);
  for (const link of links) writer.link(link);
  return writer.finish();
};

function stores(): { base: MemoryStore; store: BufferedStore; put: (block: Uint8Array) => CidBytes } {
  const base = new MemoryStore();
  const store = new BufferedStore(base);
  const put = (block: Uint8Array): CidBytes => {
    const cid = cidOf(block);
    store.putSync(cid, block);
    return cid;
  };
  return { base, store, put };
}

describe.each([2, 3, 4] as const)("a buffered store of FVM %i", (fvm) => {
  test("writes what is reachable, children first, and nothing else", () => {
    const { base, store, put } = stores();
    const leaf = put(Uint8Array.of(1));
    const middle = put(listOf(leaf, commitment, leaf));
    const inline = Uint8Array.of(1, 0x71, 0, 43, ...new CborWriter().link(leaf).finish().subarray(0, 43));
    const raw = Uint8Array.of(9, 9);
    store.putSync(rawCidOf(raw), raw);
    const root = put(listOf(middle, rawCidOf(raw), inline, cidOf(Uint8Array.of(77))));
    const stray = put(Uint8Array.of(2));
    expect(store.getSync(leaf)).toEqual(Uint8Array.of(1));
    expect(base.blocks.size).toBe(0);
    store.flush(root, fvm);
    expect(base.blocks.size).toBe(4);
    expect(base.getSync(leaf)).toEqual(Uint8Array.of(1));
    expect(base.getSync(stray)).toBeUndefined();
    expect(store.waiting).toBe(fvm === 2 ? 0 : 1);
    const order = [...base.blocks.values()].map(({ length }) => length);
    expect(order.indexOf(1)).toBeLessThan(order.indexOf(listOf(leaf, commitment, leaf).length));
  });

  test("a block that does not wait is taken to be below, with all under it", () => {
    const { base, store, put } = stores();
    const hidden = put(Uint8Array.of(1));
    const below = cidOf(listOf(hidden));
    store.flush(put(listOf(below)), fvm);
    expect(base.blocks.size).toBe(1);
  });

  test("refuses what state has not", () => {
    const sha = makeCid(Uint8Array.of(1), { hash: 0x12 });
    const dagPb = Uint8Array.of(1, 0x70, 0xa0, 0xe4, 2, 0x20, ...new Uint8Array(32));
    const cbor = makeCid(Uint8Array.of(1), { codec: 0x51 });
    for (const link of [sha, dagPb, ...(fvm === 2 ? [cbor] : [])]) {
      const { base, store, put } = stores();
      expect(() => store.flush(put(listOf(link)), fvm)).toThrow(expect.objectContaining({ code: "vm/flush-refused" }));
      expect(base.blocks.size).toBe(0);
    }
    const { store, put } = stores();
    if (fvm !== 2) store.flush(put(listOf(cbor)), fvm);
    const malformed = put(Uint8Array.of(0x82, 1));
    expect(() => store.flush(malformed, fvm)).toThrow(expect.objectContaining({ code: "vm/flush-refused" }));
  });
});

describe("links as a flush follows them", () => {
  const found = (block: Uint8Array, fvm: 2 | 4 = 4): CidBytes[] | string => {
    const links: CidBytes[] = [];
    return linksOf(block, fvm, (link) => links.push(link)) ?? links;
  };
  const leaf = cidOf(Uint8Array.of(1));
  const link = new CborWriter().link(leaf).finish();

  test("in lists, maps, keys of maps, under tags; what follows the first item is not looked at", () => {
    expect(found(concatBytes(Uint8Array.of(0x82), link, Uint8Array.of(0xa1), link, link))).toEqual([leaf, leaf, leaf]);
    expect(found(concatBytes(Uint8Array.of(0xc1), link))).toEqual([leaf]);
    expect(found(concatBytes(Uint8Array.of(0xf6), link))).toEqual([]);
    expect(found(concatBytes(Uint8Array.of(0x63, 0xff, 0xff, 0xff)))).toEqual([]);
    expect(found(Uint8Array.of(0xfb, 0, 0, 0, 0, 0, 0, 0, 0))).toEqual([]);
  });

  test.each([
    ["nothing", Uint8Array.of()],
    ["an indefinite list", Uint8Array.of(0x9f, 0xff)],
    ["a list that is cut", Uint8Array.of(0x82, 1)],
    ["bytes that are cut", Uint8Array.of(0x43, 1)],
    ["a list of 2^64 items", Uint8Array.of(0x9b, ...new Array(8).fill(0xff))],
    ["a link that is no byte string", Uint8Array.of(0xd8, 42, 0x61, 0x61)],
    ["a link that does not start with 0", Uint8Array.of(0xd8, 42, 0x42, 1, 1)],
    ["a link that is no CID", Uint8Array.of(0xd8, 42, 0x42, 0, 1)],
  ])("%s is refused", (_, block) => {
    expect(typeof found(block)).toBe("string");
  });

  test("FVM 2 asks for the shortest heads", () => {
    const long = Uint8Array.of(0x98, 1, 1);
    expect(found(long)).toEqual([]);
    expect(typeof found(long, 2)).toBe("string");
  });
});
