import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, type HeadChange, linkRules, openChainStore } from "@copse/chain";
import { HeadTracker } from "@copse/chain/head";
import { createMint } from "@copse/chain/mint";
import { HostFault } from "@copse/primitives";
import { decodeBlockHeader, TipsetKey } from "@copse/types";
import pino from "pino";
import { beforeAll, describe, expect, it } from "vitest";
import type { F3Head } from "../../src/f3/certificates.ts";
import type { CertifiedTipsets } from "../../src/f3/certified-tipsets.ts";
import { FinalChain } from "../../src/f3/final-chain.ts";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import type { SyncContext } from "../../src/sync/assemble.ts";
import { linkBack } from "../../src/sync/assemble.ts";
import { noRanking } from "../../src/sync/ranking.ts";
import { type ChainSourcePort, type HeaderSlices, SourcePool } from "../../src/sync/sources.ts";
import { type Invented, inventChain } from "../invented-chain.ts";

const epochs = 120;
const signal = new AbortController().signal;
let chain: MintedChain;
let held: ChainStore;
let invented: Invented[];

beforeAll(async () => {
  chain = await mintChain(createMint({ seed: "final chain", signatures: "none" }), epochs, () => {}, signal);
  held = await storeMinted(chain, createMemoryDatabase());
  const below = held.reader.tipsetAt(60, "previous");
  if (below === undefined) throw new Error("no tipset");
  const header = decodeBlockHeader(below.headers[0] as Uint8Array);
  invented = inventChain(chain.mint.network, { ...below, header }, 50);
}, 60_000);

/** The tipset of a height, or the next above it, as a certificate of an instance names it. */
function finalized(height: number, instance: number): F3Head {
  const found = held.reader.tipsetAt(height, "next");
  if (found === undefined) throw new Error("no tipset");
  return { key: found.key, height: found.height, instance, powerTable: "table" };
}

/** Serves the minted chain and the invented one, while it is there. */
function source(state: { away: boolean }): ChainSourcePort {
  return {
    id: "one",
    async headers(head, count) {
      const found: HeaderSlices[] = [];
      let key = head;
      for (let at = invented.findIndex((it) => TipsetKey.equals(it.key, key)); at >= 0; at--) {
        const { bytes, header } = invented[at] as Invented;
        found.push({ headers: [bytes] });
        key = TipsetKey.fromCids(header.parents);
      }
      for (const tipset of held.reader.ancestors(key)) found.push({ headers: tipset.headers });
      if (state.away || found.length === 0) throw new HostFault("host/block-missing", { cid: TipsetKey.format(head) });
      return found.slice(0, count);
    },
    messages: () => Promise.reject(new HostFault("host/block-missing", { cid: "" })),
  };
}

/** A chain with certificates that the test hands in. */
async function setUp(forkLimit?: number) {
  const { network } = chain.mint;
  const limit = forkLimit === undefined ? {} : { forkLimit };
  const store = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes, ...limit });
  const pool = new SourcePool(noRanking);
  const state: { away: boolean; head: F3Head | undefined } = { away: false, head: undefined };
  pool.add(source(state));
  const rules = linkRules(network);
  const certified: Pick<CertifiedTipsets, "newest" | "heightOf" | "below" | "openSpans" | "restart"> = {
    get newest() {
      return state.head;
    },
    heightOf: () => undefined,
    below: () => -1,
    openSpans: async () => {},
    restart() {},
  };
  const context = {
    network,
    store,
    rules,
    pool,
    patience: { hedgeMs: 10_000, idleMs: 20 },
    certified,
    to: 0,
    parallelSpans: 2,
    onProgress: () => {},
  };
  const finals: { height: number; from: number; instance: number }[] = [];
  const heads: HeadChange[] = [];
  const client = {
    get head() {
      return state.head;
    },
    settled: async () => true,
    onChange: () => () => {},
  };
  const final = new FinalChain(
    {
      client,
      certified: certified as CertifiedTipsets,
      context: context as unknown as SyncContext,
      log: pino({ level: "silent" }),
    },
    {
      onFinal: ({ height, from, instance }) => finals.push({ height, from, instance }),
      onHead: (change) => heads.push(change),
    },
  );
  const assembleTo = async (key: TipsetKey): Promise<void> => {
    await linkBack({ key }, { ...context, certified: undefined }, signal);
    await store.switchHead(key);
  };
  return { store, state, final, finals, heads, assembleTo };
}

const topOf = (of: readonly Invented[]): Invented => of.at(-1) as Invented;

