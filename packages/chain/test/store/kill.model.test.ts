import { type Batch, createMemoryDatabase, type Database } from "@copse/blockstore";
import { equalBytes } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { ChainError } from "../../src/errors.ts";
import { linkRun } from "../../src/link/link-run.ts";
import { type ChainStore, openChainStore } from "../../src/store/chain-store.ts";
import { addRange, type HeightRange } from "../../src/store/height-ranges.ts";
import { canonicalLowest } from "../../src/store/span.ts";
import { packRun } from "../../src/store/tipset-row.ts";
import { downFrom, type FakeTipset, fakeChain, fakeGenesis, fakeRules } from "../fixtures/fake-chain.ts";

const options = { genesis: fakeGenesis.key, forkLimit: 40 };

/** A database that keeps every batch, so that a kill after any of them can be played. */
function recording(): { database: Database; batches: Batch[] } {
  const batches: Batch[] = [];
  const inner = createMemoryDatabase();
  const database: Database = Object.create(inner, {
    rows: { value: (table: string) => inner.rows(table) },
    blocks: { get: () => inner.blocks },
    commit: {
      value: async (batch: Batch) => {
        const kept = { blocks: [...(batch.blocks ?? [])], rows: [...(batch.rows ?? [])] };
        batches.push(kept);
        await inner.commit(kept);
      },
    },
  });
  return { database, batches };
}

/** What a database holds that died after these batches. */
async function killedAfter(batches: readonly Batch[]): Promise<Database> {
  const database = createMemoryDatabase();
  for (const batch of batches) await database.commit(batch);
  return database;
}

/** All that must hold of a store at any moment. */
function assertWhole(store: ChainStore): void {
  let linked: HeightRange[] = [];
  let rows = 0;
  for (const span of store.spans) {
    const lowest = canonicalLowest(span);
    if (span.upper === undefined || lowest === undefined) continue;
    const tipsets = [...store.reader.tipsets({ from: lowest, to: span.upper.height, reverse: true })];
    rows += tipsets.length;
    expect(equalBytes(tipsets[0]?.key ?? fakeGenesis.key, span.upper.key)).toBe(true);
    for (const [i, tipset] of tipsets.entries()) {
      // not a byte that does not link
      const child = tipsets[i - 1];
      const run = linkRun({ key: child?.parents ?? span.upper.key, child }, [tipset], fakeRules);
      expect(run.fault).toBeUndefined();
      if (child !== undefined) expect(tipset.log2Power).toBe(49);
    }
    if (span.fork === undefined && !span.reachedGenesis) {
      expect(equalBytes(tipsets.at(-1)?.parents ?? fakeGenesis.key, span.next.key)).toBe(true);
    }
    expect(span.reachedGenesis).toBe(tipsets.at(-1)?.height === 0);
    const bottom = tipsets.at(-1)?.height ?? 0;
    linked = addRange(linked, { from: bottom, to: span.upper.height });
  }
  expect(rows).toBe([...store.reader.rows()].length);
  for (const range of linked) {
    expect(store.assurance.linked.some(({ from, to }) => from <= range.from && range.to <= to)).toBe(true);
  }
  const covered = (height: number): boolean => linked.some(({ from, to }) => from <= height && height <= to);
  for (const { from, to } of store.assurance.linked) {
    // assurance never tells of more than rows do: at the low end a tipset stands, at the high end one too
    expect(covered(from) && store.reader.rowAt(from) !== undefined).toBe(true);
    expect(to).toBeLessThanOrEqual(Math.max(...store.spans.map((span) => span.upper?.height ?? -1)));
  }
  if (store.head !== undefined) expect(store.reader.isCanonical(store.head.key)).toBe(true);
}

/** Walks every span there is down to its end, as a node does after a start. */
async function finish(store: ChainStore, all: ReadonlyMap<string, FakeTipset>): Promise<void> {
  for (let turn = 0; ; turn++) {
    const open = store.spans.filter((it) => !it.reachedGenesis);
    const span = open[turn % open.length];
    if (span === undefined) return;
    expect(turn).toBeLessThan(1000);
    const head = all.get(span.next.key.toString());
    const run = linkRun(span.next, head === undefined ? [] : downFrom(head).slice(0, 23), fakeRules);
    expect(run.fault).toBeUndefined();
    try {
      await store.appendRun(span.id, run);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      // a fork that cannot be taken goes; otherwise another span has to go on first
      if (error.code === "chain/fork-too-long") await store.dropSpan(span.id);
      else expect(error.code).toBe("chain/spans-disagree");
    }
  }
}

describe("a chain store killed at any moment", () => {
  it.each(Array.from({ length: 6 }, (_, seed) => seed))("resumes whole, seed %i", async (seed) => {
    const random = seeded(seed + 77);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const main = fakeChain(fakeGenesis, 150, () => (pick(6) === 0 ? [] : [1, 2, 3].slice(pick(3))), `main ${seed}`);
    const forks = Array.from({ length: 4 }, (_, i) => {
      const from = main[main.length - 1 - pick(30)] as FakeTipset;
      return fakeChain(from, 3 + pick(30), () => (pick(5) === 0 ? [] : [4, 5].slice(pick(2))), `fork ${i}`);
    });
    const all = new Map([fakeGenesis, ...main, ...forks.flat()].map((tipset) => [tipset.key.toString(), tipset]));
    const tips = [main, ...forks].map((chain) => chain.at(-1) as FakeTipset);

    const { database, batches } = recording();
    const store = await openChainStore(database, options);
    for (let step = 0; step < 60; step++) {
      const kind = pick(10);
      try {
        if (kind < 2) {
          const from =
            pick(2) === 0 ? (tips[pick(tips.length)] as FakeTipset) : (main[pick(main.length)] as FakeTipset);
          // as a node does: what is part of the chain needs no span
          if (!store.reader.isCanonical(from.key)) await store.openSpan({ key: from.key });
        } else if (kind < 8) {
          const spans = store.spans.filter((span) => !span.reachedGenesis);
          const span = spans[pick(spans.length)];
          const head = span && all.get(span.next.key.toString());
          if (span === undefined || head === undefined) continue;
          const run = linkRun(span.next, downFrom(head).slice(0, 1 + pick(20)), fakeRules);
          await store.appendRun(span.id, pick(2) === 0 ? packRun(run).run : run);
        } else if (kind === 8) {
          const tipset = [...all.values()][pick(all.size)] as FakeTipset;
          if (store.reader.tipset(tipset.key) !== undefined) await store.switchHead(tipset.key);
        } else {
          await store.indexBlocks(1 + pick(30));
        }
      } catch (error) {
        // the store refuses what would tear it
        expect(error).toBeInstanceOf(ChainError);
      }
      assertWhole(store);
    }
    for (let kill = 0; kill < 12; kill++) {
      const again = await openChainStore(await killedAfter(batches.slice(0, 1 + pick(batches.length))), options);
      assertWhole(again);
      const tip = tips[0] as FakeTipset;
      if (!again.reader.isCanonical(tip.key)) await again.openSpan({ key: tip.key });
      await finish(again, all);
      assertWhole(again);
      expect(again.spans.length).toBe(1);
      const top = again.spans[0]?.upper?.key.toString();
      const wanted = downFrom(all.get(top ?? "") as FakeTipset).map((tipset) => tipset.key.toString());
      expect([...again.reader.tipsets({ reverse: true })].map((tipset) => tipset.key.toString())).toEqual(wanted);
    }
  });
});
