import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, type LinkedTipset, linkRules, linkRun, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { HostFault } from "@copse/primitives";
import { decodeBlockHeader, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain, storeMinted } from "../src/local/minted-chain.ts";
import { assemble, linkBack, type SyncContext } from "../src/sync/assemble.ts";
import { countsTable } from "../src/sync/counts.ts";
import { noRanking } from "../src/sync/ranking.ts";
import { retreatUnserved } from "../src/sync/retreat.ts";
import { type ChainSourcePort, type HeaderSlices, SourcePool } from "../src/sync/sources.ts";
import { type Invented, inventChain } from "./invented-chain.ts";
import { statesAtHand } from "./sync/states-at-hand.ts";

const epochs = 60;
const forkAt = 40;
const signal = new AbortController().signal;
let chain: MintedChain;
/** The whole chain, to answer from. */
let held: ChainStore;
let invented: Invented[];

beforeAll(async () => {
  chain = await mintChain(createMint({ seed: "invented", signatures: "none" }), epochs, () => {}, signal);
  held = await storeMinted(chain, createMemoryDatabase());
  const below = held.reader.tipsetAt(forkAt, "previous") as LinkedTipset;
  const header = decodeBlockHeader(below.headers[0] as Uint8Array);
  invented = inventChain(chain.mint.network, { ...below, header }, 40);
}, 60_000);

function* tipsetsFrom(head: TipsetKey, of: readonly Invented[]): Generator<HeaderSlices> {
  let key = head;
  for (let at = of.findIndex((it) => TipsetKey.equals(it.key, key)); at >= 0; at--) {
    const { bytes, header } = of[at] as Invented;
    yield { headers: [bytes] };
    key = TipsetKey.fromCids(header.parents);
  }
  yield* held.reader.ancestors(key);
}

/** Serves the minted chain, and the invented one where it is told to. */
function source(id: string, of: readonly Invented[] = []): ChainSourcePort {
  return {
    id,
    async headers(head, count) {
      const found = [...tipsetsFrom(head, of)].slice(0, count);
      if (found.length === 0) throw new HostFault("host/block-missing", { cid: TipsetKey.format(head) });
      return found;
    },
    messages: () => Promise.reject(new HostFault("host/block-missing", { cid: "" })),
  };
}

async function contextOf(store: ChainStore, sources: readonly ChainSourcePort[]): Promise<SyncContext> {
  const pool = new SourcePool(noRanking);
  for (const one of sources) pool.add(one);
  return {
    network: chain.mint.network,
    store,
    counts: countsTable(createMemoryDatabase()),
    rules: linkRules(chain.mint.network),
    pool,
    patience: { hedgeMs: 10_000, idleMs: 300 },
    signatures: { check: async (checks) => checks.map(() => true) },
    states: statesAtHand(),
    to: 0,
    messages: { kind: "none" },
    parallelSpans: 4,
    onProgress: () => {},
  };
}

const openStore = (): Promise<ChainStore> =>
  openChainStore(createMemoryDatabase(), { genesis: chain.mint.network.genesisCid.bytes });
const keyOf = (of: { readonly tipset: { readonly key: TipsetKey } } | undefined): TipsetKey =>
  of?.tipset.key ?? TipsetKey.empty;

