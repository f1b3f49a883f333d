import { createMint } from "@copse/chain/mint";
import { createGossip, type Gossip } from "@copse/network";
import { TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MintedChain, MintedTipset } from "../src/local/minted-chain.ts";
import { type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { HeadJudge } from "../src/sync/leader-judge.ts";
import { syncContext } from "../src/sync-context.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";
import { forgeFork } from "./forged-fork.ts";

const seed = "forged fork, followed";
const known = 40;
const ahead = 14;
const from = 30;
const stop = new AbortController();
let on: FollowingNode;
let forged: MintedChain;
let fork: readonly MintedTipset[];
const liars: { readonly node: ServingNode; readonly gossip: Gossip }[] = [];

beforeAll(async () => {
  on = await startFollowingNode(seed, { known, ahead });
  const { node, until, chain } = on;
  forged = forgeFork(chain, createMint({ seed, miners: 3 }), { from, to: known + ahead - 2, states: "claims" });
  fork = forged.tipsets.filter(({ tipset }) => tipset.height > from);
  for (let i = 0; i < 9; i++) {
    // they serve the fork, tell its head, and withhold every state
    const gives = () => ({ getSync: () => undefined });
    const one = await startServingNode(forged, pino({ level: "silent" }), stop.signal, { gives });
    const { p2pName } = chain.mint.network;
    const gossip = createGossip({ host: one.host, networkName: p2pName, messageRoot: () => new Uint8Array(38) });
    gossip.followBlocks();
    liars.push({ node: one, gossip });
    await one.host.dial(node.host.addresses()[0] as string);
  }
  await until("the liars' mesh", () =>
    liars.every(({ gossip }) => gossip.subscribers("blocks").includes(node.host.peer)),
  );
}, 120_000);
afterAll(async () => {
  stop.abort();
  for (const { node, gossip } of liars) {
    gossip.stop();
    await node.close();
  }
  await on?.close();
});

const publish = async (of: MintedTipset, by: Gossip): Promise<void> => {
  for (const message of blockMessages(of)) await by.publishBlock(message);
};
const headKey = (): TipsetKey => on.node.store.head?.key ?? TipsetKey.empty;
const isHonest = (): boolean => on.chain.tipsets.some(({ tipset }) => TipsetKey.equals(tipset.key, headKey()));

describe("a following node that nine of ten peers lie to", () => {
  it("does not go over to a heavier fork whose head is gossiped", { timeout: 120_000 }, async () => {
    const { node, told, until } = on;
    const before = headKey();
    const top = fork.at(-1) as MintedTipset;
    // its parents are missing here: they are fetched from who brought it, down to where it parts
    await publish(top, (liars[0] as (typeof liars)[0]).gossip);
    await until("its judgement", () => told.some((line) => line.includes('"code":"block/')));
    expect(TipsetKey.equals(headKey(), before)).toBe(true);
    expect(node.store.head?.height).toBeLessThanOrEqual(known);
  });

  it("nor to one whose blocks are gossiped from the lowest up", { timeout: 120_000 }, async () => {
    const { verdicts, until } = on;
    const before = headKey();
    const seen = verdicts.length;
    for (const [i, tipset] of fork.slice(0, 8).entries()) {
      await publish(tipset, (liars[(i % 8) + 1] as (typeof liars)[0]).gossip);
    }
    await until("some verdicts", () => verdicts.length > seen + 3);
    expect(verdicts.slice(seen).some(({ verdict }) => verdict === "accept")).toBe(false);
    expect(TipsetKey.equals(headKey(), before)).toBe(true);
  });

  it("nor to one that is told by hello", { timeout: 120_000 }, async () => {
    const { node, until } = on;
    await until("their words", () => node.peers.told >= 10);
    const judge = new HeadJudge(syncContext(node, node.peers.pool, () => {}));
    const lied = topKey(forged);
    // by weight alone it is the fork
    const byWeight = await node.peers.target(5000, stop.signal);
    expect(TipsetKey.equals(byWeight?.key ?? TipsetKey.empty, lied)).toBe(true);
    const target = await node.peers.target(10_000, stop.signal, judge);
    expect(target?.judged).toBe(true);
    expect(target?.supporters).toEqual([on.peer.host.peer]);
    expect(TipsetKey.equals(target?.key ?? TipsetKey.empty, lied)).toBe(false);
    // and they that told it are not listened to any more
    expect(node.peers.told).toBe(1);
  });

  it("goes on along the chain that was won", { timeout: 120_000 }, async () => {
    const { publisher, until } = on;
    for (const next of on.ahead.slice(0, 3)) {
      await publish(next, publisher);
      await until(`head ${next.tipset.height}`, () => TipsetKey.equals(headKey(), next.tipset.key));
    }
    expect(isHonest()).toBe(true);
    const { store } = on.node;
    await until("its leaders' level", () => store.assurance["leader-checked"][0]?.to === store.head?.height);
    expect(store.assurance["leader-checked"]).toEqual([{ from: 0, to: store.head?.height }]);
  });
});

function topKey(of: MintedChain): TipsetKey {
  return (of.tipsets.at(-1) as MintedTipset).tipset.key;
}
