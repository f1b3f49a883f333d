import {
  CborWriter,
  type CidBytes,
  type Codec,
  cidOf,
  type Fetching,
  isChainCid,
  linkCodec,
  rawCidOf,
  runSync,
  toCid,
} from "@copse/ipld";
import { fromHex, isCopseError, toHex, utf8 } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { type Amt, type AmtOptions, amtRoot, createAmt, diffAmt, loadAmt } from "../src/index.ts";
import { MemoryStore } from "./memory-store.ts";

const rawCodec: Codec<Uint8Array> = {
  encode: (writer, value) => void writer.raw(value),
  decode: (reader) => reader.skip().slice(),
};
const v0: AmtOptions = { version: 0 };
const v3: AmtOptions = { version: 3 };
const text = (cid: CidBytes): string => toCid(cid).toString();

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
  it("has the chain's empty message and receipt list", () => {
    const root = "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6";
    expect(text(amtRoot([], linkCodec, v0).root)).toBe(root);
    expect(text(createAmt(linkCodec, v0).flush().root)).toBe(root);
  });

  it("has the chain's empty MsgMeta on it", () => {
    const { root } = amtRoot([], linkCodec, v0);
    const meta = cidOf(new CborWriter().array(2).link(root).link(root).finish());
    expect(text(meta)).toBe("bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba");
  });

  it("has the root of one receipt that ref-fvm makes", () => {
    const receipt = new CborWriter().array(4).int(0).bytes(new Uint8Array()).uint(1000).null().finish();
    const root = "bafy2bzacebbajfuaeoncaojgwddildzkj3cdu2r2gfuznkihmkhzpzthtggyg";
    expect(text(amtRoot([receipt], rawCodec, v0).root)).toBe(root);
  });

  it("has the root of one event that ref-fvm makes", () => {
    const entry = new CborWriter().array(4).uint(3).text("foo").uint(0x55).bytes(utf8("abc")).finish();
    const event = new CborWriter().array(2).uint(1000).array(1).raw(entry).finish();
    const { root, blocks } = amtRoot([event], rawCodec, { version: 3, bitWidth: 5 });
    expect(toHex(blocks[0]?.[1] as Uint8Array)).toBe("840500018344010000008081821903e881840363666f6f185543616263");
    expect(text(root)).toBe("bafy2bzacecba2ceeuctmfuajrypcltwfectu6jwg2lgim7k5su7z4wjjqwpp6");
  });
});

