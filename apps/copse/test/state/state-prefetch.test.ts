import type { LinkedTipset } from "@copse/chain";
import { cidOf, toCid } from "@copse/ipld";
import { Address, AttoFil, decodeBlockHeader, encodeBlockHeader, mainnet, type Network, TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";
import { beforeAll, describe, expect, it } from "vitest";
import { fetchLeaders } from "../../src/sync/leader-reads.ts";
import { maxMinersAhead, StatePrefetch } from "../../src/sync/state-prefetch.ts";
import { ChurnedState } from "./churned-state.ts";
import { emptySource, openStates } from "./peer.ts";

/** A tipset of headers that name miners and a state, and nothing else that counts here. */
function tipsetOf(
  height: number,
  miners: readonly Address[],
  parentStateRoot: CID,
  parents: readonly CID[],
): LinkedTipset {
  const headers = miners.map((miner) =>
    encodeBlockHeader({
      miner,
      ticket: { vrfProof: Uint8Array.of(height & 255) },
      electionProof: { winCount: 1, vrfProof: Uint8Array.of(1) },
      beaconEntries: [],
      winPostProof: [],
      parents,
      parentWeight: 1n,
      height,
      parentStateRoot,
      parentMessageReceipts: parentStateRoot,
      messages: parentStateRoot,
      blsAggregate: null,
      timestamp: 1,
      blockSig: null,
      forkSignaling: 0n,
      parentBaseFee: AttoFil.from(100n),
    }),
  );
  const key = TipsetKey.fromCids(headers.map((header) => toCid(cidOf(header))));
  return { key, parents: TipsetKey.fromCids(parents), height, headers } as unknown as LinkedTipset;
}

/** Mainnet's rules at the height where it is network version 28 already: the lookback is 900 epochs. */
const network: Network = mainnet;
const start = 6_000_000;

describe("StatePrefetch", () => {
  let state: ChurnedState;
  const chain: LinkedTipset[] = [];
  const byHeight = new Map<number, LinkedTipset>();
  const reader = {
    tipset: (key: TipsetKey) => chain.find((tipset) => TipsetKey.equals(tipset.key, key)),
    tipsetAt: (height: number) => byHeight.get(height),
  } as never;

  /** Adds a tipset on the newest. */
  function grow(miners: readonly Address[], root: CID, height: number): LinkedTipset {
    const below = chain.at(-1);
    const tipset = tipsetOf(height, miners, root, below === undefined ? [] : TipsetKey.cids(below.key));
    chain.push(tipset);
    byHeight.set(height, tipset);
    return tipset;
  }

  beforeAll(() => {
    const churn = { miners: 5, workers: 5, others: 20, claims: 3 };
    state = new ChurnedState({ seed: 3, actors: 4000, claims: 1000, activeMiners: 40, churn });
    for (let i = 0; i < 905; i++)
      grow(state.winners(2), i % 300 === 0 || i < 4 || i > 900 ? state.advance() : state.root, start + i);
  });

  it("knows which states the leaders of the next tipset are looked up in", () => {
    const prefetch = new StatePrefetch({
      network,
      reader,
      source: undefined as never,
      signal: new AbortController().signal,
    });
    const head = chain.at(-1) as LinkedTipset;
    const roots = prefetch.statesAfter(head);
    // the lookback of height h is h − 900: its state is what the tipset above it names
    const next = byHeight.get(head.height + 1 - 900 + 1) as LinkedTipset;
    const below = byHeight.get(head.height + 1 - 900) as LinkedTipset;
    const named = ({ headers }: LinkedTipset) => decodeBlockHeader(headers[0] as Uint8Array).parentStateRoot;
    expect(roots).toEqual({ lookback: named(next), leastPower: named(below), standing: named(head) });
    expect(prefetch.statesAfter(chain[3] as LinkedTipset)).toBeUndefined(); // the chain does not reach so far down
  });

  it("has at hand what the next tipset's checks read, of miners that won of late", async () => {
    const { source } = emptySource(state.blocks);
    const tallies: number[] = [];
    const prefetch = new StatePrefetch({
      network,
      reader,
      source,
      signal: new AbortController().signal,
      onFetched: (_, { blocks }) => tallies.push(blocks),
    });
    const head = chain.at(-1) as LinkedTipset;
    prefetch.head(head);
    prefetch.head(head); // waits for the first
    await prefetch.idle();
    expect(tallies[0]).toBeGreaterThan(100);
    expect(tallies.slice(1)).toEqual([0]);
    expect(prefetch.likelyWinners().length).toBe(40);
    expect(prefetch.likelyWinners().length).toBeLessThanOrEqual(maxMinersAhead);
    const states = await openStates(source, prefetch.statesAfter(head) as never);
    expect((await fetchLeaders(source, states, state.winners(5))).blocks).toBe(0);
    expect(source.fetched().needed.blocks).toBe(0);
  });

  it("ranks miners by how often they won", async () => {
    const { source } = emptySource({ getSync: () => undefined });
    const prefetch = new StatePrefetch({ network, reader, source, signal: new AbortController().signal });
    prefetch.head(chain.at(-1) as LinkedTipset);
    await prefetch.idle();
    const wins = new Map<string, number>();
    for (const { headers } of chain)
      for (const header of headers) {
        const miner = Address.format(decodeBlockHeader(header).miner);
        wins.set(miner, (wins.get(miner) ?? 0) + 1);
      }
    const ranked = prefetch.likelyWinners().map((miner) => wins.get(Address.format(miner)) ?? 0);
    expect(ranked[0]).toBeGreaterThanOrEqual(Math.max(...ranked) - 5); // the oldest few tipsets are not counted
    expect((ranked[0] ?? 0) > (ranked.at(-1) ?? 0)).toBe(true);
  });

  it("goes on after a failure, and stops when told to", async () => {
    const failures: unknown[] = [];
    const { source } = emptySource(state.blocks);
    const failing = { ...source, ahead: { getBytes: () => Promise.reject(new Error("disk")) } };
    const stop = new AbortController();
    const prefetch = new StatePrefetch({
      network,
      reader,
      source: failing,
      signal: stop.signal,
      onFailure: (error) => failures.push(error),
    });
    prefetch.head(chain.at(-1) as LinkedTipset);
    await prefetch.idle();
    expect(failures).toMatchObject([{ message: "disk" }]);
    stop.abort(new Error("enough"));
    prefetch.head(chain.at(-1) as LinkedTipset);
    await prefetch.idle();
    expect(failures.length).toBe(1);
  });
});