describe("what a certificate makes of the stored chain", () => {
  it("links it from nothing, and makes its tipset the head", async () => {
    const { store, state, final, finals, heads } = await setUp();
    state.head = finalized(50, 3);
    await final.begin(signal);
    expect(store.head?.height).toBe(state.head.height);
    expect(store.checkpoint).toMatchObject({ height: state.head.height });
    expect(finals).toEqual([{ instance: 3, height: state.head.height, from: 0 }]);
    expect(heads).toHaveLength(1);
    expect(store.assurance["f3-final"]).toEqual([{ from: 0, to: state.head.height }]);
    expect(final.isApplied).toBe(true);
  });

  it("leaves a head that stands on it, and raises what is below", async () => {
    const { store, state, final, finals, heads, assembleTo } = await setUp();
    const head = finalized(110, 0);
    await assembleTo(head.key);
    for (const [instance, height] of [40, 70, 100].entries()) {
      state.head = finalized(height, instance);
      expect(final.isApplied).toBe(false);
      await final.apply(signal);
      expect(store.assurance["f3-final"]).toEqual([{ from: 0, to: state.head.height }]);
      expect(store.checkpoint?.height).toBe(state.head.height);
    }
    expect(finals.map(({ instance }) => instance)).toEqual([0, 1, 2]);
    await final.apply(signal);
    expect(finals).toHaveLength(3); // told once
    expect(heads).toEqual([]);
    expect(store.head?.height).toBe(head.height);
  });

  it("takes the head up where it lags behind, down to where it fetched", async () => {
    const { store, state, final, heads, assembleTo } = await setUp();
    await assembleTo(finalized(50, 0).key);
    state.head = finalized(110, 9);
    await final.apply(signal);
    expect(store.head?.height).toBe(state.head.height);
    expect(heads).toHaveLength(1);
    expect(store.spans).toHaveLength(1);
    expect(store.assurance["f3-final"]).toEqual([{ from: 0, to: state.head.height }]);
  });

  it("takes a heavier chain back that leaves it out, and lets it in no more", async () => {
    const { store, state, final, heads, assembleTo } = await setUp();
    await assembleTo(topOf(invented).key);
    const misled = store.head;
    state.head = finalized(80, 5);
    await final.apply(signal);
    expect(store.head).toMatchObject({ height: state.head.height });
    expect(heads[0]?.revert.length).toBe(invented.length);
    expect(store.head?.weight ?? 0n).toBeLessThan(misled?.weight ?? 0n);
    expect(store.assurance["f3-final"]).toEqual([{ from: 0, to: state.head.height }]);
    // as it would come by gossip
    const fork = store.reader.tipset(topOf(invented).key);
    if (fork === undefined) throw new Error("the fork is kept aside");
    const { change, refused } = await new HeadTracker(store).consider([fork]);
    expect(change).toBeUndefined();
    expect(refused).toMatchObject({ code: "chain/behind-checkpoint" });
    expect(store.head?.height).toBe(state.head.height);
  });

  it("says so where the stored chain left it further back than a fork may go", async () => {
    const { store, state, final, assembleTo } = await setUp(20);
    await assembleTo(topOf(invented).key);
    const before = store.head;
    state.head = finalized(80, 5);
    // not put off, as what cannot be had now is: the node must not go on with the other chain
    await expect(final.update(signal)).rejects.toMatchObject({
      code: "copse/chain-disagrees",
      facts: { height: state.head.height },
    });
    expect(store.head).toEqual(before);
    expect(store.assurance["f3-final"]).toEqual([]);
  });

  it("refuses a certificate whose epoch is not the height of its tipset", async () => {
    const { store, state, final, assembleTo } = await setUp();
    await assembleTo(finalized(100, 0).key);
    const named = finalized(60, 2);
    state.head = { ...named, height: named.height + 1 };
    await expect(final.apply(signal)).rejects.toMatchObject({ code: "copse/not-certified" });
    expect(store.checkpoint).toBeUndefined();
    expect(store.assurance["f3-final"]).toEqual([]);
  });

  it("is done later where nobody serves the tipset now", async () => {
    const { store, state, final, finals } = await setUp();
    state.head = finalized(50, 3);
    state.away = true;
    expect(await final.update(signal)).toBeUndefined();
    expect(final.isApplied).toBe(false);
    state.away = false;
    await final.update(signal);
    expect(finals).toHaveLength(1);
    expect(store.head?.height).toBe(state.head.height);
  });

  it("is done again where the store lost what was final", async () => {
    const { store, state, final } = await setUp();
    state.head = finalized(50, 3);
    await final.apply(signal);
    expect(final.isApplied).toBe(true);
    for (const { id } of store.spans) await store.dropSpan(id);
    expect(store.reader.isCanonical(state.head.key)).toBe(false);
    expect(final.isApplied).toBe(false);
    await final.update(signal);
    expect(final.isApplied).toBe(true);
    expect(store.head?.height).toBe(state.head.height);
  });

  it("leaves the checkpoint where certificates are caught up with anew, from the first", async () => {
    const { store, state, final, finals } = await setUp();
    state.head = finalized(100, 7);
    await final.apply(signal);
    const { checkpoint } = store;
    state.head = finalized(20, 0);
    await final.apply(signal);
    expect(final.isApplied).toBe(true);
    expect(store.checkpoint).toEqual(checkpoint);
    expect(finals.map(({ instance }) => instance)).toEqual([7, 0]);
    expect(store.assurance["f3-final"]).toEqual([{ from: 0, to: checkpoint?.height }]);
  });
});