describe("an AMT", () => {
  const store = new MemoryStore();

  it("keeps a node it has loaded", () => {
    const values = Array.from({ length: 100 }, (_, i) => new CborWriter().uint(i).finish());
    const { root, blocks } = amtRoot(values, rawCodec, v0);
    const counted = new MemoryStore();
    counted.put(blocks);
    const tree = runSync(loadAmt(root, rawCodec, v0), counted);
    for (const index of [70, 71, 70, 80]) runSync(tree.get(index), counted);
    expect(counted.reads).toBe(4); // the root, a branch, two leaves
    expect(tree.flush().blocks).toEqual([]);
  });

  it("writes only what changed", () => {
    const values = Array.from({ length: 512 }, (_, i) => new CborWriter().uint(i).finish());
    const { root, blocks } = amtRoot(values, rawCodec, v0);
    const counted = new MemoryStore();
    counted.put(blocks);
    const tree = runSync(loadAmt(root, rawCodec, v0), counted);
    runSync(tree.set(511, values[511] as Uint8Array), counted); // the value that is there
    expect(tree.flush().blocks).toEqual([]);
    runSync(tree.set(511, values[0] as Uint8Array), counted);
    expect(tree.flush().blocks.length).toBe(3);
  });

  it("keeps no node that a walk loads", () => {
    const values = Array.from({ length: 100 }, (_, i) => new CborWriter().uint(i).finish());
    const { root, blocks } = amtRoot(values, rawCodec, v0);
    const counted = new MemoryStore();
    counted.put(blocks);
    const tree = runSync(loadAmt(root, rawCodec, v0), counted);
    const before = counted.reads;
    expect([...tree.entries(counted)].length).toBe(100);
    const walk = counted.reads - before;
    expect([...tree.entries(counted)].length).toBe(100);
    expect(counted.reads - before).toBe(2 * walk);
  });

  it("stops walk at false, and starts it anywhere", () => {
    const tree = createAmt(rawCodec, v3);
    for (const index of [0, 9, 100, 5000]) runSync(tree.set(index, Uint8Array.of(1)), store);
    const seen: bigint[] = [];
    runSync(
      tree.walk(
        (index) => {
          seen.push(index);
          return index < 100n;
        },
        { from: 1 },
      ),
      store,
    );
    expect(seen).toEqual([9n, 100n]);
  });

  it("is as it was when a block is missing", () => {
    const values = Array.from({ length: 100 }, (_, i) => new CborWriter().uint(i).finish());
    const { root, blocks } = amtRoot(values, rawCodec, v0);
    const holed = new MemoryStore();
    holed.put(blocks.slice(3)); // the leaves of the first 24 indexes are gone
    const tree = runSync(loadAmt(root, rawCodec, v0), holed);
    const runs: Fetching<unknown>[] = [tree.get(3), tree.set(3, Uint8Array.of(0)), tree.delete(3)];
    for (const run of runs) {
      expect(codeOf(() => runSync(run, holed))).toBe("host/block-missing");
    }
    expect([tree.count, toHex(tree.flush().root)]).toEqual([100n, toHex(root)]);
  });

  it("is as it was when the block of the root to be is missing", () => {
    const tree = createAmt(rawCodec, v3);
    runSync(tree.set(3, Uint8Array.of(0)), store);
    runSync(tree.set(3000, Uint8Array.of(0)), store);
    const { root, blocks } = tree.flush();
    const holed = new MemoryStore();
    const first = blocks[0]?.[0] as CidBytes; // both leaves have index 3's bytes? no: 3000 % 8 is 0
    holed.put(blocks.filter(([cid]) => cid !== first));
    const loaded = runSync(loadAmt(root, rawCodec, v3), holed);
    expect(codeOf(() => runSync(loaded.delete(3000), holed))).toBe("host/block-missing");
    expect([loaded.count, loaded.height, toHex(loaded.flush().root)]).toEqual([2n, 3, toHex(root)]);
    holed.put(blocks);
    expect(runSync(loaded.delete(3000), holed)).toBe(true);
    expect(loaded.height).toBe(0);
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
    const tree = createAmt(picky, v3);
    expect(() => runSync(tree.set(0, -1), new MemoryStore())).toThrow(RangeError);
    runSync(tree.set(0, 5), new MemoryStore());
    expect(runSync(tree.get(0), new MemoryStore())).toBe(5);
  });
});

describe("indexes", () => {
  it.each([
    [v3, -1, "amt/index-malformed"],
    [v3, 1.5, "amt/index-malformed"],
    [v3, 2 ** 53, "amt/index-malformed"],
    [v3, -1n, "amt/index-malformed"],
    [v3, 2n ** 64n - 1n, "amt/index-too-large"],
    [v3, 2n ** 64n - 2n, "none"],
    [v0, 2n ** 63n, "amt/index-too-large"],
    [v0, 2n ** 63n - 1n, "none"],
  ] as const)("%o %s: %s", (options, index, code) => {
    const store = new MemoryStore();
    const tree = createAmt(rawCodec, options);
    const runs: Fetching<unknown>[] = [tree.get(index), tree.delete(index), tree.set(index, Uint8Array.of(0))];
    for (const run of runs) {
      expect(codeOf(() => runSync(run, store))).toBe(code);
    }
    expect(codeOf(() => tree.cursor({ from: index }))).toBe(code);
  });
});

