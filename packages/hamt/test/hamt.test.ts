import { CborWriter, type CidBytes, type Codec, cidOf, type Fetching, rawCidOf, runSync, toCid } from "@copse/ipld";
import { fromHex, isCopseError, toHex, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { createHamt, type HamtOptions, hamtRoot, loadHamt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const v0: HamtOptions = { version: 0 };
const v2: HamtOptions = { version: 2 };
const v3: HamtOptions = { version: 3 };
const identity: HamtOptions = { version: 3, hash: "identity" };
const nothing = fromHex("f6");

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
  return "none";
}

describe("known roots", () => {
  it("has ref-fvm's empty map", () => {
    const { root, blocks } = createHamt(rawCodec, v3).flush();
    expect(toHex(blocks[0]?.[1] as Uint8Array)).toBe("824080");
    expect(toCid(root).toString()).toBe("bafy2bzaceamp42wmmgr2g2ymg46euououzfyck7szknvfacqscohrvaikwfay");
    expect(toHex(hamtRoot([], rawCodec, v3).root)).toBe(toHex(root));
  });

  it("writes a bucket in both forms", () => {
    const blockOf = (options: HamtOptions): string =>
      toHex(hamtRoot([[utf8("a"), nothing]], rawCodec, options).blocks[0]?.[1] as Uint8Array);
    expect(blockOf({ ...identity, version: 3 })).toBe("824210008181824161f6"); // "a" is 0x61: slot 12
    expect(blockOf({ ...identity, version: 0 })).toBe("82421000 81a1613181824161f6".replace(" ", ""));
  });
});

describe("a HAMT", () => {
  const entries = Array.from(
    { length: 1000 },
    (_, i) => [utf8(`key ${i}`), new CborWriter().uint(i).finish()] as const,
  );
  const filled = (): { store: MemoryStore; root: CidBytes } => {
    const { root, blocks } = hamtRoot(entries, rawCodec, v3);
    const store = new MemoryStore();
    store.put(blocks);
    return { store, root };
  };

  it("keeps a node it has loaded", () => {
    const { store, root } = filled();
    const tree = runSync(loadHamt(root, rawCodec, v3), store);
    runSync(tree.get(utf8("key 5")), store);
    const reads = store.reads;
    runSync(tree.get(utf8("key 5")), store);
    expect([store.reads, reads <= 4]).toEqual([reads, true]);
    expect(tree.flush().blocks).toEqual([]);
  });

  it("keeps no node that a walk loads", () => {
    const { store, root } = filled();
    const tree = runSync(loadHamt(root, rawCodec, v3), store);
    for (let round = 1; round <= 2; round++) {
      expect([...tree.entries(store)].length).toBe(1000);
      expect(store.reads).toBe(1 + round * (store.blocks.size - 1));
    }
    let seen = 0;
    runSync(
      tree.walk(() => ++seen < 10),
      store,
    );
    expect(seen).toBe(10);
  });

  it("writes only what changed", () => {
    const { store, root } = filled();
    const tree = runSync(loadHamt(root, rawCodec, v3), store);
    expect(runSync(tree.set(utf8("key 5"), fromHex("05")), store)).toBe(false);
    expect(tree.flush().blocks).toEqual([]);
    expect(runSync(tree.set(utf8("key 5"), fromHex("06")), store)).toBe(true);
    const { blocks } = tree.flush();
    expect([blocks.length > 1, blocks.length <= 4]).toEqual([true, true]);
  });

  it("is as it was when a block is missing", () => {
    const { store, root } = filled();
    const holed = new MemoryStore();
    holed.blocks.set(
      ...([...store.blocks].find(([key]) => key === String.fromCharCode(...root)) as [string, Uint8Array]),
    );
    const tree = runSync(loadHamt(root, rawCodec, v3), holed);
    const key = utf8("key 7");
    const runs: Fetching<unknown>[] = [tree.get(key), tree.has(key), tree.set(key, nothing), tree.delete(key)];
    for (const run of runs) {
      expect(codeOf(() => runSync(run, holed))).toBe("host/block-missing");
    }
    expect(toHex(tree.flush().root)).toBe(toHex(root));
  });

  it("keeps its own copy of a block's bytes", () => {
    const { root, blocks } = hamtRoot([[utf8("a"), fromHex("07")]], rawCodec, v3);
    const block = blocks[0]?.[1] as Uint8Array;
    const tree = runSync(loadHamt(root, rawCodec, v3), { getSync: () => block });
    block.fill(0);
    expect(toHex(runSync(tree.get(utf8("a")), new MemoryStore()) as Uint8Array)).toBe("07");
  });

  it("ends where the hash of a key ends", () => {
    const key = (last: number): Uint8Array => Uint8Array.from({ length: 33 }, (_, i) => (i === 32 ? last : 7));
    const four = [0, 1, 2, 3].map((last) => [key(last), nothing] as const);
    const store = new MemoryStore();
    const tree = createHamt(rawCodec, identity);
    for (const [at, value] of four.slice(0, 3)) runSync(tree.set(at, value), store);
    const before = toHex(tree.flush().root);
    expect(codeOf(() => runSync(tree.set(key(3), nothing), store))).toBe("hamt/too-deep");
    expect(toHex(tree.flush().root)).toBe(before);
    expect(codeOf(() => hamtRoot(four, rawCodec, identity))).toBe("hamt/too-deep");
  });

  it("takes the last bit of a hash that is left over", () => {
    const keys = [0, 1].flatMap((bit) => [0, 1].map((tail) => Uint8Array.of(...new Array(31).fill(7), bit, tail)));
    const store = new MemoryStore();
    const tree = createHamt(rawCodec, identity); // 51 levels of 5 bits, then one of 1
    for (const key of keys) runSync(tree.set(key, nothing), store);
    const { root, blocks } = tree.flush();
    expect(blocks.length).toBe(52);
    expect(
      toHex(
        hamtRoot(
          keys.map((key) => [key, nothing]),
          rawCodec,
          identity,
        ).root,
      ),
    ).toBe(toHex(root));
    store.put(blocks);
    expect([...runSync(loadHamt(root, rawCodec, identity), store).entries(store)].length).toBe(4);
    runSync(tree.delete(keys[0] as Uint8Array), store);
    expect(tree.flush().blocks.length).toBe(1);
  });

  it("refuses a key that comes twice in a list", () => {
    const twice = [utf8("a"), utf8("a")].map((key) => [key, nothing] as const);
    expect(codeOf(() => hamtRoot(twice, rawCodec, v3))).toBe("hamt/key-twice");
  });

  it.each([0, 9, 1.5])("has no bit width %s", (bitWidth) => {
    expect(codeOf(() => createHamt(rawCodec, { version: 3, bitWidth }))).toBe("hamt/bit-width-unsupported");
  });

  it("goes on after a codec that fails half-way", () => {
    const picky: Codec<number> = {
      encode: (writer, value) => {
        writer.array(1);
        if (value < 0) throw new RangeError("negative");
        writer.uint(value);
      },
      decode: (reader) => {
        reader.array(1);
        return reader.safeUint();
      },
    };
    const tree = createHamt(picky, v3);
    expect(() => runSync(tree.set(utf8("a"), -1), new MemoryStore())).toThrow(RangeError);
    runSync(tree.set(utf8("a"), 5), new MemoryStore());
    expect(runSync(tree.get(utf8("a")), new MemoryStore())).toBe(5);
  });
});

describe("hostile nodes", () => {
  const link = toHex(new CborWriter().link(cidOf(Uint8Array.of(0x80))).finish());
  const rawLink = toHex(new CborWriter().link(rawCidOf(Uint8Array.of(1))).finish());
  const one = "824161f6"; // an entry of key "a"
  const cases: readonly (readonly [what: string, options: HamtOptions, block: string, code: string])[] = [
    ["one bit for no pointer", v3, "82410180", "hamt/bitfield-mismatch"],
    ["no bit for one pointer", v3, `82408181${one}`, "hamt/bitfield-mismatch"],
    ["two bits for one pointer", v3, `8241038181${one}`, "hamt/bitfield-mismatch"],
    ["a bit past the width, which the references read", v3, `824501000000008181${one}`, "none"],
    ["a bitfield of 33 bytes", v3, `825821${"00".repeat(32)}018181${one}`, "cbor/too-long"],
    ["leading zeros, which the references read", v3, `82420001 8181${one}`.replace(" ", ""), "none"],
    ["an empty bucket", v3, "8241018180", "hamt/bucket-empty"],
    ["a bucket of four", v3, `82410181 84${one.repeat(4)}`.replace(" ", ""), "cbor/too-long"],
    ["a key twice", v3, `8241018182${one}${one}`, "hamt/bucket-unsorted"],
    ["keys that fall", v3, `8241018182824162f6${one}`, "hamt/bucket-unsorted"],
    ["keys that fall, in version 2", v2, `82410181a1613182824162f6${one}`, "hamt/bucket-unsorted"],
    ["keys that fall, in version 0", v0, `82410181a1613182824162f6${one}`, "none"],
    ["an entry of three", v3, "82410181818341 61f6f6".replace(" ", ""), "cbor/wrong-length"],
    ["a text key", v3, "8241018181826161f6", "cbor/unexpected"],
    ["a pointer that is null", v3, "82410181f6", "hamt/pointer-malformed"],
    ["a pointer of the older form", v3, `82410181a1613181${one}`, "hamt/pointer-malformed"],
    ["a pointer of the newer form", v2, `8241018181${one}`, "cbor/unexpected"],
    ["a pointer of two pairs", v2, `82410181a2613181${one}6130${link}`, "hamt/pointer-malformed"],
    ["a pointer of another name", v2, `82410181a1613281${one}`, "hamt/pointer-malformed"],
    ["a pointer of no name", v2, `82410181a16081${one}`, "hamt/pointer-malformed"],
    ["a link to raw bytes", v3, `82410181${rawLink}`, "hamt/link-codec"],
    ["33 pointers", v3, `8244ffffffff9821${`81${one}`.repeat(33)}`, "cbor/too-long"],
    ["bytes after it", v3, `8241018181${one}00`, "cbor/trailing-bytes"],
    ["three fields", v3, `8341018181${one}f6`, "cbor/wrong-length"],
    ["a value that is no CBOR", v3, "8241018181824161ff", "cbor/unsupported"],
  ];

  it.each(cases)("%s", (_what, options, hex, code) => {
    const block = fromHex(hex);
    expect(codeOf(() => runSync(loadHamt(cidOf(block), rawCodec, options), { getSync: () => block }))).toBe(code);
  });

  it("finds an empty node below the root", () => {
    const empty = fromHex("824080");
    const root = fromHex(`82410181${toHex(new CborWriter().link(cidOf(empty)).finish())}`);
    const store = new MemoryStore();
    store.put([
      [cidOf(empty), empty],
      [cidOf(root), root],
    ]);
    const tree = runSync(loadHamt(cidOf(root), rawCodec, identity), store);
    expect(codeOf(() => [...tree.entries(store)])).toBe("hamt/node-empty");
    expect(codeOf(() => runSync(tree.get(Uint8Array.of(0)), store))).toBe("hamt/node-empty");
  });

  it("ends where a store answers a link with the node that holds it", () => {
    const block = fromHex(`82410181${link}`); // no honest hash does this; a store that is not checked may
    const store = {
      reads: 0,
      getSync(): Uint8Array {
        this.reads++;
        return block;
      },
    };
    const tree = runSync(loadHamt(cidOf(block), rawCodec, identity), store);
    for (const run of [() => runSync(tree.get(Uint8Array.of(0)), store), () => [...tree.entries(store)]]) {
      expect(codeOf(run)).toBe("hamt/too-deep");
    }
    expect(store.reads).toBeLessThan(120);
  });

  it("refuses to take the one entry of a node that should be a bucket", () => {
    const leaf = fromHex("82410181818241 00f6".replace(" ", ""));
    const root = fromHex(`82410181${toHex(new CborWriter().link(cidOf(leaf)).finish())}`);
    const store = new MemoryStore();
    store.put([
      [cidOf(leaf), leaf],
      [cidOf(root), root],
    ]);
    const tree = runSync(loadHamt(cidOf(root), rawCodec, identity), store);
    expect(codeOf(() => runSync(tree.delete(Uint8Array.of(0)), store))).toBe("hamt/node-empty");
    expect(toHex(tree.flush().root)).toBe(toHex(cidOf(root)));
  });
});
