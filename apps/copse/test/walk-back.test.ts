import { createMemoryDatabase, type Database } from "@copse/blockstore";
import { type ChainStore, linkRules, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { HostFault } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../src/local/minted-chain.ts";
import { noRanking } from "../src/sync/ranking.ts";
import { type ChainSourcePort, type HeaderSlices, SourcePool } from "../src/sync/sources.ts";
import { walkBack } from "../src/sync/walk-back.ts";

const epochs = 400;
const window = 32;
let chain: MintedChain;
const places = new Map<string, number>();

beforeAll(async () => {
  const mint = createMint({ seed: "walk back", signatures: "none" });
  chain = await mintChain(mint, epochs, () => {}, new AbortController().signal);
  for (const [i, { tipset }] of chain.tipsets.entries()) places.set(TipsetKey.format(tipset.key), i);
}, 60_000);

const signal = new AbortController().signal;
const keyAt = (i: number): TipsetKey => (chain.tipsets[i] as (typeof chain.tipsets)[number]).tipset.key;

function slices(head: TipsetKey, count: number): HeaderSlices[] {
  const top = places.get(TipsetKey.format(head)) as number;
  return chain.tipsets
    .slice(Math.max(0, top + 1 - count), top + 1)
    .reverse()
    .map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) }));
}

/** A source over the minted chain; `answer` may hold up or twist what it gives. */
function source(
  id: string,
  answer: (given: HeaderSlices[]) => HeaderSlices[] | Promise<HeaderSlices[]> = (given) => given,
): ChainSourcePort & { asked: number } {
  return {
    id,
    asked: 0,
    async headers(head, count) {
      this.asked++;
      return answer(slices(head, count));
    },
    messages: () => Promise.reject(new Error("not asked for")),
  };
}

async function walk(store: ChainStore, span: number, sources: readonly ChainSourcePort[], to = 0): Promise<SourcePool> {
  const pool = new SourcePool(noRanking);
  for (const one of sources) pool.add(one);
  const needs = {
    store,
    pool,
    rules: linkRules(chain.mint.network),
    patience: { hedgeMs: 10_000, idleMs: 50 },
    window,
    to,
  };
  await walkBack(span, needs, signal);
  return pool;
}

/** A database whose commits wait for `turn`. */
function slow(database: Database, turn: () => Promise<void>): Database {
  return new Proxy(database, {
    get(target, name) {
      if (name !== "commit") {
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (...args: Parameters<Database["commit"]>) => {
        await turn();
        await target.commit(...args);
      };
    },
  });
}

const openStore = (database: Database = createMemoryDatabase()): Promise<ChainStore> =>
  openChainStore(database, { genesis: chain.mint.network.genesisCid.bytes });
const stored = (store: ChainStore): number => [...store.reader.tipsets({ from: 0, to: epochs })].length;

describe("walkBack", () => {
  it("stores a chain down to genesis", async () => {
    const store = await openStore();
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    await walk(store, id, [source("a"), source("b")]);
    expect(store.spans).toMatchObject([{ id, reachedGenesis: true }]);
    expect(stored(store)).toBe(chain.tipsets.length);
  });

  it("stops at `to`, and goes on from there", async () => {
    const store = await openStore();
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    await walk(store, id, [source("a")], 200);
    const lowest = store.spans[0]?.lowest?.height ?? -1;
    expect(lowest).toBeLessThanOrEqual(200);
    expect(lowest).toBeGreaterThan(200 - window);
    await walk(store, id, [source("a")]);
    expect(stored(store)).toBe(chain.tipsets.length);
  });

  it("asks for no more than two windows beyond what is durable", async () => {
    let release: () => void = () => {};
    let held = false;
    const database = slow(createMemoryDatabase(), async () => {
      if (held) await new Promise<void>((resolve) => (release = resolve));
    });
    const store = await openStore(database);
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    held = true;
    const one = source("a");
    const walking = walk(store, id, [one]);
    for (let i = 0; i < 500; i++) await Promise.resolve();
    await new Promise(setImmediate);
    for (let durable = 0; durable < 5; durable++) {
      expect(store.spans[0]?.lowest === undefined).toBe(durable === 0);
      expect(one.asked).toBe(durable + 3); // one is being written, one is verified, one has come
      release();
      await new Promise(setImmediate);
      await new Promise(setImmediate);
    }
    held = false;
    release();
    await walking;
    expect(stored(store)).toBe(chain.tipsets.length);
  });

  it("drops a source whose window is false, and takes it from another", async () => {
    const store = await openStore();
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    let answers = 0;
    const liar = source("liar", (given) => {
      if (++answers < 3) return given;
      const [first, ...rest] = given as [HeaderSlices, ...HeaderSlices[]];
      const bytes = (first.headers[0] as Uint8Array).slice();
      bytes[bytes.length - 3] = (bytes.at(-3) as number) ^ 1;
      return [first, ...rest.with(5, { headers: [bytes] })];
    });
    const pool = await walk(store, id, [liar, source("honest")]);
    expect([...pool.dropped.keys()]).toEqual(["liar"]);
    expect(stored(store)).toBe(chain.tipsets.length);
  });

  it("joins an older span, and asks for nothing that one holds", async () => {
    const store = await openStore();
    const middle = Math.floor(chain.tipsets.length * 0.75);
    const older = await store.openSpan({ key: keyAt(middle) });
    await walk(store, older.id, [source("a")], 60);
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    const one = source("a");
    await walk(store, id, [one]);
    expect(store.spans).toMatchObject([{ id, reachedGenesis: true }]);
    expect(stored(store)).toBe(chain.tipsets.length);
    expect(one.asked).toBeLessThan(chain.tipsets.length / window);
  });

  it("fails as the disk does, with all before it stored", async () => {
    let commits = 0;
    const full = new HostFault("host/store-failed", { operation: "commit", reason: "no space" });
    const database = slow(createMemoryDatabase(), async () => {
      if (++commits === 6) throw full;
    });
    const store = await openStore(database);
    const { id } = await store.openSpan({ key: keyAt(chain.tipsets.length - 1) });
    await expect(walk(store, id, [source("a")])).rejects.toBe(full);
    const held = stored(store);
    expect(held).toBeGreaterThan(0);
    await walk(store, id, [source("a")]);
    expect(stored(store)).toBe(chain.tipsets.length);
  });
});