describe("hostile nodes", () => {
  const cid = cidOf(Uint8Array.of(0x80));
  const link = toHex(new CborWriter().link(cid).finish());
  const rawLink = toHex(new CborWriter().link(rawCidOf(Uint8Array.of(1))).finish());
  const cases: readonly (readonly [what: string, options: AmtOptions, root: string, code: string])[] = [
    ["a bitmap of two bytes", v0, "830001834200018081f6", "amt/bitmap-length"],
    ["no bitmap", v0, "83000183408081f6", "amt/bitmap-length"],
    ["links and values", v0, `8301018341018 1${link}81f6`.replace(" ", ""), "amt/links-and-values"],
    ["more bits than values", v0, "8300018341038081f6", "amt/bitmap-mismatch"],
    ["fewer bits than values", v0, "8300028341018082f6f6", "amt/bitmap-mismatch"],
    ["more bits than links", v0, `83010183410381${link}80`, "amt/bitmap-mismatch"],
    ["values above the leaves", v0, "8301018341018081f6", "amt/level-wrong"],
    ["links at the leaves", v0, `83000183410181${link}80`, "amt/level-wrong"],
    ["a link to raw bytes", v0, `83010183410181${rawLink}80`, "amt/link-codec"],
    ["a height of 21", v0, `83150183410181${link}80`, "amt/height-too-large"],
    ["a height past 2^53", v0, `831b002000000000000001834101 81${link}80`.replace(" ", ""), "cbor/out-of-range"],
    ["a count past its height", v0, "8300098341018081f6", "amt/count-too-large"],
    ["nine values", v0, "83000983 41ff8089f6f6f6f6f6f6f6f6f6".replace(" ", ""), "amt/count-too-large"],
    ["nine values that count as one", v0, "8300018341ff8089f6f6f6f6f6f6f6f6f6", "cbor/too-long"],
    ["bytes after it", v0, "8300018341018081f600", "cbor/trailing-bytes"],
    ["four fields", v0, "840300018341018081f6", "cbor/wrong-length"],
    ["three fields", v3, "8300018341018081f6", "cbor/wrong-length"],
    ["a bit width of 0", v3, "84000001834101 8081f6".replace(" ", ""), "amt/bit-width-unsupported"],
    ["a bit width of 64", v3, "8418400001834101 8081f6".replace(" ", ""), "amt/bit-width-unsupported"],
    ["a bit width not expected", { version: 3, bitWidth: 5 }, "840300018341018081f6", "amt/bit-width-wrong"],
    ["bits of an empty root", v3, "84030000834104 8080".replace(" ", ""), "amt/bitmap-mismatch"],
    ["bits of an empty root of version 0", v0, "8300008341208080", "amt/bitmap-mismatch"],
    ["an empty root above the leaves", v3, "84030100834100 8080".replace(" ", ""), "amt/node-empty"],
    [
      "a bitmap that is all there is of a wide node",
      { version: 3 },
      `840e000083590800${"00".repeat(2048)}8080`,
      "none",
    ],
    ["a bitmap too short for its width", v3, `841200008341ff8080`, "amt/bitmap-length"],
    ["a bit width of 19", v3, "841300018341018081f6", "amt/bit-width-unsupported"],
    ["a height of 22", v3, `8403160183410181${link}80`, "amt/height-too-large"],
    ["an unmeant height of 65", v3, `840318410183410181${link}80`, "amt/height-too-large"],
  ];

  it.each(cases)("%s", (_what, options, hex, code) => {
    const block = fromHex(hex);
    const store = new MemoryStore();
    store.put([[cidOf(block), block]]);
    expect(codeOf(() => runSync(loadAmt(cidOf(block), rawCodec, options), store))).toBe(code);
  });

  it("finds an inner node that is a leaf one level too high", () => {
    const leaf = fromHex("8341018081f6");
    const root = new CborWriter()
      .array(3)
      .uint(2)
      .uint(1)
      .array(3)
      .bytes(Uint8Array.of(1))
      .array(1)
      .link(cidOf(leaf))
      .array(0);
    const block = root.finish();
    const store = new MemoryStore();
    store.put([
      [cidOf(block), block],
      [cidOf(leaf), leaf],
    ]);
    const tree = runSync(loadAmt(cidOf(block), rawCodec, v0), store);
    expect(codeOf(() => runSync(tree.get(0), store))).toBe("amt/level-wrong");
    expect(codeOf(() => [...tree.entries(store)])).toBe("amt/level-wrong");
  });

  it("ends where a store answers a link with the node that holds it", () => {
    const branch = new CborWriter().array(3).bytes(Uint8Array.of(1)).array(1).link(cid).array(0).finish();
    const root = new CborWriter().array(3).uint(20).uint(1).raw(branch).finish();
    const store = new MemoryStore();
    store.put([
      [cid, branch], // no honest hash does this; a store that is not checked may
      [cidOf(root), root],
    ]);
    const tree = runSync(loadAmt(cidOf(root), rawCodec, v0), store);
    expect(codeOf(() => runSync(tree.get(0), store))).toBe("amt/level-wrong");
    expect(codeOf(() => [...tree.entries(store)])).toBe("amt/level-wrong");
    expect(store.reads).toBeLessThan(50);
  });

  it("finds a place past 64-bit indexes", () => {
    // 64 = 21 * 3 + 1 bits: of the top node of width 8 only two slots are places
    const leaf = fromHex("8341018081f6");
    const nodes: [CidBytes, Uint8Array][] = [[cidOf(leaf), leaf]];
    const branch = (slot: number): CborWriter => {
      const below = nodes.at(-1)?.[0] as CidBytes;
      return new CborWriter()
        .array(3)
        .bytes(Uint8Array.of(1 << slot))
        .array(1)
        .link(below)
        .array(0);
    };
    for (let height = 1; height < 21; height++) {
      const block = branch(0).finish();
      nodes.push([cidOf(block), block]);
    }
    const tops = [1, 2].map((slot) =>
      new CborWriter().array(4).uint(3).uint(21).uint(1).raw(branch(slot).finish()).finish(),
    );
    const store = new MemoryStore();
    store.put(nodes);
    const [good, bad] = tops.map((block) => {
      store.put([[cidOf(block), block]]);
      return runSync(loadAmt(cidOf(block), rawCodec, v3), store);
    }) as [Amt<Uint8Array>, Amt<Uint8Array>];
    expect([...good.entries(store)].map(([index]) => index)).toEqual([2n ** 63n]);
    const none = createAmt(rawCodec, v3);
    for (const run of [
      () => [...bad.entries(store)],
      () => runSync(bad.firstSetIndex(), store),
      () => runSync(bad.lastSetIndex(), store),
      () => [...diffAmt(none, bad).changes(store)],
      () =>
        runSync(
          bad.update(() => undefined),
          store,
        ),
    ]) {
      expect(codeOf(run)).toBe("amt/index-too-large");
    }
  });

  it("does not name the index past the last", () => {
    // slot 7 of the last leaf of all would be 2^64 - 1
    const leaf = fromHex("8341808081f6");
    const nodes: [CidBytes, Uint8Array][] = [[cidOf(leaf), leaf]];
    for (let height = 1; height <= 21; height++) {
      const writer = height === 21 ? new CborWriter().array(4).uint(3).uint(21).uint(1) : new CborWriter();
      writer.array(3).bytes(Uint8Array.of(height === 21 ? 2 : 0x80));
      const block = writer
        .array(1)
        .link(nodes.at(-1)?.[0] as CidBytes)
        .array(0)
        .finish();
      nodes.push([cidOf(block), block]);
    }
    const store = new MemoryStore();
    store.put(nodes);
    const tree = runSync(loadAmt(nodes.at(-1)?.[0] as CidBytes, rawCodec, v3), store);
    expect(codeOf(() => [...tree.entries(store)])).toBe("amt/index-too-large");
    expect(codeOf(() => runSync(tree.lastSetIndex(), store))).toBe("amt/index-too-large");
  });

  it("has wide nodes for little", () => {
    const store = new MemoryStore();
    const wide: AmtOptions = { version: 3, bitWidth: 18 };
    const tree = createAmt(rawCodec, wide);
    const indexes = [0, 5, 2 ** 18 - 1, 2 ** 18, 2n ** 60n];
    for (const index of indexes) tree.setSync(index, Uint8Array.of(1));
    const again = runSync(loadAmt(tree.flushSync(store), rawCodec, wide), store);
    expect([...again.entries(store)].map(([index]) => index)).toEqual(indexes.map(BigInt));
    expect(runSync(again.lastSetIndex(), store)).toBe(2n ** 60n);
    for (const index of indexes.slice(1)) expect(again.deleteSync(index, store)).toBe(true);
    expect([again.height, [...again.entries(store)].length]).toEqual([0, 1]);
  });

  it("does not believe a count", () => {
    const block = fromHex("8300008341018081f6");
    const store = new MemoryStore();
    store.put([[cidOf(block), block]]);
    const tree = runSync(loadAmt(cidOf(block), rawCodec, v0), store);
    expect(codeOf(() => runSync(tree.delete(0), store))).toBe("amt/count-wrong");
  });

  it("keeps its own copy of the root's bytes", () => {
    const block = fromHex("8300018341018081f5");
    const root = cidOf(block);
    const steps = loadAmt(root, rawCodec, v0);
    steps.next();
    const done = steps.next(block);
    block.fill(0);
    expect(done.done === true && toHex(runSync(done.value.get(0), new MemoryStore()) as Uint8Array)).toBe("f5");
    expect(isChainCid(root)).toBe(true);
  });
});
