// Headers without parents cost nothing to make. A peer that sends many, and keeps whoever asks it for their parents waiting, must not
// hold up what others bring.
import { rawCidOf, toCid } from "@copse/ipld";
import { createGossip, type Gossip, serveExchange } from "@copse/network";
import { utf8 } from "@copse/primitives";
import { Address, type BlockHeader, type BlockMsg, TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";

/** Answers to what is not of the chain never come. */
const keepsWaiting: ServeChain = (host, source) =>
  serveExchange(
    { host, source: { ...source, tipset: (key) => source.tipset(key) ?? new Promise(() => {}) } },
    { maxPerPeer: 1000, maxConcurrent: 1000 },
  );

/** What the honest peer gives by gossip only: else it would show it with its parents, once it is told as its head. */
let unshown = TipsetKey.empty;
/** Once these are asked for, which are its parents, it gives all: its messages are to be had then. */
let asked = TipsetKey.empty;
const showsLess: ServeChain = (host, source) =>
  serveExchange({
    host,
    source: {
      ...source,
      tipset(key) {
        if (TipsetKey.equals(key, asked)) unshown = TipsetKey.empty;
        return TipsetKey.equals(key, unshown) ? undefined : source.tipset(key);
      },
    },
  });

let on: FollowingNode;
let honest: ServingNode;
let teller: Gossip;

beforeAll(async () => {
  on = await startFollowingNode("flood", { known: 20, ahead: 6 }, keepsWaiting);
  const { chain, ahead, node, until } = on;
  const tells = chain.tipsets.findLast(({ tipset }) => tipset.height < (ahead[0] as MintedTipset).tipset.height);
  honest = await startServingNode(chain, pino({ level: "silent" }), new AbortController().signal, {
    tells: tells?.tipset,
    serve: showsLess,
  });
  unshown = (ahead[1] as MintedTipset).tipset.key;
  asked = (ahead[0] as MintedTipset).tipset.key;
  teller = createGossip({
    host: honest.host,
    networkName: chain.mint.network.p2pName,
    messageRoot: () => new Uint8Array(38),
  });
  teller.followBlocks();
  await node.host.dial(honest.address);
  await until("a mesh with it", () => teller.subscribers("blocks").length > 0);
}, 120_000);
afterAll(async () => {
  teller?.stop();
  await on?.close();
  await honest?.close();
});

describe("a flood of invented blocks without parents", () => {
  it("holds up no block that another peer brings", { timeout: 90_000 }, async () => {
    const { ahead, chain, publisher, node, verdicts, told, until } = on;
    const [first, second] = ahead as [MintedTipset, MintedTipset];
    const [template] = blockMessages(first) as [BlockMsg];
    const { genesisTime, blockDelay } = chain.mint.network;
    const height = first.tipset.height - 5; // below what is honest: nothing is lower
    for (let i = 0; i < 120; i++) {
      const header: BlockHeader = {
        ...template.header,
        miner: Address.id(90_000 + i),
        parents: [toCid(parentOf(i))],
        height,
        timestamp: genesisTime + blockDelay * height,
      };
      await publisher.publishBlock({ ...template, header });
    }
    await until("the flood", () => verdicts.length >= 120);
    // its parents come by no gossip: they are to be asked for
    for (const message of blockMessages(second)) await teller.publishBlock(message);
    await until("the head it brings", () =>
      TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, second.tipset.key),
    );
    expect(verdicts.filter(({ verdict }) => verdict === "reject")).toEqual([]);
    expect(told.filter((line) => line.includes("is bad"))).toEqual([]);
  });
});

/** CID of a header that nobody has. */
const parentOf = (i: number): Uint8Array => {
  const cid = rawCidOf(utf8(`nobody's ${i}`)).slice();
  cid[1] = 0x71; // DAG-CBOR
  return cid;
};