describe("an invented fork", () => {
  it("loses its place when a check fails, however heavy it is", async () => {
    const store = await openStore();
    const top = keyOf(chain.tipsets.at(-1));
    const context = await contextOf(store, [source("a", invented)]);
    await assemble({ key: top, height: epochs }, context, signal);
    const heavy = invented.at(-1) as Invented;
    await expect(assemble({ key: heavy.key, height: heavy.header.height }, context, signal)).rejects.toMatchObject({
      code: expect.stringMatching(/^block\/beacon/),
    });
    // the head stands below what broke the rule, and nothing above claims to be checked
    expect(store.head?.height).toBeLessThanOrEqual(forkAt);
    expect(store.assurance.linked.every(({ to }) => to <= forkAt)).toBe(true);
    // so the real chain, which is lighter than the invented one, is taken again
    await assemble({ key: top, height: epochs }, context, signal);
    expect(TipsetKey.equals(store.head?.key ?? TipsetKey.empty, top)).toBe(true);
    expect(store.assurance["beacon-checked"]).toEqual([{ from: 0, to: store.head?.height }]);
  });

  it("goes from under the head also where it is longer than a fork may be", async () => {
    const store = await openStore();
    const header = decodeBlockHeader(held.reader.tipsetAt(0)?.headers[0] as Uint8Array);
    const first = held.reader.tipsetAt(1, "next") as LinkedTipset;
    const one = decodeBlockHeader(first.headers[0] as Uint8Array);
    expect(header.height).toBe(0);
    const long = inventChain(chain.mint.network, { ...first, header: one }, 1200);
    const heavy = long.at(-1) as Invented;
    const context = await contextOf(store, [source("a", long)]);
    await expect(assemble({ key: heavy.key, height: heavy.header.height }, context, signal)).rejects.toThrow();
    expect(store.head?.height).toBe(first.height);
    const top = keyOf(chain.tipsets.at(-1));
    await assemble({ key: top, height: epochs }, context, signal);
    expect(TipsetKey.equals(store.head?.key ?? TipsetKey.empty, top)).toBe(true);
  });

  it("bars no honest peer for the real parents it names with a false weight", async () => {
    const store = await openStore();
    const [lowest] = invented as [Invented];
    const below = held.reader.tipset(TipsetKey.fromCids(lowest.header.parents)) as LinkedTipset;
    const header = decodeBlockHeader(below.headers[0] as Uint8Array);
    const heavier = { ...header, parentWeight: header.parentWeight + 1n };
    const heavy = inventChain(chain.mint.network, { ...below, header: heavier }, 30);
    const honest = ["a", "b", "c"].map((id) => source(id));
    const context = await contextOf(store, [...honest, source("liar", heavy)]);
    const top = heavy.at(-1) as Invented;
    await expect(assemble({ key: top.key, height: top.header.height }, context, signal)).rejects.toMatchObject({
      code: "copse/chain-broken",
    });
    expect([...context.pool.dropped.keys()]).toEqual([]);
    const real = keyOf(chain.tipsets.at(-1));
    await assemble({ key: real, height: epochs }, context, signal);
    expect(TipsetKey.equals(store.head?.key ?? TipsetKey.empty, real)).toBe(true);
    expect(store.spans).toHaveLength(1);
  });

  it("whose messages nobody has makes way for the chain whose messages are there", async () => {
    const store = await openStore();
    const top = keyOf(chain.tipsets.at(-1));
    const checked = { from: 0, to: epochs };
    const context = await contextOf(store, [source("a", invented)]);
    await assemble({ key: top, height: epochs }, context, signal);
    await store.raise([{ level: "messages-checked", range: checked }]); // as a run with messages leaves it
    const heavy = invented.at(-1) as Invented;
    await linkBack({ key: heavy.key, height: heavy.header.height }, context, signal);
    if (store.head?.height !== heavy.header.height) await store.switchHead(heavy.key);
    await retreatUnserved(store, { from: 0, to: heavy.header.height });
    expect(store.head?.height).toBeLessThanOrEqual(forkAt);
    await assemble({ key: top, height: epochs }, context, signal);
    expect(TipsetKey.equals(store.head?.key ?? TipsetKey.empty, top)).toBe(true);
  });

  it("that nobody serves any more holds up nothing", async () => {
    const store = await openStore();
    await store.openSpan({ key: (invented.at(-1) as Invented).key });
    const top = keyOf(chain.tipsets.at(-1));
    await assemble({ key: top, height: epochs }, await contextOf(store, [source("a")]), signal);
    expect(store.spans).toMatchObject([{ reachedGenesis: true }]);
    expect(store.head?.height).toBe(chain.tipsets.at(-1)?.tipset.height);
  });

  it("that is half stored and heavier makes way for the target when nobody serves it", async () => {
    const store = await openStore();
    const heavy = invented.at(-1) as Invented;
    const span = await store.openSpan({ key: heavy.key });
    const some = invented.slice(-10).reverse();
    const rules = linkRules(chain.mint.network);
    await store.appendRun(
      span.id,
      linkRun(
        span.next,
        some.map(({ bytes }) => ({ headers: [bytes] })),
        rules,
      ),
    );
    const top = keyOf(chain.tipsets.at(-1));
    await assemble({ key: top, height: epochs }, await contextOf(store, [source("a")]), signal);
    expect(store.spans).toMatchObject([{ reachedGenesis: true }]);
    expect(TipsetKey.equals(store.head?.key ?? TipsetKey.empty, top)).toBe(true);
  });

  it("is not given up while nobody serves the target either", async () => {
    const store = await openStore();
    const top = keyOf(chain.tipsets.at(-1));
    await store.openSpan({ key: (invented.at(-1) as Invented).key });
    await expect(assemble({ key: top, height: epochs }, await contextOf(store, []), signal)).rejects.toMatchObject({
      code: "copse/no-peers",
    });
    expect(store.spans).toHaveLength(2);
  });
});
