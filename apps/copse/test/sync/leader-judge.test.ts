import { createMemoryDatabase } from "@copse/blockstore";
import { type ChainStore, linkRules, openChainStore } from "@copse/chain";
import { createMint, type Mint } from "@copse/chain/mint";
import { checkSignatures } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { CID } from "multiformats/cid";
import { beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain, storeMinted } from "../../src/local/minted-chain.ts";
import { HeadJudge, type HeadVerdict } from "../../src/sync/leader-judge.ts";
import type { ToldTipset } from "../../src/sync/leader-strands.ts";
import { noRanking } from "../../src/sync/ranking.ts";
import { type ChainSourcePort, SourcePool } from "../../src/sync/sources.ts";
import { type ForgedFork, forgeFork } from "../forged-fork.ts";
import { statesAtHand } from "./states-at-hand.ts";

const epochs = 960;
const signal = new AbortController().signal;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
let mint: Mint;
let chain: MintedChain;
let honest: ChainStore;
/** A fork longer than the lookback. */
let long: MintedChain;

beforeAll(async () => {
  await installFastest();
  mint = createMint({ seed: "judged heads", miners: 3, blocks: 0.5, messages: false, forks: 0 });
  chain = await mintChain(mint, epochs, () => {}, signal);
  honest = await storeMinted(chain, createMemoryDatabase());
  long = forgeFork(chain, mint, { from: 30, to: topOf(chain).height, states: "made-up" });
}, 120_000);

const topOf = (of: MintedChain): MintedTipset["tipset"] => (of.tipsets.at(-1) as MintedTipset).tipset;

/** @param above - nothing at or below this height is served */
function source(id: string, { reader }: ChainStore, above = -1): ChainSourcePort {
  return {
    id,
    async headers(head, count) {
      const found = [...reader.ancestors(head).take(count)].filter(({ height }) => height > above);
      if (found.length === 0) throw new HostFault("host/block-missing", { cid: TipsetKey.format(head) });
      return found;
    },
    messages: () => Promise.reject(new HostFault("host/block-missing", { cid: "" })),
  };
}

/** Judges the heads of chains, each told by a peer that has it. `own`: what the node has stored. */
async function judged(
  chains: readonly MintedChain[],
  { own, states = chains, above = [] }: { own?: ChainStore; states?: readonly MintedChain[]; above?: number[] } = {},
): Promise<readonly HeadVerdict[]> {
  const sources: ChainSourcePort[] = [];
  for (const [i, one] of chains.entries()) {
    sources.push(source(`${i}`, one === chain ? honest : await storeMinted(one, createMemoryDatabase()), above[i]));
  }
  return judgedBy(
    sources,
    chains.map((one, i) => ({ key: topOf(one).key, supporters: [`${i}`] })),
    states,
    own,
  );
}

/** Judges heads that peers told. */
async function judgedBy(
  sources: readonly ChainSourcePort[],
  heads: readonly ToldTipset[],
  states: readonly MintedChain[],
  own?: ChainStore,
): Promise<readonly HeadVerdict[]> {
  const pool = new SourcePool(noRanking);
  for (const one of sources) pool.add(one);
  return judgeOf(pool, states, own ?? (await empty())).judge(heads, signal);
}

function judgeOf(pool: SourcePool, states: readonly MintedChain[], store: ChainStore, now?: () => number): HeadJudge {
  const held = new Map(
    states.flatMap(({ mint: { genesis } }) => genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes])),
  );
  const { network } = mint;
  return new HeadJudge({
    network,
    store,
    rules: linkRules(network),
    pool,
    states: statesAtHand({ getSync: (cid) => held.get(cidKey(cid)) }),
    signatures: { check: async (checks) => checkSignatures(checks, { random }) },
    now,
  });
}

const empty = (): Promise<ChainStore> =>
  openChainStore(createMemoryDatabase(), { genesis: mint.network.genesisCid.bytes });

const upTo = (of: MintedChain, height: number): MintedChain => ({
  ...of,
  tipsets: of.tipsets.filter(({ tipset }) => tipset.height <= height),
});
const forge = (from: number, to: number, states: ForgedFork["states"]): MintedChain =>
  forgeFork(chain, mint, { from, to: Math.min(to, topOf(chain).height), states });
