import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, linkRules, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { encodeCertificate, type F3Tipset, type FinalityCertificate } from "@copse/f3";
import { HostFault } from "@copse/primitives";
import { decodeBlockHeader, TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { CertifiedTipsets } from "../../src/f3/certified-tipsets.ts";
import { type MintedChain, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { type LinkContext, linkBack } from "../../src/sync/assemble.ts";
import type { CertifiedTipset } from "../../src/sync/certified.ts";
import { noRanking } from "../../src/sync/ranking.ts";
import { type ChainSourcePort, type HeaderSlices, SourcePool } from "../../src/sync/sources.ts";
import { type Invented, inventChain } from "../invented-chain.ts";
import { table } from "./certified-chain.ts";

const epochs = 600;
const finalAt = 560;
const signal = new AbortController().signal;
let chain: MintedChain;
let held: ChainStore;
let certificates: FinalityCertificate[];

beforeAll(async () => {
  chain = await mintChain(createMint({ seed: "f3 spans", signatures: "none" }), epochs, () => {}, signal);
  held = await storeMinted(chain, createMemoryDatabase());
  certificates = unsigned(finalAt);
}, 60_000);

/** Certificates of four tipsets each; nobody looks at signatures here. */
function unsigned(to: number, change: (tipset: F3Tipset) => F3Tipset = (tipset) => tipset): FinalityCertificate[] {
  const commitments = new Uint8Array(32);
  const tipsets = chain.tipsets
    .filter(({ tipset }) => tipset.height <= to)
    .map(({ tipset: { key, height } }) => change({ key, epoch: height, powerTable: table.cid, commitments }));
  const made: FinalityCertificate[] = [];
  for (let at = 0; at < tipsets.length - 1; at += 4) {
    made.push({
      instance: made.length,
      chain: tipsets.slice(at, at + 5),
      supplementalData: { commitments, powerTable: table.cid },
      signers: Uint8Array.of(0x54),
      signature: new Uint8Array(96),
      powerTableDelta: [],
    });
  }
  return made;
}

function certifiedBy(store: ChainStore, of: readonly FinalityCertificate[], to = 0): CertifiedTipsets {
  const bytes = of.map(encodeCertificate);
  const certificatesOf = {
    first: 0,
    latest: of.at(-1),
    get: (instance: number) => Promise.resolve(bytes[instance]),
  };
  return new CertifiedTipsets({ store, certificates: () => certificatesOf, to, spanLength: 50, mostSpans: 6 });
}

/** What sources were asked, together. */
interface Asked {
  readonly asks: { readonly height: number; readonly count: number }[];
  running: number;
  most: number;
  served: number;
}

function source(id: string, asked: Asked, invented: readonly Invented[] = []): ChainSourcePort {
  return {
    id,
    async headers(head, count) {
      asked.most = Math.max(asked.most, ++asked.running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      asked.running--;
      const found: HeaderSlices[] = [];
      let key = head;
      for (let at = invented.findIndex((one) => TipsetKey.equals(one.key, key)); at >= 0; at--) {
        const { bytes, header } = invented[at] as Invented;
        found.push({ headers: [bytes] });
        key = TipsetKey.fromCids(header.parents);
      }
      if (found.length < count) {
        for (const { headers, height } of held.reader.ancestors(key)) {
          if (found.length === 0) asked.asks.push({ height, count });
          found.push({ headers });
          if (found.length >= count) break;
        }
      }
      if (found.length === 0) throw new HostFault("host/block-missing", { cid: TipsetKey.format(head) });
      asked.served += Math.min(count, found.length);
      return found.slice(0, count);
    },
    messages: () => Promise.reject(new HostFault("host/block-missing", { cid: "" })),
  };
}

function newestOf({ certified }: LinkContext): CertifiedTipset {
  if (certified?.newest === undefined) throw new Error("nothing is certified");
  return certified.newest;
}

const newAsked = (): Asked => ({ asks: [], running: 0, most: 0, served: 0 });

async function context(certified: (store: ChainStore) => CertifiedTipsets, asked: Asked, invented: Invented[] = []) {
  const { network } = chain.mint;
  const store = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes });
  const pool = new SourcePool(noRanking);
  for (const id of ["a", "b", "c", "d"]) pool.add(source(id, asked, invented));
  const patience = { hedgeMs: 10_000, idleMs: 50 };
  let mostOpen = 0;
  const linking: LinkContext = {
    network,
    store,
    rules: linkRules(network),
    pool,
    patience,
    certified: certified(store),
    to: 0,
    parallelSpans: 4,
    onProgress: () => {
      mostOpen = Math.max(mostOpen, store.spans.filter(({ reachedGenesis }) => !reachedGenesis).length);
    },
  };
  return { store, linking, mostOpen: () => mostOpen };
}

describe("spans that begin at certified tipsets", () => {
  it("are walked side by side, one request each, and become one", async () => {
    const asked = newAsked();
    const { store, linking, mostOpen } = await context((it) => certifiedBy(it, certificates), asked);
    const { key, height } = newestOf(linking);
    await linkBack({ key, height }, linking, signal);
    const tipsets = chain.tipsets.filter(({ tipset }) => tipset.height <= height);
    expect(store.spans).toHaveLength(1);
    expect(store.spans[0]).toMatchObject({ reachedGenesis: true });
    expect(store.assurance.linked).toEqual([{ from: 0, to: height }]);
    expect([...store.reader.tipsets()].map((it) => TipsetKey.format(it.key))).toEqual(
      tipsets.map(({ tipset }) => TipsetKey.format(tipset.key)),
    );
    expect(asked.most).toBe(4);
    expect(mostOpen()).toBeGreaterThan(3);
    expect(mostOpen()).toBeLessThanOrEqual(7); // six, and the one below the newest
    expect(new Set(asked.asks.map((ask) => ask.height)).size).toBe(asked.asks.length); // nothing was asked for twice
    expect(asked.asks.length).toBeLessThanOrEqual(Math.ceil(height / 50) + 2);
    expect(asked.served).toBeLessThanOrEqual(height + asked.asks.length); // null rounds make windows reach further
  });

  it("go on where a walk was stopped", async () => {
    const asked = newAsked();
    const { store, linking } = await context((it) => certifiedBy(it, certificates), asked);
    const { key, height } = newestOf(linking);
    const stop = new AbortController();
    let windows = 0;
    const onProgress = () => void (++windows === 5 && stop.abort(new Error("enough")));
    await expect(linkBack({ key, height }, { ...linking, onProgress }, stop.signal)).rejects.toThrow();
    expect(store.spans.length).toBeGreaterThan(1);
    await linkBack({ key, height }, { ...linking, certified: certifiedBy(store, certificates) }, signal);
    expect(store.spans).toHaveLength(1);
    expect(store.assurance.linked).toEqual([{ from: 0, to: height }]);
  });

  it("do not end below where the chain is wanted", async () => {
    const asked = newAsked();
    const { store, linking } = await context((it) => certifiedBy(it, certificates, 300), asked);
    const { key, height } = newestOf(linking);
    await linkBack({ key, height }, { ...linking, to: 300 }, signal);
    expect(store.spans).toHaveLength(1);
    const lowest = store.spans[0]?.lowest?.height ?? 0;
    expect(lowest).toBeLessThanOrEqual(300);
    expect(lowest).toBeGreaterThan(240);
  });

  it("are refused where a certificate's epoch is not the height of its headers", async () => {
    const off = unsigned(finalAt, (tipset) => ({ ...tipset, epoch: tipset.epoch + 1 }));
    const { linking, store } = await context((it) => certifiedBy(it, off), newAsked());
    const { key, height } = newestOf(linking);
    await expect(linkBack({ key, height }, linking, signal)).rejects.toMatchObject({ code: "copse/not-certified" });
    expect(store.assurance.linked).toEqual([]);
  });
});

describe("a head that leaves out what is certified", () => {
  it("is refused, and nothing of its chain stays", async () => {
    const below = held.reader.tipsetAt(500, "previous");
    if (below === undefined) throw new Error("no tipset");
    const header = decodeBlockHeader(below.headers[0] as Uint8Array);
    const invented = inventChain(chain.mint.network, { ...below, header }, 120);
    const { linking, store } = await context((it) => certifiedBy(it, certificates), newAsked(), invented);
    const head = invented.at(-1) as Invented;
    const linked = linkBack({ key: head.key, height: head.header.height }, linking, signal);
    await expect(linked).rejects.toMatchObject({ code: "copse/not-certified" });
    expect(store.reader.tipset(head.key)).toBeUndefined();
    // the certified chain is linked as if nothing had been
    const { key, height } = newestOf(linking);
    await linkBack({ key, height }, linking, signal);
    expect(store.reader.isCanonical(key)).toBe(true);
    expect(store.assurance.linked).toEqual([{ from: 0, to: height }]);
  });

  it("is refused too where the tipset of that epoch is left out as if nobody had won", async () => {
    const below = held.reader.tipsetAt(500, "previous");
    if (below === undefined) throw new Error("no tipset");
    const header = decodeBlockHeader(below.headers[0] as Uint8Array);
    const invented = inventChain(chain.mint.network, { ...below, header }, 10, 580);
    const { linking } = await context((it) => certifiedBy(it, certificates), newAsked(), invented);
    const head = invented.at(-1) as Invented;
    const linked = linkBack({ key: head.key, height: head.header.height }, linking, signal);
    await expect(linked).rejects.toMatchObject({ code: "copse/not-certified" });
  });
});

describe("finding certified tipsets", () => {
  it("gives the highest at or below an epoch", async () => {
    const certified = certifiedBy(held, certificates);
    const tops = certificates.map(({ chain: named }) => named.at(-1)?.epoch ?? 0);
    for (const epoch of [0, 1, 3, 57, 200, 333, finalAt, 10_000]) {
      const found = await certified.at(epoch);
      expect(found?.height).toBe([0, ...tops].findLast((top) => top <= epoch));
      expect(found && TipsetKey.equals(held.reader.tipsetAt(found.height)?.key as TipsetKey, found.key)).toBe(true);
    }
    expect(await certified.at(-1)).toBeUndefined();
  });

  it("knows of none while there is no certificate", async () => {
    const certified = new CertifiedTipsets({ store: held, certificates: () => undefined, to: 0 });
    expect(certified.newest).toBeUndefined();
    expect(await certified.at(100)).toBeUndefined();
    await certified.openSpans();
  });
});
