import { createMemoryDatabase } from "@copse/blockstore";
import { type AssuranceLevel, type ChainStore, linkRules, linkRun, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { type Network, TipsetKey } from "@copse/types";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Anchor, type AssembledReport, assembledReport, assembledText } from "../src/assembled.ts";
import { type MintedChain, type MintedTipset, mintChain, storeMinted } from "../src/local/minted-chain.ts";
import { noCounts } from "../src/sync/counts.ts";

let chain: MintedChain;
let network: Network;
let top: number;
let store: ChainStore;
const peers: Anchor = { kind: "peers", ids: ["a", "b"] };

beforeAll(async () => {
  const mint = createMint({ seed: "assembled", miners: 1, signatures: "none", forks: 0 });
  chain = await mintChain(mint, 30, () => {}, new AbortController().signal);
  network = mint.network;
  top = chain.tipsets.at(-1)?.tipset.height as number;
});
beforeEach(async () => {
  store = await storeMinted(chain, createMemoryDatabase());
  await raise("beacon-checked", 1, top);
  await raise("messages-checked", 0, top);
});

const raise = (level: AssuranceLevel, from: number, to: number): Promise<void> =>
  store.raise([{ level, range: { from, to } }]);
const moment = (height: number): number => network.genesisTime + height * network.blockDelay;
function report(differs: Partial<Parameters<typeof assembledReport>[0]> = {}): AssembledReport {
  const messages = { from: 0, to: top };
  const needs = { store, counts: noCounts, network, anchor: peers, messages, now: moment(top), ...differs };
  return assembledReport(needs) as AssembledReport;
}
/** Names of the statements that do not hold. */
const failing = ({ statements }: AssembledReport): string[] =>
  Object.entries(statements).flatMap(([name, holds]) => (holds === false ? [name] : []));
const at = (i: number): MintedTipset => chain.tipsets.at(i) as MintedTipset;

