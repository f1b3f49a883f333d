import { createMemoryDatabase } from "@copse/blockstore";
import { cidKey } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { describeData } from "@copse/testkit";
import { mainnet, TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { linkRules } from "../../src/link/link-rules.ts";
import { linkRun } from "../../src/link/link-run.ts";
import { skimHeader } from "../../src/link/skim-header.ts";
import { ChainReader } from "../../src/store/chain-reader.ts";
import { type ChainStore, openChainStore } from "../../src/store/chain-store.ts";
import { messageBlocks, readStoredMessages } from "../../src/store/messages.ts";
import { packRun } from "../../src/store/tipset-row.ts";
import {
  downFrom,
  type FakeTipset,
  fakeChain,
  fakeGenesis,
  fakePower,
  fakeRules,
  fakeTipset,
} from "../fixtures/fake-chain.ts";
import { readRealChain, realChainFile } from "../fixtures/real-chain.ts";

const open = (database = createMemoryDatabase()): Promise<ChainStore> =>
  openChainStore(database, { genesis: fakeRules.genesis });
const tip = (chain: readonly FakeTipset[]): FakeTipset => chain.at(-1) ?? fakeGenesis;

/** Stores all from a head down to `stop` (genesis) below a new span, `step` tipsets a run. */
async function walk(store: ChainStore, head: FakeTipset, step = 7, stop = 0): Promise<number> {
  const span = await store.openSpan({ key: head.key });
  const down = downFrom(head).filter((tipset) => tipset.height >= stop);
  let next = span.next;
  for (let at = 0; at < down.length; at += step) {
    const run = linkRun(next, down.slice(at, at + step), fakeRules);
    expect(run.fault).toBeUndefined();
    const result = await store.appendRun(span.id, packRun(run).run);
    if (result.merged || result.span === undefined) break;
    next = result.span.next;
  }
  return span.id;
}

describeData("the real chain in the store", [realChainFile], () => {
  it("is stored and read again byte for byte", async () => {
    const real = readRealChain();
    const rules = linkRules(mainnet);
    const database = createMemoryDatabase();
    const store = await openChainStore(database, { genesis: rules.genesis });
    const span = await store.openSpan({ key: real.head });
    const first = await store.appendRun(span.id, linkRun(span.next, real.tipsets.slice(0, 12), rules));
    await store.appendRun(span.id, linkRun(first.span?.next ?? span.next, real.tipsets.slice(12), rules));
    expect(store.spans.length).toBe(1);
    expect(store.spans[0]?.reachedGenesis).toBe(true);
    expect(store.assurance.linked).toEqual([{ from: 0, to: 39 }]);
    const change = await store.switchHead(real.head);
    expect(change).toMatchObject({ from: undefined, gap: true, to: { height: 39 } });
    expect(store.assembled).toBe(true);

    expect(await store.indexBlocks(20)).toBe(20);
    expect(await store.indexBlocks(20)).toBe(13);
    expect(await store.indexBlocks()).toBe(0);
    const reader = new ChainReader(database);
    const stored = [...reader.tipsets({ reverse: true })];
    expect(stored.map(({ headers }) => headers.map((bytes) => [...bytes]))).toEqual(
      real.tipsets.map(({ headers }) => headers.map((bytes) => [...bytes])),
    );
    for (const tipset of stored) {
      const key = TipsetKey.fromBytes(tipset.key);
      expect(reader.tipset(key)?.height).toBe(tipset.height);
      expect(reader.tipsetByKeyCid(TipsetKey.cid(key).bytes)?.key).toEqual(tipset.key);
      expect(reader.getSync(TipsetKey.cid(key).bytes)).toEqual(TipsetKey.encode(key));
      for (const [i, cid] of TipsetKey.cidBytes(key).entries()) {
        expect(equalBytes(reader.getSync(cid) ?? new Uint8Array(0), tipset.headers[i] as Uint8Array)).toBe(true);
        expect(reader.canonicalHeight(cid)).toBe(tipset.height);
      }
    }
    // heights 1 to 3 of the real chain: whatever is null there, its neighbours answer
    for (let height = 0; height <= 39; height++) {
      const previous = reader.tipsetAt(height, "previous");
      const next = reader.tipsetAt(height, "next");
      expect(previous?.height).toBeLessThanOrEqual(height);
      expect(next?.height).toBeGreaterThanOrEqual(height);
      expect(reader.tipsetAt(height) === undefined).toBe(previous?.height !== next?.height);
    }
    expect(reader.tipsetAt(40, "previous")).toBeUndefined();
  });
});

describeData("the real messages in the store", [realChainFile], () => {
  it("are listed block by block, and missed where one is not there", async () => {
    const real = readRealChain();
    const database = createMemoryDatabase();
    const store = await openChainStore(database, { genesis: linkRules(mainnet).genesis });
    let count = 0;
    const [newest] = real.tipsets[0]?.headers ?? [];
    expect(newest && store.reader.messages(newest)).toBeUndefined();
    for (const header of real.tipsets.flatMap(({ headers }) => [...headers])) {
      const source = { getSync: (cid: Uint8Array) => real.blocks.get(cidKey(cid)) };
      const { messagesAt, messagesEnd } = skimHeader(header);
      const root = header.slice(messagesAt, messagesEnd);
      const listed = readStoredMessages(source, root);
      const { bls = [], secp = [] } = listed ?? {};
      const made = messageBlocks({ bls: bls.map(({ bytes }) => bytes), secp: secp.map(({ bytes }) => bytes) });
      expect(made.root).toEqual(root);
      await store.raise([], made.blocks);
      expect(store.reader.messages(header)).toEqual(listed);
      count += bls.length + secp.length;
    }
    // 73 in BLS aggregates and 512 with secp256k1 signatures
    expect(count).toBeGreaterThanOrEqual(585);
  });
});

describe("ChainStore", () => {
  const chain = fakeChain(fakeGenesis, 60, (height) => (height % 9 === 4 ? [] : height % 4 === 0 ? [1, 2] : [1]));
  const head = tip(chain);

  it("assembles a chain to genesis and keeps it over a reopening", async () => {
    const database = createMemoryDatabase();
    const store = await open(database);
    await walk(store, head);
    await store.switchHead(head.key);
    const again = await open(database);
    expect(again.spans).toEqual(store.spans);
    expect(again.head).toEqual(store.head);
    expect(again.assembled).toBe(true);
    expect(again.assurance).toEqual(store.assurance);
    expect(again.reader.tipsetAt(head.height)?.key).toEqual(head.key);
    expect([...again.reader.ancestors(head.key)].map((tipset) => tipset.height)).toEqual(
      downFrom(head).map((tipset) => tipset.height),
    );
  });

  it("refuses another network's database", async () => {
    const database = createMemoryDatabase();
    await open(database);
    await expect(openChainStore(database, { genesis: head.key })).rejects.toMatchObject({
      code: "chain/genesis-mismatch",
    });
  });

  it("joins a span with the older one it meets", async () => {
    const store = await open();
    const [old, middle] = [chain[19] as FakeTipset, chain[39] as FakeTipset];
    await walk(store, old);
    const lower = await store.openSpan({ key: middle.key });
    const id = await walk(store, head, 7, middle.height + 1);
    expect(store.spans.length).toBe(3);
    expect(store.assurance.linked).toEqual([
      { from: 0, to: old.height },
      { from: (chain[40] as FakeTipset).height, to: head.height },
    ]);
    // two spans want the same tipset now: the one that was opened for it stores it, and meets the oldest
    const run = linkRun(lower.next, downFrom(middle).slice(0, 30), fakeRules);
    expect(await store.appendRun(lower.id, run)).toMatchObject({ merged: true });
    const upper = store.spans.find((span) => span.id === id);
    const nothing = { linked: [], next: upper?.next ?? { key: head.key }, reachedGenesis: false };
    const result = await store.appendRun(id, nothing);
    expect(result.merged).toBe(true);
    expect(store.spans.length).toBe(1);
    // a run that was on its way to the span that was met changes nothing
    expect(await store.appendRun(lower.id, run)).toMatchObject({ span: undefined, merged: false });
    expect(store.assurance.linked).toEqual([{ from: 0, to: head.height }]);
    expect(store.spans[0]).toMatchObject({ reachedGenesis: true, upper: { height: head.height } });
    // the top of each span learns its power from the tipset above it
    for (const tipset of store.reader.tipsets({ to: head.height - 1 })) expect(tipset.log2Power).toBe(49);
  });

  it("refuses a run that does not belong below its span", async () => {
    const store = await open();
    const span = await store.openSpan({ key: head.key });
    const wrong = linkRun({ key: (chain[9] as FakeTipset).key }, downFrom(chain[9] as FakeTipset), fakeRules);
    await expect(store.appendRun(span.id, wrong)).rejects.toMatchObject({ code: "chain/run-out-of-place" });
    await expect(store.appendRun(99, wrong)).rejects.toMatchObject({ code: "chain/span-unknown" });
    expect(store.spans.length).toBe(1);
  });

  it("raises nothing for a tipset that left the chain while it was checked", async () => {
    const store = await open();
    await walk(store, head);
    await store.switchHead(head.key);
    const range = { from: 0, to: head.height };
    const below = chain.at(-6) as FakeTipset;
    await store.switchHead(below.key);
    let asked = 0;
    const raised = store.raise([{ level: "beacon-checked", range, tip: head.key }], [], () => {
      asked++;
      return [];
    });
    await expect(raised).rejects.toMatchObject({ code: "chain/tipset-unknown" });
    expect(asked).toBe(0);
    expect(store.assurance["beacon-checked"]).toEqual([]);
    await store.raise([{ level: "beacon-checked", range: { from: 0, to: below.height }, tip: below.key }]);
    expect(store.assurance["beacon-checked"]).toEqual([{ from: 0, to: below.height }]);
  });

  it("takes back an older span's top where a heavier chain leaves it below", async () => {
    const store = await open();
    await walk(store, head);
    await store.switchHead(head.key);
    await store.raise([{ level: "beacon-checked", range: { from: 0, to: head.height } }]);
    const fork = fakeChain(chain[50] as FakeTipset, 30, () => [7, 8], "fork");
    const span = await store.openSpan({ key: tip(fork).key });
    const run = linkRun(span.next, downFrom(tip(fork)).slice(0, 40), fakeRules);
    const result = await store.appendRun(span.id, run);
    expect(result.merged).toBe(true);
    expect(result.reverted.map((tipset) => tipset.height)).toEqual(
      chain
        .slice(51)
        .map((it) => it.height)
        .reverse(),
    );
    expect(result.headChange?.to.key).toEqual(tip(fork).key);
    expect(store.head?.key).toEqual(tip(fork).key);
    expect(store.assurance["beacon-checked"]).toEqual([{ from: 0, to: chain[50]?.height }]);
    expect([...store.reader.tipsets({ reverse: true })].map((it) => it.key)).toEqual(
      downFrom(tip(fork)).map((it) => it.key),
    );
    // what was taken back is kept aside, and can come back
    expect(store.reader.tipset(head.key)?.height).toBe(head.height);
    const back = await store.switchHead(head.key);
    expect(back.revert.length).toBe(30);
    expect(back.apply.map((it) => it.height)).toEqual(chain.slice(51).map((it) => it.height));
    expect([...store.reader.tipsets({ reverse: true })].map((it) => it.key)).toEqual(
      downFrom(head).map((it) => it.key),
    );
  });

  it.each([fakePower - 9, fakePower + 1, 2 * fakePower])(
    "joins the chain whatever power a stored fork claims for the tipset where they part: 2^%i",
    async (power) => {
      for (const length of [1, 5]) {
        const store = await open();
        let liar = fakeTipset(chain[50] as FakeTipset, (chain[50] as FakeTipset).height + 1, [3], { power });
        for (let i = 1; i < length; i++) liar = fakeTipset(liar, liar.height + 1, [3], { power: 1 });
        await walk(store, liar);
        await store.switchHead(liar.key);
        await walk(store, head);
        await store.switchHead(head.key);
        expect([...store.reader.tipsets({ reverse: true })].map((it) => it.key)).toEqual(
          downFrom(head).map((it) => it.key),
        );
        expect(store.reader.tipset((chain[50] as FakeTipset).key)?.log2Power).toBe(fakePower);
      }
    },
  );

  it("keeps tipsets of more blocks and wins than a byte counts of them", async () => {
    const store = await open();
    const miners = Array.from({ length: 20 }, (_, i) => i + 1);
    const many = fakeTipset(chain[9] as FakeTipset, 40, miners, { winCount: 15 });
    const above = fakeTipset(many, 41, [1]);
    await walk(store, above);
    expect(store.reader.tipset(many.key)).toMatchObject({ winCount: 300, log2Power: fakePower });
    expect(store.reader.tipset(many.key)?.headers.length).toBe(20);
  });

  it("lets a lighter chain that meets an older one go", async () => {
    const store = await open();
    await walk(store, head);
    const fork = fakeChain(chain[50] as FakeTipset, 3, (h) => (h < head.height + 40 ? [] : [7]), "light");
    await walk(store, tip(fork), 2);
    expect(store.spans.length).toBe(1);
    expect([...store.reader.tipsets({ reverse: true })].map((it) => it.key)).toEqual(
      downFrom(head).map((it) => it.key),
    );
    expect(store.assurance.linked).toEqual([{ from: 0, to: head.height }]);
  });

  it("moves the head forwards and over forks, and says what changed", async () => {
    const store = await open();
    const base = chain[9] as FakeTipset;
    await walk(store, base);
    await store.switchHead(base.key);
    const linked = (tipset: FakeTipset) => linkRun({ key: tipset.key }, [tipset], fakeRules).linked;
    const next = chain[10] as FakeTipset;
    const forward = await store.switchHead(next.key, linked(next));
    expect(forward).toMatchObject({ revert: [], gap: false, apply: [{ height: next.height }] });
    const [a, b] = fakeChain(base, 2, () => [5], "b") as [FakeTipset, FakeTipset];
    const over = await store.switchHead(b.key, [...linked(a), ...linked(b)]);
    expect(over.revert.map((it) => it.height)).toEqual([next.height]);
    expect(over.apply.map((it) => it.height)).toEqual([a.height, b.height]);
    expect(store.spans[0]?.upper?.height).toBe(b.height);
    expect(store.reader.tipsetAt(a.height)?.log2Power).toBe(49);
    await store.setCheckpoint(a.key);
    await expect(store.switchHead(next.key)).rejects.toMatchObject({ code: "chain/behind-checkpoint" });
    expect(store.head?.key).toEqual(b.key);
    expect(await store.pruneAside(b.height + 1)).toBe(1);
    expect(store.reader.tipset(next.key)).toBeUndefined();
  });

  it("forgets what a child told of its parents' weight once the head goes back below it", async () => {
    const store = await open();
    const base = chain[9] as FakeTipset;
    await walk(store, base);
    await store.switchHead(base.key);
    const liar = fakeTipset(base, base.height + 1, [3], { power: fakePower + 1 });
    await walk(store, liar);
    await store.switchHead(liar.key);
    expect(store.reader.tipset(base.key)?.log2Power).toBe(fakePower + 1);
    await store.switchHead(base.key);
    expect(store.reader.tipset(base.key)?.log2Power).toBe(-1);
    const honest = fakeTipset(base, base.height + 1, [4]);
    await walk(store, honest); // which disagrees with nothing now
    await store.switchHead(honest.key);
    expect(store.reader.tipset(base.key)?.log2Power).toBe(fakePower);
  });

  it("removes a span whose anchor was false", async () => {
    const store = await open();
    await walk(store, chain[19] as FakeTipset);
    const id = await walk(store, head, 7, (chain[40] as FakeTipset).height);
    await store.dropSpan(id);
    expect(store.spans.length).toBe(1);
    expect(store.reader.tipset(head.key)).toBeUndefined();
    expect(store.assurance.linked).toEqual([{ from: 0, to: chain[19]?.height }]);
  });
});
