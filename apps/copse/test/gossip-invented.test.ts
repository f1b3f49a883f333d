import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinkedTipset } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { tipsetWeight } from "@copse/chain/rules";
import { installFastest } from "@copse/crypto/fastest";
import { cidOf, toCid } from "@copse/ipld";
import { type ChainSource, createGossip, type Gossip, type GossipVerdict, serveExchange } from "@copse/network";
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
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { createMetrics } from "../src/metrics.ts";
import { createNode } from "../src/node.ts";
import type { CopseNode } from "../src/node-types.ts";
import { resolveOptions } from "../src/options.ts";
import { assemble } from "../src/sync/assemble.ts";
import { Follower } from "../src/sync/follow.ts";
import { syncContext } from "../src/sync-context.ts";
import { inventChain } from "./invented-chain.ts";

const told: string[] = [];
const log = pino({ level: "warn" }, { write: (line) => told.push(line) });
const stop = new AbortController();
const known = 20; // epochs the node is synced to before it follows
let chain: MintedChain;
let ahead: readonly MintedTipset[];
let dir: string;
let peer: ServingNode;
let publisher: Gossip;
let node: CopseNode;
let follower: Follower;
let following: Promise<void>;
const verdicts: GossipVerdict[] = [];
/** Tipsets that peers serve beside the chain. */
const invented: Tipset[] = [];
const others: ServingNode[] = [];

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 400; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain: ${what}; verdicts ${JSON.stringify(verdicts.slice(-5))}`);
};

const servesInvented: ServeChain = (host, source) => {
  const tipset: ChainSource["tipset"] = (key) => {
    const found = invented.find((it) => TipsetKey.equals(it.key, key));
    return found === undefined ? source.tipset(key) : { ...found, headers: found.blocks.map(encodeBlockHeader) };
  };
  return serveExchange({ host, source: { ...source, tipset } });
};

function blockMessages({ tipset, blocks }: MintedTipset): BlockMsg[] {
  return tipset.blocks.map((header, i) => ({
    header,
    blsMessages: (blocks[i]?.messages.bls ?? []).map((bytes) => toCid(cidOf(bytes))),
    secpMessages: (blocks[i]?.messages.secp ?? []).map((bytes) => toCid(cidOf(bytes))),
  }));
}

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "gossip invented", miners: 3 }), known + 10, () => {}, stop.signal);
  const { network } = chain.mint;
  const base = chain.tipsets.findLast(({ tipset }) => tipset.height <= known) as MintedTipset;
  ahead = chain.tipsets.filter(({ tipset }) => tipset.height > base.tipset.height);
  dir = mkdtempSync(join(tmpdir(), "copse-invented-"));
  peer = await startServingNode(chain, log, stop.signal, { tells: base.tipset, serve: servesInvented });
  publisher = createGossip({ host: peer.host, networkName: network.p2pName, messageRoot: () => new Uint8Array(38) });
  publisher.followBlocks();
  const given = { network: "test", repo: join(dir, "node"), listen: ["/ip4/127.0.0.1/tcp/0"], peer: [peer.address] };
  const options = resolveOptions({ ...given, bootstrap: false, api: "off" }, {});
  const metrics = createMetrics({ process: false });
  node = await createNode(network, options, { log, metrics, version: "0", onLiar: () => {} });
  await node.host.start();
  node.peers.start();
  const target = await node.peers.target(20_000, stop.signal);
  const context = syncContext(node, node.peers.pool, () => {});
  await assemble(target as NonNullable<typeof target>, context, stop.signal);
  follower = new Follower(node, context, log, { onHead: () => {}, onVerdict: (told) => verdicts.push(told) });
  follower.start();
  following = follower.run(stop.signal);
  following.catch(() => {});
  await until("a mesh", () => publisher.subscribers("blocks").length > 0);
}, 120_000);

afterAll(async () => {
  stop.abort(new Error("the tests are over"));
  await following?.catch(() => {});
  follower?.stop();
  publisher?.stop();
  await node?.close();
  await Promise.all([peer, ...others].map((one) => one?.close()));
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

describe("an invented block", () => {
  it("put beside an honest one does not condemn it", { timeout: 60_000 }, async () => {
    const [first, second] = ahead as [MintedTipset, MintedTipset];
    const [honest] = first.tipset.blocks as [BlockHeader];
    const winless: BlockHeader = {
      ...honest,
      miner: Address.id(99_999),
      ticket: { vrfProof: new Uint8Array(96).fill(7) },
      electionProof: { winCount: 1, vrfProof: new Uint8Array(96).fill(7) },
    };
    const beside = createTipset([honest, winless]);
    const { log2Power } = peer.store.reader.tipset(first.tipset.key) as LinkedTipset;
    const [template] = blockMessages(second) as [BlockMsg];
    const height = honest.height + 1;
    const on: BlockHeader = {
      ...template.header,
      parents: beside.cids,
      parentWeight: tipsetWeight(honest.parentWeight, log2Power, (honest.electionProof?.winCount ?? 0) + 1),
      height,
      timestamp: chain.mint.network.genesisTime + chain.mint.network.blockDelay * height,
    };
    invented.push(beside);
    const before = verdicts.length;
    await publisher.publishBlock({ ...template, header: on });
    await until("the verdict on the block above", () => verdicts.length > before);
    expect(verdicts.at(-1)?.verdict).toBe("ignore");
    await until("the judgement of its parents", () => told.some((line) => line.includes("block/")));
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
    const { network } = chain.mint;
    const top = peer.store.reader.tipset((ahead[1] as MintedTipset).tipset.key) as LinkedTipset;
    const [header] = (ahead[1] as MintedTipset).tipset.blocks as [BlockHeader];
    const now = Math.floor((Date.now() / 1000 - network.genesisTime) / network.blockDelay);
    const made = inventChain(network, { ...top, header }, 20, now + 1000).map((one) => createTipset([one.header]));
    invented.push(...made);
    const tells = made.at(-1) as Tipset;
    const prophet = await startServingNode(chain, log, stop.signal, { tells, serve: servesInvented });
    others.push(prophet);
    await node.host.dial(prophet.address);
    await until("its word", () => told.some((line) => line.includes("from the future")));
    const target = await node.peers.target(3000, stop.signal);
    expect(target?.height).toBeLessThan(now);
    expect(node.peers.pool.dropped.size).toBe(0);
  });
});