describe("assembledReport", () => {
  it("counts what reached each level, range by range, and says it in words", async () => {
    await store.raise([
      { level: "executed", range: { from: 3, to: 7 } },
      { level: "executed", range: { from: 10, to: 10 } },
    ]);
    const found = report();
    const within = chain.tipsets.filter(({ tipset: { height } }) => (height >= 3 && height <= 7) || height === 10);
    expect(found.levels.executed).toEqual({
      heights: 6,
      tipsets: within.length,
      headers: within.reduce((sum, { blocks }) => sum + blocks.length, 0),
    });
    expect(found.levels.linked).toEqual({ heights: top + 1, tipsets: chain.tipsets.length, headers: chain.headers });
    expect(found.levels["leader-checked"]).toEqual({ heights: 0, tipsets: 0, headers: 0 });
    const lines = assembledText(found).split("\n");
    expect(lines.find((line) => line.startsWith("executed"))).toMatch(/ 6 .* 3 to 7, 10$/);
    expect(lines).toContain("statements  none is broken");
  });

  it("says assembled to genesis when every statement holds, and counts what is stored", () => {
    const found = report({ counts: { ...noCounts, beacons: 5, leaders: 3 } });
    expect(failing(found)).toEqual([]);
    expect(found).toMatchObject({
      toGenesis: true,
      genesis: network.genesisCid.toString(),
      head: top,
      headKey: at(-1).tipset.cids.map(String),
      lowest: 0,
      tipsets: chain.tipsets.length,
      headers: chain.headers,
      beacons: 5,
      leaders: 3,
      anchor: peers,
      statements: { "8-checkpoints": null, "9-f3": null, "10-current": true },
    });
    expect(found.assurance).toEqual({
      linked: [{ from: 0, to: top }],
      "beacon-checked": [{ from: 1, to: top }],
      "messages-checked": [{ from: 0, to: top }],
    });
  });

  it("has nothing to say of an empty store", async () => {
    const empty = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes });
    expect(assembledReport({ ...emptyNeeds(), store: empty })).toBeUndefined();
  });

  it("does not say so where the chain is linked in part", async () => {
    store = await storedFrom(10);
    await raise("beacon-checked", 1, top);
    await raise("messages-checked", 0, top);
    const found = report();
    expect(failing(found)).toEqual(["1-hashes", "2-links", "3-heights-and-times", "4-genesis", "6-weights"]);
    expect(found.toGenesis).toBe(false);
    expect(found.lowest).toBe(at(10).tipset.height);
    expect(found.tipsets).toBe(chain.tipsets.length - 10);
  });

  it("does not say so of another genesis", () => {
    const other = { ...network, genesisCid: at(1).tipset.cids[0] as Network["genesisCid"] };
    const found = report({ network: other });
    expect(failing(found)).toEqual(["4-genesis"]);
    expect(found.toGenesis).toBe(false);
  });

  it("does not say so where one height lacks its beacon", async () => {
    store = await storeMinted(chain, createMemoryDatabase());
    await raise("messages-checked", 0, top);
    await raise("beacon-checked", 1, top - 1);
    expect(failing(report())).toEqual(["5-beacons"]);
    expect(report().toGenesis).toBe(false);
    await raise("beacon-checked", top, top);
    expect(report().toGenesis).toBe(true);
  });

  it("does not say so where one height lacks its messages, where they were wanted", async () => {
    store = await storeMinted(chain, createMemoryDatabase());
    await raise("beacon-checked", 1, top);
    await raise("messages-checked", 0, 11);
    await raise("messages-checked", 13, top);
    expect(failing(report())).toEqual(["7-messages"]);
    expect(report().toGenesis).toBe(false);
    expect(report({ messages: { from: 13, to: top } }).toGenesis).toBe(true);
    const none = report({ messages: undefined });
    expect(none.statements["7-messages"]).toBeNull();
    expect(none.toGenesis).toBe(true);
  });

  it("does not say so where a known block is not on the chain", () => {
    const cid = at(8).tipset.cids[0] as Network["genesisCid"];
    const pinned = (height: number): AssembledReport =>
      report({ network: { ...network, checkpoints: [{ height, cid }] } });
    expect(pinned(at(8).tipset.height).statements["8-checkpoints"]).toBe(true);
    const elsewhere = pinned(at(9).tipset.height);
    expect(failing(elsewhere)).toEqual(["8-checkpoints"]);
    expect(elsewhere.toGenesis).toBe(false);
    expect(pinned(top + 1).statements["8-checkpoints"]).toBeNull(); // it is not there yet
  });

  it("tells whether the head is of today, which assembling does not hang on", () => {
    const current = (now: number, anchor: Anchor = peers): unknown => report({ now, anchor }).statements["10-current"];
    expect(current(moment(top + 5))).toBe(true);
    expect(current(moment(top + 6))).toBe(false);
    expect(current(moment(top), { kind: "peers", ids: ["a"] })).toBe(false); // one peer's word
    expect(current(moment(top), { kind: "import", ids: ["f"] })).toBeNull();
    expect(current(moment(top), { kind: "stored", ids: [] })).toBeNull();
    expect(report({ now: moment(top + 1000) }).toGenesis).toBe(true);
  });

  it("asks for no beacons and no messages of genesis alone", async () => {
    const alone = await storeMinted({ ...chain, tipsets: [at(0)] }, createMemoryDatabase());
    const found = assembledReport({ ...emptyNeeds(), store: alone, messages: undefined });
    expect(found).toMatchObject({ toGenesis: true, head: 0, tipsets: 1, headers: 1 });
  });
});

function emptyNeeds(): Parameters<typeof assembledReport>[0] {
  return { store, counts: noCounts, network, anchor: peers, messages: { from: 0, to: top }, now: moment(top) };
}

/** A store that holds the chain from its so many-th tipset up. */
async function storedFrom(first: number): Promise<ChainStore> {
  const opened = await openChainStore(createMemoryDatabase(), { genesis: network.genesisCid.bytes });
  const key = at(-1).tipset.key;
  const { id } = await opened.openSpan({ key });
  const upper = chain.tipsets.slice(first).reverse();
  const slices = upper.map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) }));
  await opened.appendRun(id, linkRun({ key }, slices, linkRules(network)));
  await opened.switchHead(key);
  expect(TipsetKey.equals(opened.head?.key ?? TipsetKey.empty, key)).toBe(true);
  return opened;
}
