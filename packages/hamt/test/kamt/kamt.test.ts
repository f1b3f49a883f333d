import { bytesCodec, CborWriter, type CidBytes, cidOf, encode, rawCidOf, runAsync, runSync } from "@copse/ipld";
import { fromHex, isCopseError, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import {
  createKamt,
  diffKamt,
  evmStorage,
  type KamtKeys,
  type KamtOptions,
  kamtRoot,
  loadKamt,
  u256Codec,
} from "../../src/kamt/index.ts";
import { MemoryStore } from "../memory-store.ts";
import { bytesKey, bytesKeys, littleEndianKeys, numberCodec } from "./forms.ts";

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

/** A pointer of a node that is made by hand: a link, or pairs of a key and a number. */
type Made =
  | { link: CidBytes; length?: number; path?: Uint8Array }
  | { values: (readonly [Uint8Array, number])[] }
  | { raw: string };

function node(bits: string, pointers: Made[]): Uint8Array {
  const writer = new CborWriter().array(2).bytes(fromHex(bits)).array(pointers.length);
  for (const pointer of pointers) {
    if ("raw" in pointer) {
      writer.raw(fromHex(pointer.raw));
    } else if ("link" in pointer) {
      const { link, length = 0, path = new Uint8Array(Math.ceil(Math.min(length, 256) / 8)) } = pointer;
      writer.map(1).text("l").array(3).link(link).uint(length).bytes(path);
    } else {
      writer.map(1).text("v").array(pointer.values.length);
      for (const [key, value] of pointer.values) writer.array(2).bytes(key).uint(value);
    }
  }
  return writer.finish();
}

function stored(...blocks: Uint8Array[]): { root: CidBytes; store: MemoryStore } {
  const store = new MemoryStore();
  store.put(blocks.map((block) => [cidOf(block), block] as const));
  return { root: cidOf(blocks[0] as Uint8Array), store };
}

const options: KamtOptions<Uint8Array> = { keys: bytesKeys, bitWidth: 8 };
const zero = new Uint8Array(32);
const missing = cidOf(Uint8Array.of(0x80));

describe("a node that is none", () => {
  const load = (block: Uint8Array, form: KamtOptions<Uint8Array> = options): unknown => {
    const { root, store } = stored(block);
    return runSync(loadKamt(root, numberCodec, form), store);
  };

  it.each([
    ["kamt/bitfield-mismatch", node("03", [{ values: [[zero, 1]] }]), options],
    ["kamt/bitfield-mismatch", node("", [{ values: [[zero, 1]] }]), options],
    ["kamt/bucket-empty", node("01", [{ values: [] }]), options],
    [
      "kamt/bucket-unsorted",
      node("01", [{ values: [[bytesKey(4), 1], [zero, 2]] }]), // biome-ignore format: one pair of keys
      options,
    ],
    ["kamt/bucket-unsorted", node("01", [{ values: [[zero, 1], [zero, 2]] }]), options], // biome-ignore format: the same
    ["kamt/values-too-shallow", node("01", [{ values: [[zero, 1]] }]), { ...options, minDataDepth: 1 }],
    ["kamt/link-codec", node("01", [{ link: rawCidOf(zero) }]), options],
    ["kamt/extension-uneven", node("01", [{ link: missing, length: 9 }]), options],
    ["kamt/extension-uneven", node("01", [{ link: missing, length: 8 }]), { ...options, bitWidth: 5 }],
    ["kamt/extension-too-long", node("01", [{ link: missing, length: 248 }]), options],
    ["kamt/extension-too-long", node("01", [{ link: missing, length: 2 ** 40 }]), options],
    ["kamt/pointer-malformed", node("01", [{ raw: "a0" }]), options],
    ["kamt/pointer-malformed", node("01", [{ raw: "a161617f" }]), options],
    ["kamt/pointer-malformed", node("01", [{ raw: "a162766180" }]), options],
    ["kamt/pointer-malformed", node("01", [{ raw: "a16130a0" }]), options],
    ["cbor/unexpected", node("01", [{ raw: "a1416180" }]), options],
    ["cbor/unexpected", node("01", [{ raw: "80" }]), options],
    ["cbor/unexpected", fromHex("824001"), options],
    [
      "cbor/too-long",
      node(
        "07",
        [1, 2, 3].map((n) => ({ values: [[bytesKey(n), n] as const] })),
      ),
      { ...options, bitWidth: 1 },
    ],
    ["cbor/too-long", node("01", [{ values: [0, 1, 2, 3].map((n) => [bytesKey(n), n] as const) }]), options],
    ["cbor/too-long", node("00".repeat(33), []), options],
    ["cbor/trailing-bytes", fromHex("82408000"), options],
    ["cbor/wrong-length", fromHex("814080"), options],
    ["cbor/cut", fromHex("8240"), options],
  ] as const)("gives %s", (code, block, form) => {
    expect(codeOf(() => load(block, form))).toBe(code);
  });

  it("is refused below the root where it is empty", () => {
    const { root, store } = stored(node("01", [{ link: cidOf(node("", [])) }]), node("", []));
    const tree = runSync(loadKamt(root, numberCodec, options), store);
    expect(codeOf(() => runSync(tree.get(zero), store))).toBe("kamt/node-empty");
    expect(codeOf(() => [...tree.entries(store)])).toBe("kamt/node-empty");
  });

  it("is refused for its values, by the codec", () => {
    const words = { ...evmStorage };
    const long = new CborWriter().array(2).bytes(Uint8Array.of(1)).array(1).map(1).text("v").array(1).array(2);
    const { root, store } = stored(long.bytes(Uint8Array.of(1)).bytes(new Uint8Array(33)).finish());
    expect(codeOf(() => runSync(loadKamt(root, u256Codec, words), store))).toBe("cbor/too-long");
    const { root: other, store: held } = stored(node("01", [{ values: [[zero, 1]] }]));
    expect(codeOf(() => runSync(loadKamt(other, bytesCodec, options), held))).toBe("cbor/unexpected");
  });

  it("fails at an extension that is cut, when a key passes it", () => {
    const block = node("03", [{ link: missing, length: 16, path: Uint8Array.of(0) }, { values: [[bytesKey(5), 1]] }]);
    const { root, store } = stored(block);
    const tree = runSync(loadKamt(root, numberCodec, options), store);
    expect(codeOf(() => runSync(tree.get(zero), store))).toBe("kamt/extension-cut");
    expect(codeOf(() => runSync(tree.set(zero, 1), store))).toBe("kamt/extension-cut");
    const elsewhere = Uint8Array.from({ length: 32 }, (_, i) => (i === 1 ? 9 : 0));
    expect(runSync(tree.get(elsewhere), store)).toBeUndefined(); // it parts within the bits that are there
    expect(codeOf(() => runSync(tree.set(elsewhere, 1), store))).toBe("kamt/extension-cut");
    expect(toHex(tree.flush().root)).toBe(toHex(root));
  });

  it("is no way past the end of a key", () => {
    // each node leads to the next by an extension that its own place would allow
    const blocks = [node("01", [{ values: [[zero, 1]] }])];
    for (let i = 0; i < 3; i++) blocks.unshift(node("01", [{ link: cidOf(blocks[0] as Uint8Array), length: 200 }]));
    const { root, store } = stored(...blocks);
    const tree = runSync(loadKamt(root, numberCodec, options), store);
    expect(codeOf(() => runSync(tree.get(zero), store))).toBe("kamt/too-deep");
    expect(codeOf(() => runSync(tree.delete(zero), store))).toBe("kamt/too-deep");
    expect([...tree.entries(store)].length).toBe(1); // the walk reads keys where they stand, as the reference's does
  });

  it("is not made emptier where that leaves nothing", () => {
    const leaf = node("01", [{ values: [[zero, 1]] }]);
    const { root, store } = stored(node("01", [{ link: cidOf(leaf) }]), leaf);
    const tree = runSync(loadKamt(root, numberCodec, options), store);
    expect(codeOf(() => runSync(tree.delete(zero), store))).toBe("kamt/node-empty");
    expect(toHex(tree.flush().root)).toBe(toHex(root));
  });

  it("may have bits past the width, whose pointers only a walk meets", () => {
    const { root, store } = stored(node("0101", [{ values: [[zero, 1]] }, { values: [[bytesKey(1), 2]] }]));
    const tree = runSync(loadKamt(root, numberCodec, { ...options, bitWidth: 3 }), store);
    expect([...tree.entries(store)].length).toBe(2);
    expect(runSync(tree.get(zero), store)).toBe(1);
    expect(runSync(tree.set(zero, 5), store)).toBe(true);
    expect(tree.flush().blocks[0]?.[1].slice(0, 4)).toEqual(fromHex("82420101"));
  });
});

describe("options", () => {
  it.each([
    [{ bitWidth: 0 }],
    [{ bitWidth: 9 }],
    [{ bitWidth: 2.5 }],
    [{ minDataDepth: -1 }],
    [{ maxArrayWidth: 0 }],
    [{ hashSize: 0 }],
  ])("%o are refused", (wrong) => {
    expect(codeOf(() => createKamt(numberCodec, { ...options, ...wrong }))).toBe("kamt/option-out-of-range");
  });

  it("say how long a hash is", () => {
    const tree = createKamt(numberCodec, options);
    const store = new MemoryStore();
    expect(codeOf(() => runSync(tree.get(new Uint8Array(20)), store))).toBe("kamt/hash-length");
    expect(codeOf(() => runSync(tree.set(new Uint8Array(33), 1), store))).toBe("kamt/hash-length");
    const short = createKamt(numberCodec, { ...options, bitWidth: 5, hashSize: 20 });
    const keyOf = (i: number) => bytesKey(i).subarray(12);
    const distinct = new Map(Array.from({ length: 50 }, (_, i) => [toHex(keyOf(i)), i]));
    for (const i of distinct.values()) runSync(short.set(keyOf(i), i), store);
    for (const i of distinct.values()) expect(runSync(short.get(keyOf(i)), store)).toBe(i);
    expect([...short.entries(store)].length).toBe(distinct.size);
  });

  it("may give more keys one hash than a bucket holds, but no tree does", () => {
    const same: KamtKeys<number> = { ...littleEndianKeys, hash: () => zero };
    const tree = createKamt(numberCodec, { keys: same, bitWidth: 5, maxArrayWidth: 2 });
    const store = new MemoryStore();
    runSync(tree.set(1, 1), store);
    runSync(tree.set(2, 2), store);
    const { root } = tree.flush();
    expect(codeOf(() => runSync(tree.set(3, 3), store))).toBe("kamt/too-deep");
    expect(toHex(tree.flush().root)).toBe(toHex(root));
    const thrice = [1, 2, 3].map((n) => [n, n] as const);
    expect(codeOf(() => kamtRoot(thrice, numberCodec, { keys: same, bitWidth: 5 }))).toBeUndefined();
    expect(codeOf(() => kamtRoot([...thrice, [4, 4]], numberCodec, { keys: same, bitWidth: 5 }))).toBe("kamt/too-deep");
    expect(codeOf(() => kamtRoot([...thrice, [3, 4]], numberCodec, { keys: same, bitWidth: 5 }))).toBe(
      "kamt/key-twice",
    );
  });
});

describe("a tree", () => {
  const size = 300;
  const tree = () => {
    const store = new MemoryStore();
    const { root, blocks } = kamtRoot(
      Array.from({ length: size }, (_, i) => [bytesKey(i), i] as const),
      numberCodec,
      { ...options, bitWidth: 4 },
    );
    store.put(blocks);
    return { root, store, opened: runSync(loadKamt(root, numberCodec, { ...options, bitWidth: 4 }), store) };
  };

  it("stays as it was when a block is missing, and goes on once it is there", () => {
    const { root, store, opened } = tree();
    const held = new Map(store.blocks);
    store.blocks.clear();
    expect(codeOf(() => runSync(opened.set(bytesKey(3), 9), store))).toBe("host/block-missing");
    expect(codeOf(() => runSync(opened.delete(bytesKey(3)), store))).toBe("host/block-missing");
    expect(codeOf(() => runSync(opened.get(bytesKey(3)), store))).toBe("host/block-missing");
    const cursor = opened.cursor();
    const seen: number[] = [];
    const diff = diffKamt(root, missing, numberCodec, { ...options, bitWidth: 4 });
    expect(codeOf(() => runSync(diff.next(), store))).toBe("host/block-missing");
    for (const [key, block] of held) store.blocks.set(key, block);
    for (let some = runSync(cursor.next(), store); some; some = runSync(cursor.next(), store))
      seen.push(...some.map(([, n]) => n));
    expect(seen.length).toBe(size);
    expect(runSync(opened.set(bytesKey(3), 9), store)).toBe(true);
    expect(runSync(opened.set(bytesKey(3), 3), store)).toBe(true);
    expect(toHex(opened.flush().root)).toBe(toHex(root));
  });

  it("takes nothing of a value that its codec refuses", () => {
    const { root, store, opened } = tree();
    expect(() => runSync(opened.set(bytesKey(3), -1), store)).toThrow();
    expect(() => runSync(opened.set(bytesKey(size), 2.5), store)).toThrow();
    expect(runSync(opened.set(bytesKey(size), 1), store)).toBe(true);
    expect(runSync(opened.get(bytesKey(size)), store)).toBe(1);
    expect(runSync(opened.delete(bytesKey(size)), store)).toBe(true);
    expect(toHex(opened.flush().root)).toBe(toHex(root));
  });

  it("keeps neither keys nor blocks that a caller or a store changes afterwards", () => {
    const { store, opened } = tree();
    for (const block of store.blocks.values()) block.fill(0, 0, 1);
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    const changing = createKamt(numberCodec, options);
    runSync(changing.set(key, 5), store);
    key.fill(7);
    expect(runSync(changing.get(Uint8Array.from({ length: 32 }, (_, i) => i)), store)).toBe(5);
    expect(opened.isEmpty).toBe(false);
  });

  it("is cleared", () => {
    const { store, opened } = tree();
    opened.clear();
    opened.clear();
    expect(opened.isEmpty).toBe(true);
    expect([...opened.entries(store)]).toEqual([]);
    expect(toHex(opened.flush().root)).toBe(toHex(kamtRoot([], numberCodec, options).root));
    expect(runSync(opened.set(zero, 1), store)).toBe(true);
  });

  it("is flushed into a store, and once more when that failed", async () => {
    const { store, opened } = tree();
    const blocks = new Map<string, Uint8Array>();
    const writer = {
      putManySync: (entries: Iterable<readonly [CidBytes, Uint8Array]>) => {
        for (const [cid, block] of entries) blocks.set(toHex(cid), block);
      },
      putManyBytes: async (entries: Iterable<readonly [CidBytes, Uint8Array]>) => writer.putManySync(entries),
    };
    const broken = {
      putManySync: () => {
        throw new Error("no room");
      },
      putManyBytes: () => Promise.reject(new Error("no room")),
    };
    runSync(opened.set(bytesKey(3), 9), store);
    expect(() => opened.flushSync(broken)).toThrow("no room");
    await expect(opened.flushAsync(broken)).rejects.toThrow("no room");
    const root = opened.flushSync(writer);
    expect(blocks.has(toHex(root))).toBe(true);
    expect(blocks.size).toBeGreaterThan(1);
    expect(opened.flushSync(broken)).toEqual(root);
    runSync(opened.set(bytesKey(3), 10), store);
    expect(blocks.has(toHex(await opened.flushAsync(writer)))).toBe(true);
    expect(opened.flush().blocks).toEqual([]);
  });

  it("reads only the blocks on the way", async () => {
    const { root, store } = tree();
    store.reads = 0;
    const opened = await runAsync(loadKamt(root, numberCodec, { ...options, bitWidth: 4 }), store);
    expect(await runAsync(opened.get(bytesKey(100)), store)).toBe(100);
    const once = store.reads;
    expect(once).toBeLessThan(8);
    await runAsync(opened.get(bytesKey(100)), store);
    expect(store.reads).toBe(once);
  });

  it("is walked from a key on, there or not", () => {
    const { store, opened } = tree();
    const keys = [...opened.entries(store)].map(([key]) => toHex(key));
    expect(keys).toEqual(keys.toSorted());
    const at = Math.floor(keys.length / 2);
    const from = fromHex(keys[at] as string);
    expect([...opened.entries(store, { from })].map(([key]) => toHex(key))).toEqual(keys.slice(at));
    expect([...opened.entries(store, { after: from })].map(([key]) => toHex(key))).toEqual(keys.slice(at + 1));
    expect([...opened.entries(store, { from, exact: true })].length).toBe(keys.length - at);
    const between = Uint8Array.from(from);
    (between[31] as number)++;
    expect([...opened.entries(store, { from: between })].map(([key]) => toHex(key))).toEqual(keys.slice(at + 1));
    expect(codeOf(() => [...opened.entries(store, { from: between, exact: true })])).toBe("kamt/start-absent");
    const seen: number[] = [];
    runSync(opened.walk((_, value) => seen.push(value) < 3, { from }), store); // biome-ignore format: a walk
    expect(seen.length).toBe(3);
  });

  it("is compared with another as both are now", async () => {
    const { root, store, opened } = tree();
    const other = runSync(loadKamt(root, numberCodec, { ...options, bitWidth: 4 }), store);
    expect([...opened.diff(other).changes(store)]).toEqual([]);
    runSync(other.set(bytesKey(1), 77), store);
    runSync(other.delete(bytesKey(2)), store);
    runSync(other.set(bytesKey(size), 5), store);
    const changes = [...other.diff(opened).changes(store)];
    expect(changes.map(({ before, after }) => [before, after]).sort()).toEqual(
      [
        [1, 77],
        [2, undefined],
        [undefined, 5],
      ].sort(),
    );
    const tall = createKamt(numberCodec, options);
    expect(codeOf(() => tall.diff(opened))).toBe("kamt/options-differ");
    const seen: unknown[] = [];
    runSync(other.diff(opened).walk((change) => seen.push(change) < 2), store); // biome-ignore format: a walk
    expect(seen.length).toBe(2);
    const stop = new AbortController();
    stop.abort();
    for (const concurrency of [1, 3]) {
      const diff = diffKamt(root, missing, numberCodec, { ...options, bitWidth: 4 });
      const cut = diff.changesAsync(store, { signal: stop.signal, concurrency });
      await expect(cut.next()).rejects.toSatisfy((error) => isCopseError(error, "host/aborted"));
    }
  });

  it("is compared by loading what is not shared, and nothing else", () => {
    const { root, store, opened } = tree();
    runSync(opened.set(bytesKey(123), 1), store);
    const { root: after, blocks } = opened.flush();
    store.put(blocks);
    store.reads = 0;
    expect([...diffKamt(root, after, numberCodec, { ...options, bitWidth: 4 }).changes(store)].length).toBe(1);
    expect(store.reads).toBe(2 * blocks.length);
    store.reads = 0;
    expect([...diffKamt(root, root, numberCodec, { ...options, bitWidth: 4 }).changes(store)]).toEqual([]);
    expect(store.reads).toBe(0);
  });
});

describe("the EVM's storage", () => {
  it("is words by slot, low slots together behind one link", () => {
    const store = new MemoryStore();
    const tree = createKamt(u256Codec, evmStorage);
    for (let slot = 0n; slot < 20n; slot++) runSync(tree.set(slot, slot * slot), store);
    const { root, blocks } = tree.flush();
    // the root, one node behind a link that skips 49 levels, and a pair of slots below each of its links
    expect(blocks.length).toBe(12);
    expect(toHex(root)).toBe("0171a0e40220f487bcfe2560b4fd6dcab8af278950cd3e81449cb7c8763d2df42df5b1ac416d"); // as fvm_ipld_kamt 0.4.6 has it
    store.put(blocks);
    const opened = runSync(loadKamt(root, u256Codec, evmStorage), store);
    expect([...opened.entries(store, { from: 5n })].slice(0, 2)).toEqual([
      [5n, 25n],
      [6n, 36n],
    ]);
  });

  it("takes words in any spelling and writes them in one", () => {
    const loose = fromHex("82410181a161768182420001 42000a".replace(" ", ""));
    const tight = kamtRoot([[1n, 10n]], u256Codec, evmStorage);
    const { root, store } = stored(loose);
    const tree = runSync(loadKamt(root, u256Codec, evmStorage), store);
    expect(runSync(tree.get(1n), store)).toBe(10n);
    expect(toHex(tree.flush().root)).toBe(toHex(root));
    runSync(tree.set(2n ** 255n, 1n), store);
    runSync(tree.delete(2n ** 255n), store);
    expect(toHex(tree.flush().root)).toBe(toHex(tight.root));
  });

  it("holds words of 256 bits", () => {
    const store = new MemoryStore();
    const tree = createKamt(u256Codec, evmStorage);
    for (const word of [0n, 1n, 255n, 256n, 2n ** 48n, 2n ** 64n - 1n, 2n ** 128n, 2n ** 192n + 5n, 2n ** 256n - 1n]) {
      runSync(tree.set(word, word), store);
      expect(runSync(tree.get(word), store)).toBe(word);
      expect(encode(u256Codec, word).length).toBeLessThanOrEqual(34);
    }
    for (const word of [-1n, 2n ** 256n]) {
      expect(codeOf(() => runSync(tree.set(0n, word), store))).toBe("kamt/word-out-of-range");
      expect(codeOf(() => runSync(tree.get(word), store))).toBe("kamt/word-out-of-range");
    }
    const { root, blocks } = tree.flush();
    store.put(blocks);
    const again = runSync(loadKamt(root, u256Codec, evmStorage), store);
    expect([...again.entries(store)].map(([key, value]) => key === value)).not.toContain(false);
  });
});
