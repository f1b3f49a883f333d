import { createMemoryDatabase } from "@copse/blockstore";
import { createMint } from "@copse/chain/mint";
import { type BlockPair, CborWriter, type CidBytes, cidKey, cidOf, fromCid, rawCidOf } from "@copse/ipld";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fetchState } from "../../src/execute/fetch-state.ts";
import { packBlocks, unpackBlocks } from "../../src/execute/pack-blocks.ts";
import { executedTable } from "../../src/execute/results.ts";
import { LayeredStore } from "../../src/vm/layered-store.ts";

const block = (text: string): BlockPair => {
  const bytes = new CborWriter().text(text).finish();
  return [cidOf(bytes), bytes];
};

describe("packBlocks", () => {
  it("is read back as it was, whatever the blocks", () => {
    const pair = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), (blocks) => {
        expect(unpackBlocks(packBlocks(blocks))).toEqual(blocks);
      }),
    );
  });
});

describe("LayeredStore", () => {
  it("keeps each layer until it is dropped, the newest first", () => {
    const [a, b, c] = [block("a"), block("b"), block("c")];
    const below = new Map([[cidKey(c[0]), c[1]]]);
    const store = new LayeredStore({ getSync: (cid) => below.get(cidKey(cid)) });
    store.begin(1);
    store.putSync(...a);
    store.begin(2);
    store.putManySync([b, a]);
    expect(store.written()).toEqual([b, a]);
    store.drop(1);
    expect([a, b, c].map(([cid]) => store.getSync(cid))).toEqual([a[1], b[1], c[1]]);
    store.drop(2);
    expect([a, b, c].map(([cid]) => store.getSync(cid))).toEqual([undefined, undefined, c[1]]);
  });
});

describe("executedTable", () => {
  it("gives back what was executed, by the tipset's key", async () => {
    const database = createMemoryDatabase();
    const table = executedTable(database);
    const { key } = createMint({ seed: "results", signatures: "none" }).genesis.tipset;
    const executed = {
      stateRoot: block("state")[0],
      receiptsRoot: block("receipts")[0],
      nextBaseFee: 2n ** 90n,
      messages: 7,
      gasUsed: 12_345_678_901n,
    };
    expect(table.get(key)).toBeUndefined();
    await database.commit({ rows: [table.row(key, executed)] });
    expect(executedTable(database).get(key)).toEqual(executed);
  });
});

describe("fetchState", () => {
  const { genesis } = createMint({ seed: "state", signatures: "none" });
  const root = fromCid(genesis.tipset.blocks[0]?.parentStateRoot as never);
  const all = new Map(genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
  const source = (without: (cid: CidBytes) => boolean = () => false) => {
    const asked: string[] = [];
    return {
      asked,
      async getBytes(cid: CidBytes) {
        asked.push(cidKey(cid));
        return without(cid) ? undefined : all.get(cidKey(cid));
      },
    };
  };
  const limits = { blocks: 1000, bytes: 1 << 20 };

  it("asks for every block once", async () => {
    const { asked, getBytes } = source();
    const { blocks, missing } = await fetchState(root, { getBytes }, limits);
    expect(missing).toBeUndefined();
    expect(blocks).toBe(all.size);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it("names a block that nobody has, but not code, which bundles may have", async () => {
    const [lost] = genesis.state.find(([cid]) => cidKey(cid) !== cidKey(root)) as BlockPair;
    const { missing } = await fetchState(
      root,
      source((cid) => cidKey(cid) === cidKey(lost)),
      limits,
    );
    expect(missing).toMatch(/^bafy/);
    const wasm = rawCidOf(Uint8Array.of(0));
    const top = new CborWriter().array(1).link(wasm).finish();
    const getBytes = async (cid: CidBytes) => (cidKey(cid) === cidKey(cidOf(top)) ? top : undefined);
    expect(await fetchState(cidOf(top), { getBytes }, limits)).toEqual({
      blocks: 1,
      bytes: top.length,
      missing: undefined,
    });
  });

  it("ends at its limits", async () => {
    await expect(fetchState(root, source(), { ...limits, blocks: 20 })).rejects.toMatchObject({
      code: "copse/state-too-large",
    });
    await expect(fetchState(root, source(), { ...limits, bytes: 300 })).rejects.toMatchObject({
      code: "copse/state-too-large",
    });
  });

  it("ends when the signal fires", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(fetchState(root, source(), limits, { signal })).rejects.toMatchObject({ code: "host/aborted" });
  });
});
