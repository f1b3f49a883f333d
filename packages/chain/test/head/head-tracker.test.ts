import { createMemoryDatabase } from "@copse/blockstore";
import { cidOf } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { isBetterHead } from "../../src/head/compare-heads.ts";
import { HeadTracker } from "../../src/head/head-tracker.ts";
import { linkRun } from "../../src/link/link-run.ts";
import type { LinkedTipset } from "../../src/link/link-types.ts";
import { tipsetWeight } from "../../src/rules/weight.ts";
import { type ChainStore, openChainStore } from "../../src/store/chain-store.ts";
import type { HeadChange } from "../../src/store/head-change.ts";
import {
  downFrom,
  type FakeTipset,
  fakeChain,
  fakeGenesis,
  fakeHeader,
  fakePower,
  fakeRules,
  fakeTipset,
  tipsetOf,
} from "../fixtures/fake-chain.ts";

const linked = (tipset: FakeTipset): LinkedTipset => {
  const run = linkRun({ key: tipset.key }, [tipset], fakeRules);
  if (run.fault !== undefined) throw new Error(run.fault.message);
  return run.linked[0] as LinkedTipset;
};

async function begin(
  chain: readonly FakeTipset[],
  forkLimit = 900,
): Promise<{ store: ChainStore; tracker: HeadTracker }> {
  const store = await openChainStore(createMemoryDatabase(), { genesis: fakeGenesis.key, forkLimit });
  const head = chain.at(-1) ?? fakeGenesis;
  const span = await store.openSpan({ key: head.key });
  await store.appendRun(span.id, linkRun(span.next, downFrom(head), fakeRules));
  await store.switchHead(head.key);
  return { store, tracker: new HeadTracker(store) };
}

/** Blocks by parents and height, as a person would count them. */
const weightOf = (tipset: FakeTipset): bigint => tipsetWeight(tipset.parentWeight, fakePower, tipset.winCount);

