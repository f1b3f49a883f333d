import { readPower, readStanding, readWorker } from "@copse/chain/validate";
import { runSync } from "@copse/ipld";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { beforeAll, describe, expect, it } from "vitest";
import { fetchLeaders, leaderLimits } from "../../src/sync/leader-reads.ts";
import { fetchAhead, type StatesToCome } from "../../src/sync/state-prefetch.ts";
import { ChurnedState } from "./churned-state.ts";
import { emptySource, openStates } from "./peer.ts";

/** Mainnet in small: 40,000 actors, 10,000 claims, 200 miners with power. The whole is in the bench. */
const small = { seed: 5, actors: 40_000, claims: 10_000, activeMiners: 200 };
const churn = { miners: 12, workers: 15, others: 60, claims: 6 };
const tipsets = 6;

describe("leader checks without a state on disk", () => {
  let state: ChurnedState;
  let roots: StatesToCome[];
  let winners: Address[][];

  beforeAll(() => {
    state = new ChurnedState({ ...small, churn });
    const lookbacks: CID[] = [state.root];
    for (let i = 0; i < tipsets; i++) lookbacks.push(state.advance());
    state.advance(900 - tipsets);
    const standings: CID[] = [state.root];
    for (let i = 0; i < tipsets; i++) standings.push(state.advance());
    roots = Array.from({ length: tipsets }, (_, i) => ({
      leastPower: lookbacks[i] as CID,
      lookback: lookbacks[i + 1] as CID,
      standing: standings[i + 1] as CID,
    }));
    winners = roots.map(() => state.winners(5));
  });

  it("fetch, cold, no more than 150 blocks for five miners, in as many rounds as the longest path has blocks", async () => {
    const { source, asked } = emptySource(state.blocks);
    const states = await openStates(source, roots[0] as StatesToCome);
    const spent = await fetchLeaders(source, states, winners[0] as Address[]);
    expect(asked()).toBeLessThanOrEqual(150);
    expect({ ...spent, asked: asked() }).toMatchInlineSnapshot(`
      {
        "asked": 95,
        "blocks": 89,
        "bytes": 130891,
        "rounds": 12,
      }
    `);
    expect(source.fetched().needed.blocks).toBe(asked());
  });

  it("find in memory then all that the rules read", async () => {
    const { source, asked } = emptySource(state.blocks);
    const states = await openStates(source, roots[0] as StatesToCome);
    const miners = winners[0] as Address[];
    await fetchLeaders(source, states, miners);
    const before = asked();
    const nothing = { getSync: () => undefined };
    for (const miner of miners) {
      const { power, worker } = state.miners.find(({ id }) => BigInt(id) === Address.idOf(miner)) as never;
      expect(runSync(readPower(states.lookback, miner), nothing).claim?.qualityAdjPower).toBeGreaterThanOrEqual(power);
      expect(runSync(readPower(states.leastPower, miner), nothing).totals.minerCount).toBe(BigInt(small.claims));
      expect(runSync(readPower(states.standing, miner), nothing).claim).toBeDefined();
      expect(runSync(readStanding(states.standing, miner), nothing).info.worker).toEqual(Address.id(worker));
      expect(Address.protocol(runSync(readWorker(states.lookback, miner), nothing) as Address)).toBe(3);
    }
    expect(asked()).toBe(before);
    expect((await fetchLeaders(source, states, miners)).blocks).toBe(0);
  });

  /** Blocks fetched by the checks of each tipset, and ahead of it. */
  async function follow(miners: readonly Address[]) {
    const { source } = emptySource(state.blocks);
    const needed: number[] = [];
    const ahead: number[] = [];
    for (const [i, to] of roots.entries()) {
      ahead.push(miners.length === 0 ? 0 : (await fetchAhead(source, to, miners)).blocks);
      const before = source.fetched().needed.blocks;
      const states = await openStates(source, to);
      await fetchLeaders(source, states, winners[i] as Address[]);
      needed.push(source.fetched().needed.blocks - before);
    }
    return { needed, ahead };
  }

  it("fetch fewer for the next tipset, and no more than 30 where the paths of likely winners were fetched ahead", async () => {
    const alone = await follow([]);
    expect(alone.needed.slice(1).every((count) => count < (alone.needed[0] ?? 0))).toBe(true);
    expect(alone).toMatchInlineSnapshot(`
      {
        "ahead": [
          0,
          0,
          0,
          0,
          0,
          0,
        ],
        "needed": [
          95,
          88,
          89,
          73,
          67,
          81,
        ],
      }
    `);
    const likely = state.miners.slice(0, 100).map(({ id }) => Address.id(id)); // half of the miners: those with most power
    const helped = await follow(likely);
    expect(Math.max(...helped.needed.slice(1))).toBeLessThanOrEqual(30);
    expect(helped).toMatchInlineSnapshot(`
      {
        "ahead": [
          1033,
          130,
          127,
          138,
          129,
          140,
        ],
        "needed": [
          0,
          0,
          27,
          27,
          9,
          9,
        ],
      }
    `);
    const all = await follow(state.miners.map(({ id }) => Address.id(id)));
    expect(all.needed.slice(3)).toEqual([0, 0, 0]); // the budget of the first takes a few epochs to fill
  });

  it("keep to their budget: a state that was made up may have long paths", async () => {
    const { source } = emptySource(state.blocks);
    const states = await openStates(source, roots[0] as StatesToCome);
    const many = state.anyMiners(100);
    const one = many.slice(0, 1);
    expect(leaderLimits(5).maxBlocks).toBe(384);
    const spent = await fetchAhead(source, roots[0] as StatesToCome, many, { maxBlocks: 300 });
    expect(spent.blocks).toBeLessThanOrEqual(300);
    expect(spent.blocks).toBeGreaterThan(100);
    expect((await fetchLeaders(source, states, one)).blocks).toBeLessThanOrEqual(leaderLimits(1).maxBlocks);
    expect(source.fetched().ahead.blocks).toBe(spent.blocks);
  });

  it("leave out what nobody has", async () => {
    const lacking = { getSync: (cid: Uint8Array) => (cid.at(-1) === 0 ? undefined : state.blocks.getSync(cid)) };
    const { source } = emptySource(lacking);
    const spent = await fetchAhead(source, roots[0] as StatesToCome, state.anyMiners(50));
    expect(spent.blocks).toBeGreaterThan(50);
    const gone = emptySource({ getSync: () => undefined });
    expect(await fetchAhead(gone.source, roots[0] as StatesToCome, state.anyMiners(5))).toMatchObject({ blocks: 3 });
  });
});
