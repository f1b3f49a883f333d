import type { LinkedTipset } from "@copse/chain";
import { tipsetWeight } from "@copse/chain/rules";
import { type ChainSource, serveExchange } from "@copse/network";
import {
  Address,
  type BlockHeader,
  type BlockMsg,
  createTipset,
  encodeBlockHeader,
  type Tipset,
  TipsetKey,
} from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";
import { inventChain } from "./invented-chain.ts";

/** Tipsets that peers serve beside the chain. */
const invented: Tipset[] = [];
const others: ServingNode[] = [];
let on: FollowingNode;

const servesInvented: ServeChain = (host, source) => {
  const tipset: ChainSource["tipset"] = (key) => {
    const found = invented.find((it) => TipsetKey.equals(it.key, key));
    return found === undefined ? source.tipset(key) : { ...found, headers: found.blocks.map(encodeBlockHeader) };
  };
  return serveExchange({ host, source: { ...source, tipset } });
};

beforeAll(async () => {
  on = await startFollowingNode("gossip invented", { known: 20, ahead: 10 }, servesInvented);
}, 120_000);
afterAll(async () => {
  await on?.close();
  await Promise.all(others.map((one) => one.close()));
});

describe("an invented block", () => {
  it("put beside an honest one does not condemn it", { timeout: 60_000 }, async () => {
    const { ahead, chain, peer, publisher, node, verdicts, told, until } = on;
    const [first, second] = ahead as [MintedTipset, MintedTipset];
    const [honest] = first.tipset.blocks as [BlockHeader];
    const { log2Power } = peer.store.reader.tipset(first.tipset.key) as LinkedTipset;
    const [template] = blockMessages(second) as [BlockMsg];
    const height = honest.height + 1;
    // whatever power the child that names them claims
    for (const [i, power] of [log2Power, log2Power + 20, 255].entries()) {
      const winless: BlockHeader = {
        ...honest,
        miner: Address.id(99_999 + i),
        ticket: { vrfProof: new Uint8Array(96).fill(7) },
        electionProof: { winCount: 1, vrfProof: new Uint8Array(96).fill(7) },
      };
      const beside = createTipset([honest, winless]);
      const above: BlockHeader = {
        ...template.header,
        parents: beside.cids,
        parentWeight: tipsetWeight(honest.parentWeight, power, (honest.electionProof?.winCount ?? 0) + 1),
        height,
        timestamp: chain.mint.network.genesisTime + chain.mint.network.blockDelay * height,
      };
      invented.push(beside);
      const before = verdicts.length;
      await publisher.publishBlock({ ...template, header: above });
      await until("the verdict on the block above", () => verdicts.length > before);
      expect(verdicts.at(-1)?.verdict).toBe("ignore");
      const judgements = (): number => told.filter((line) => line.includes("is bad")).length;
      await until("the judgement of its parents", () => judgements() > i);
    }
    expect(told.filter((line) => line.includes("is bad") && !line.includes('"code":"block/'))).toEqual([]);
    for (const next of [first, second]) {
      for (const message of blockMessages(next)) await publisher.publishBlock(message);
      await until(`head ${next.tipset.height}`, () =>
        TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, next.tipset.key),
      );
    }
    expect(verdicts.filter(({ verdict }) => verdict === "reject")).toEqual([]);
  });
});

describe("a told head", () => {
  it("from the future is no target", { timeout: 60_000 }, async () => {
    const { ahead, chain, peer, node, told, until } = on;
    const { network } = chain.mint;
    const top = peer.store.reader.tipset((ahead[1] as MintedTipset).tipset.key) as LinkedTipset;
    const [header] = (ahead[1] as MintedTipset).tipset.blocks as [BlockHeader];
    const now = Math.floor((Date.now() / 1000 - network.genesisTime) / network.blockDelay);
    const made = inventChain(network, { ...top, header }, 20, now + 1000).map((one) => createTipset([one.header]));
    invented.push(...made);
    const tells = made.at(-1) as Tipset;
    const prophet = await startServingNode(chain, pino({ level: "silent" }), new AbortController().signal, {
      tells,
      serve: servesInvented,
    });
    others.push(prophet);
    await node.host.dial(prophet.address);
    await until("its word", () => told.some((line) => line.includes("from the future")));
    const target = await node.peers.target(3000, new AbortController().signal);
    expect(target?.height).toBeLessThan(now);
    expect(node.peers.pool.dropped.size).toBe(0);
  });
});