describe("HeadTracker", () => {
  const base = fakeChain(fakeGenesis, 10, () => [1, 2]);
  const top = base.at(-1) as FakeTipset;

  it("follows the chain and tells its listeners", async () => {
    const { tracker } = await begin(base);
    const changes: HeadChange[] = [];
    const stop = tracker.onChange((change) => changes.push(change));
    const next = fakeChain(top, 3);
    for (const tipset of next) await tracker.consider([linked(tipset)]);
    expect(changes.map(({ revert, apply }) => [revert.length, apply.map((it) => it.height)])).toEqual([
      [0, [11]],
      [0, [12]],
      [0, [13]],
    ]);
    stop();
    await tracker.consider(fakeChain(next[2] as FakeTipset, 1).map(linked));
    expect(changes.length).toBe(3);
    expect(tracker.head?.height).toBe(14);
  });

  it("joins a late sibling to its tipset", async () => {
    const { store, tracker } = await begin(base);
    const [a, b] = [fakeTipset(top, 11, [1]), fakeTipset(top, 11, [2])];
    await tracker.consider([linked(a)]);
    const { change } = await tracker.consider([linked(b)]);
    const both = fakeTipset(top, 11, [1, 2]);
    expect(change?.revert.map((it) => it.key)).toEqual([a.key]);
    expect(change?.apply.map((it) => it.key)).toEqual([both.key]);
    expect(store.reader.tipset(b.key)?.height).toBe(11);
    // and a child may still choose one of them alone
    const heavy = fakeTipset(b, 12, [1, 2, 3, 4, 5]);
    expect((await tracker.consider([linked(heavy)])).change?.to.key).toEqual(heavy.key);
  });

  it("leaves out a miner with two blocks at one height, even where that costs weight", async () => {
    const { tracker } = await begin(base);
    const one = fakeHeader(top, 11, 1);
    const two = fakeHeader(top, 11, 2);
    const both = tipsetOf(top, 11, [one, two], 2);
    await tracker.consider([linked(both)]);
    expect(tracker.head?.key).toEqual(both.key);
    const again = tipsetOf(top, 11, [fakeHeader(top, 11, 1, 1, "again")], 1);
    const { change } = await tracker.consider([linked(again)]);
    expect(change?.to.key).toEqual(tipsetOf(top, 11, [two], 1).key);
    // the second miner, too: nothing is left at this height
    const twice = tipsetOf(top, 11, [fakeHeader(top, 11, 2, 1, "again")], 1);
    expect((await tracker.consider([linked(twice)])).change?.to.key).toEqual(top.key);
  });

  it("takes no child whose parents are blocks of one miner, though each of them is stored", async () => {
    const { store, tracker } = await begin(base);
    const alone = ["a", "b", "c", "d"].map((salt) => fakeHeader(top, 11, 7, 1, salt));
    for (const header of alone) await tracker.consider([linked(tipsetOf(top, 11, [header], 1))]);
    const honest = fakeTipset(top, 11, [1, 2, 3]);
    await tracker.consider([linked(honest)]);
    const parents = tipsetOf(top, 11, alone, 4);
    expect(alone.every((header) => store.reader.headerBytes(cidOf(header)) !== undefined)).toBe(true);
    expect(store.reader.tipset(parents.key)).toBeUndefined();
    const child = linked(fakeTipset(parents, 12, [7]));
    await expect(tracker.consider([child])).rejects.toMatchObject({ code: "chain/tipset-unknown" });
    expect(tracker.head?.key).toEqual(honest.key);
    // one of them with those of others is a tipset
    const mixed = tipsetOf(top, 11, [alone[0] as Uint8Array, ...honest.headers], 4);
    expect(store.reader.tipset(mixed.key)?.winCount).toBe(4);
  });

  it("breaks a tie by the first ticket that differs", async () => {
    const [a, b] = [linked(fakeTipset(top, 11, [1])), linked(fakeTipset(top, 11, [1], { salt: "other" }))];
    const weight = 7n;
    const aFirst = isBetterHead({ tipset: a, weight }, { tipset: b, weight });
    expect(isBetterHead({ tipset: b, weight }, { tipset: a, weight })).toBe(!aFirst);
    expect(isBetterHead({ tipset: a, weight }, { tipset: a, weight })).toBe(false);
    expect(isBetterHead({ tipset: a, weight }, { tipset: b, weight: 8n })).toBe(false);
  });

  it("refuses forks that are too long or leave out the checkpoint, and keeps them aside", async () => {
    const chain = fakeChain(fakeGenesis, 30);
    const { store, tracker } = await begin(chain, 10);
    const long = fakeChain(chain[10] as FakeTipset, 25, () => [5, 6], "long").map(linked);
    const tooLong = await tracker.consider(long);
    expect(tooLong.refused?.code).toBe("chain/fork-too-long");
    expect(store.reader.tipset((long.at(-1) as LinkedTipset).key)).toBeDefined();
    await tracker.checkpoint((chain[25] as FakeTipset).key);
    const short = fakeChain(chain[24] as FakeTipset, 10, () => [7, 8], "short").map(linked);
    expect((await tracker.consider(short)).refused?.code).toBe("chain/behind-checkpoint");
    expect(tracker.head?.key).toEqual((chain.at(-1) as FakeTipset).key);
    const fine = fakeChain(chain[25] as FakeTipset, 10, () => [9, 10], "fine").map(linked);
    expect((await tracker.consider(fine)).change?.to.key).toEqual(fine.at(-1)?.key);
  });

  it("moves the head onto a checkpoint it does not hold", async () => {
    const { tracker } = await begin(base);
    const [a] = fakeChain(top, 1);
    const [b] = fakeChain(base[8] as FakeTipset, 1, () => [9], "light");
    await tracker.consider([linked(a as FakeTipset), linked(b as FakeTipset)]);
    expect(tracker.head?.key).toEqual(a?.key);
    const { change } = await tracker.checkpoint((b as FakeTipset).key);
    expect(change?.revert.map((it) => it.height)).toEqual([11, 10]);
    expect((await tracker.consider([linked(fakeTipset(a as FakeTipset, 12, [1, 2, 3]))])).refused?.code).toBe(
      "chain/behind-checkpoint",
    );
  });

  it("does not take the checkpoint down, and moves it up", async () => {
    const chain = fakeChain(fakeGenesis, 30);
    const { store, tracker } = await begin(chain);
    const at = (height: number) => (chain[height - 1] as FakeTipset).key;
    for (const [asked, stands] of [
      [20, 20],
      [5, 20],
      [20, 20],
      [25, 25],
      [24, 25],
    ] as const) {
      expect((await tracker.checkpoint(at(asked))).change).toBeUndefined();
      expect(store.checkpoint?.key).toEqual(at(stands));
    }
    const fork = fakeChain(chain[9] as FakeTipset, 25, () => [5, 6], "fork").map(linked);
    expect((await tracker.consider(fork)).refused?.code).toBe("chain/behind-checkpoint");
    // nor after a restart
    const later = new HeadTracker(store);
    await later.checkpoint(at(7));
    expect(store.checkpoint?.key).toEqual(at(25));
  });

  it("goes on after a restart as before", async () => {
    const { store, tracker } = await begin(base);
    await tracker.consider([linked(fakeTipset(top, 11, [1]))]);
    const later = new HeadTracker(store);
    const { change } = await later.consider([linked(fakeTipset(top, 11, [2]))]);
    expect(change?.to.key).toEqual(fakeTipset(top, 11, [1, 2]).key);
  });
});