const kinds = (verdicts: readonly HeadVerdict[]): readonly string[] =>
  verdicts.map((one) => {
    if (one.kind === "good") return one.contested ? "good, contested" : "good";
    return one.kind === "refuted" ? `refuted ${one.error.code}` : one.kind;
  });
const refuted = expect.stringMatching(/^refuted block\//);

describe("heads held against each other", () => {
  it("fall where nobody won them, and the chain that was won stands", async () => {
    const verdicts = await judged([forge(930, epochs, "claims"), chain]);
    expect(kinds(verdicts)).toEqual(["refuted block/win-count-wrong", "good, contested"]);
  });

  it("fall also where they bring states of their own, by which they were won", async () => {
    expect(kinds(await judged([forge(920, epochs, "made-up"), chain]))).toEqual([refuted, "good, contested"]);
  });

  it("are held against each other where they part, be that further down than the lookback", async () => {
    expect(topOf(long).height - 30).toBeGreaterThan(900);
    expect(kinds(await judged([long, chain]))).toEqual([refuted, "good, contested"]);
  });

  it("come after the chain where they won one block, and then all by states that it names", async () => {
    const fork = forge(20, epochs, "after-nulls");
    const [first, second] = fork.tipsets.filter(({ tipset }) => tipset.height > 20);
    expect(second?.tipset.height).toBeGreaterThan(900 + (first?.tipset.height ?? 0));
    expect(fork.tipsets.at(-1)?.tipset.blocks[0]?.electionProof?.winCount).toBeGreaterThan(0);
    expect(await judged([fork, chain])).toMatchObject([
      { kind: "good", contested: true, rank: 1 },
      { kind: "good", contested: true, rank: 0 },
    ]);
  });

  it("fall together where they stand on the same false tipsets", async () => {
    const fork = forge(900, epochs, "claims");
    const verdicts = await judged([fork, upTo(fork, 950), upTo(fork, 930), chain]);
    expect(kinds(verdicts)).toEqual([refuted, refuted, refuted, "good, contested"]);
  });

  it("are judged by the stored chain where no other is told", async () => {
    expect(kinds(await judged([forge(930, epochs, "claims")], { own: honest }))).toEqual([refuted]);
    const behind = await storeMinted(upTo(chain, 900), createMemoryDatabase());
    expect(kinds(await judged([chain], { own: behind }))).toEqual(["good"]);
    expect(kinds(await judged([forge(890, epochs, "made-up")], { own: behind }))).toEqual([refuted]);
  });

  it("of the stored chain say nothing new", async () => {
    const [verdict] = await judged([upTo(chain, 900)], { own: honest });
    expect(verdict).toMatchObject({ kind: "unjudged", held: { leaders: false } });
  });

  it("are one chain where one stands on the other", async () => {
    expect(kinds(await judged([chain, upTo(chain, 950)]))).toEqual(["good", "good"]);
  });

  it("are not judged where states are not to be had", async () => {
    const verdicts = await judged([forge(930, epochs, "claims"), chain], { states: [] });
    expect(kinds(verdicts)).toEqual(["unjudged", "unjudged"]);
  });

  it("are no rivals where nobody serves them down to where they part", async () => {
    const verdicts = await judged([forge(900, epochs, "claims"), chain], { above: [925] });
    expect(kinds(verdicts)).toEqual(["unjudged", "good"]);
  });

  it("are judged by the states of one that tells the truth, whoever withholds them", async () => {
    const verdicts = await judged([forge(920, epochs, "made-up"), chain], { states: [chain] });
    expect(kinds(verdicts)).toEqual([refuted, "good, contested"]);
  });
});

describe("what liars do to keep the honest head from being looked at", () => {
  it("is no use: all that told it are asked, not the first few", async () => {
    const silent = ["s1", "s2", "s3"];
    const fork = forge(900, epochs, "made-up");
    const has = await storeMinted(fork, createMemoryDatabase());
    for (const above of [epochs, 950]) {
      const sources = [...silent.map((id) => source(id, honest, above)), source("true", honest), source("false", has)];
      const heads = [
        { key: topOf(fork).key, supporters: ["false"] },
        { key: topOf(chain).key, supporters: [...silent, "true"] },
      ];
      expect(kinds(await judgedBy(sources, heads, [chain, fork]))).toEqual([refuted, "good, contested"]);
    }
  });

  it("makes no head sufficient: one that several told and nobody serves may be its rival", async () => {
    const fork = forge(900, epochs, "claims");
    const has = await storeMinted(fork, createMemoryDatabase());
    const behind = upTo(chain, 890);
    const sources = [source("a", has, 950), source("b", has, 950), source("true", honest)];
    const own = await storeMinted(behind, createMemoryDatabase());
    const heads = (tellers: string[]): ToldTipset[] => [
      { key: topOf(fork).key, supporters: tellers },
      { key: topOf(chain).key, supporters: ["true"] },
      { key: topOf(forged).key, supporters: ["forger"] },
    ];
    const forged = forge(920, epochs, "made-up");
    sources.push(source("forger", await storeMinted(forged, createMemoryDatabase())));
    const states = [chain, forged];
    const one = kinds(await judgedBy(sources, heads(["a"]), states, own));
    expect(one).toEqual(["unjudged", "good, contested", refuted]);
    const two = heads(["a", "b"]);
    expect(kinds(await judgedBy(sources, two, states))).toEqual(["unjudged", "good", refuted]);
    // but where all of it stands on the stored chain's states
    expect(kinds(await judgedBy(sources, two, states, own))).toEqual(["unjudged", "good, contested", refuted]);
  });

  it("fills no slots with tipsets of one fork", async () => {
    const fork = forge(900, epochs, "claims");
    const heads = fork.tipsets.slice(-20).reverse();
    const sources = [source("true", honest), source("false", await storeMinted(fork, createMemoryDatabase()))];
    const told = heads.map(({ tipset: { key } }) => ({ key, supporters: ["false"] }));
    const verdicts = kinds(
      await judgedBy(sources, [...told, { key: topOf(chain).key, supporters: ["true"] }], [chain]),
    );
    expect(verdicts.at(-1)).toBe("good, contested");
    expect(verdicts.slice(0, -1)).toEqual(told.map(() => refuted));
  });

  it("cannot be a head on the chain that claims another power, however fast it is served", async () => {
    const lie = forgeFork(chain, mint, { from: 900, to: epochs - 20, states: "claims", log2: 200 });
    const slowly: ChainSourcePort = {
      ...source("true", honest),
      headers: async (head, count, options) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return source("true", honest).headers(head, count, options);
      },
    };
    const has = await storeMinted(lie, createMemoryDatabase());
    const heads = [
      { key: topOf(lie).key, supporters: ["false"] },
      { key: topOf(chain).key, supporters: ["true"] },
    ];
    const verdicts = kinds(await judgedBy([source("false", has), slowly], heads, [chain]));
    expect(verdicts).toEqual([refuted, "good, contested"]);
  });

  it("ends nothing where a header names bytes as its state that are none", async () => {
    const root = topOf(long).blocks[0]?.parentStateRoot as CID;
    const { mint: made } = long;
    const state = [...chain.mint.genesis.state, [root.bytes, Uint8Array.of(1, 2, 3, 4)]] as typeof made.genesis.state;
    const garbage: MintedChain = { ...long, mint: { ...made, genesis: { ...made.genesis, state } } };
    expect(kinds(await judged([long], { states: [garbage] }))).toEqual(["unjudged"]);
    expect(kinds(await judged([long, chain], { states: [garbage] }))).toEqual([refuted, "good, contested"]);
  });

  it("holds up nobody by giving a tipset at a time, slowly", async () => {
    let now = 0;
    let asked = 0;
    const fork = forge(900, epochs, "claims");
    const own = forge(500, epochs - 1, "claims");
    const drip = source("drip", await storeMinted(own, createMemoryDatabase()));
    const pool = new SourcePool(noRanking);
    pool.add(source("false", await storeMinted(fork, createMemoryDatabase())));
    pool.add(source("true", honest));
    pool.add({
      ...drip,
      async headers(head, _, options) {
        asked++;
        now += 9000;
        return await drip.headers(head, 1, options);
      },
    });
    const heads = [
      { key: topOf(own).key, supporters: ["drip"] },
      { key: topOf(fork).key, supporters: ["false"] },
      { key: topOf(chain).key, supporters: ["true"] },
    ];
    const verdicts = kinds(await judgeOf(pool, [chain], await empty(), () => now).judge(heads, signal));
    expect(verdicts).toEqual(["unjudged", refuted, "good, contested"]);
    expect(asked).toBeLessThan(6);
  });

  it("saves no head that parts near the top, though one goes on further down than is looked", async () => {
    const fork = forge(900, epochs, "claims");
    const sources = [source("false", await storeMinted(fork, createMemoryDatabase())), source("true", honest)];
    const filling = createMint({ seed: "filler", miners: 1, signatures: "none", messages: false, forks: 0, blocks: 5 });
    const filler = await mintChain(filling, 2900, () => {}, signal);
    sources.push(source("filler", await storeMinted(filler, createMemoryDatabase())));
    const heads = [
      { key: topOf(filler).key, supporters: ["filler"] },
      { key: topOf(fork).key, supporters: ["false"] },
      { key: topOf(chain).key, supporters: ["true"] },
    ];
    expect(kinds(await judgedBy(sources, heads, [chain]))).toEqual(["unjudged", refuted, "unjudged"]);
    // nor is a head made good by one it is held against near the top: both may be one forger's
    const shill = forgeFork(long, mint, { from: epochs - 10, to: epochs, states: "claims" });
    const both = [long, shill].map(async (one, i) => source(`own${i}`, await storeMinted(one, createMemoryDatabase())));
    const told = [filler, long, shill].map((of, i) => ({ key: topOf(of).key, supporters: [`${i}`] }));
    const verdicts = kinds(await judgedBy([...sources, ...(await Promise.all(both))], told, [long]));
    expect(verdicts.filter((kind) => kind.startsWith("good"))).toEqual([]);
  });

  it("is called withheld once nobody served it time and again, and no more once somebody does", async () => {
    let now = 0;
    const pool = new SourcePool(noRanking);
    const judge = judgeOf(pool, [chain], await empty(), () => now);
    const heads = [{ key: topOf(chain).key, supporters: ["a"] }];
    const told = async (ms: number): Promise<boolean | undefined> => {
      now = ms;
      const [verdict] = await judge.judge(heads, signal);
      return verdict?.kind === "unjudged" && verdict.held === undefined ? verdict.withheld : undefined;
    };
    expect(await told(0)).toBe(false);
    expect(await told(4000)).toBe(false);
    expect(await told(4500)).toBe(false); // no new round yet
    expect(await told(8000)).toBe(false); // too soon
    expect(await told(12_000)).toBe(true);
    pool.add(source("a", honest, 950));
    expect(await told(16_000)).toBe(true); // not down to where it can be judged
    pool.add(source("b", honest));
    expect(await told(20_000)).toBeUndefined();
    expect(kinds(await judge.judge(heads, signal))).toEqual(["good"]);
  });

  it("does not begin anew with each head that nobody serves", async () => {
    let now = 0;
    const pool = new SourcePool(noRanking);
    pool.add(source("true", honest));
    const judge = judgeOf(pool, [chain], await empty(), () => now);
    const told: (boolean | undefined)[] = [];
    for (const [i, { tipset }] of forge(900, epochs, "claims").tipsets.slice(-5).entries()) {
      now = i * 4000;
      const [verdict] = await judge.judge([{ key: tipset.key, supporters: ["a", "b"] }], signal);
      told.push(verdict?.kind === "unjudged" && verdict.held === undefined && verdict.withheld);
    }
    expect(told).toEqual([false, false, false, true, true]);
  });

  it("does not put a tipset below the head that stands on it", async () => {
    const verdicts = await judged([upTo(chain, 950), chain]);
    expect(verdicts).toMatchObject([{ rank: 1 }, { rank: 0 }]);
  });

  it("is not taken for one of the stored chain where nobody serves it", async () => {
    const [verdict] = await judgedBy([], [{ key: topOf(chain).key, supporters: ["a"] }], [chain]);
    expect(verdict).toMatchObject({ kind: "unjudged" });
    expect(verdict).not.toHaveProperty("held");
  });
});

describe("a head that nobody contradicts", () => {
  it("falls where the states that its newest tipsets name below the lookback are the chain's", async () => {
    expect(kinds(await judged([forge(930, epochs, "claims")]))).toEqual([refuted]);
    expect(kinds(await judged([forge(900, epochs, "made-up")]))).toEqual([refuted]);
  });

  it("is what remains without F3, where it forks off below the lookback: its states are its own", async () => {
    expect(kinds(await judged([long]))).toEqual(["good"]);
  });
});