describe("HeadTracker against brute force", () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))("random forest %i", async (seed) => {
    const random = seeded(seed + 1);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const { store, tracker } = await begin([]);
    // every block on its own; tipsets of a height and parents are all that may be formed
    const groups = new Map<string, { parent: FakeTipset; height: number; headers: Uint8Array[]; miners: number[] }>();
    const known: FakeTipset[] = [fakeGenesis];
    let followed: string[] = [fakeGenesis.key.toString()];
    tracker.onChange(({ revert, apply, gap }) => {
      expect(gap).toBe(false);
      for (const it of revert) expect(followed.pop()).toBe(it.key.toString());
      followed = [...followed, ...apply.map((it) => it.key.toString())];
    });
    let used = 0;
    for (let step = 0; step < 40; step++) {
      const parent = known[Math.max(0, known.length - 1 - pick(12))] as FakeTipset;
      const height = parent.height + 1 + (pick(4) === 0 ? 1 : 0);
      const miner = ++used; // nobody twice
      const header = fakeHeader(parent, height, miner, 1 + pick(2));
      const name = `${height}/${parent.key}`;
      const group = groups.get(name) ?? { parent, height, headers: [], miners: [] };
      groups.set(name, group);
      group.headers.push(header);
      group.miners.push(1);
      const alone = tipsetOf(parent, height, [header], 0);
      await tracker.consider([linked(alone)]);
      const sum = (headers: readonly Uint8Array[]): number => linked(tipsetOf(parent, height, headers, 0)).winCount;
      known.push(tipsetOf(parent, height, group.headers, sum(group.headers)));
      if (group.headers.length > 1 && pick(3) === 0) known.push(tipsetOf(parent, height, [header], sum([header])));

      let best: FakeTipset = fakeGenesis;
      for (const { parent: on, height: at, headers } of groups.values()) {
        const formed = tipsetOf(on, at, headers, linked(tipsetOf(on, at, headers, 0)).winCount);
        if (weightOf(formed) > weightOf(best)) best = formed;
      }
      const head = tracker.head;
      expect(head?.weight).toBe(weightOf(best));
      const way = [...store.reader.ancestors(head?.key ?? fakeGenesis.key)];
      expect(way.at(-1)?.height).toBe(0);
      expect(way.map((it) => it.key.toString())).toEqual(followed.toReversed());
      expect(way.every((it) => store.reader.isCanonical(it.key))).toBe(true);
      expect([...store.reader.tipsets()].length).toBe(way.length);
    }
    expect(equalBytes(store.spans[0]?.upper?.key ?? fakeGenesis.key, tracker.head?.key ?? fakeGenesis.key)).toBe(true);
  });
});
