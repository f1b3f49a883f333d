import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HeadChange } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { cidOf, toCid } from "@copse/ipld";
import {
  createGossip,
  createHost,
  emptyChainSource,
  type Gossip,
  type GossipVerdict,
  type Host,
  serveExchange,
  serveHello,
} from "@copse/network";
import {
  type BlockMsg,
  decodeSignedMessage,
  encodeBlockMsg,
  encodeSignedMessage,
  type Network,
  TipsetKey,
} from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { createMetrics } from "../src/metrics.ts";
import { createNode } from "../src/node.ts";
import type { CopseNode } from "../src/node-types.ts";
import { resolveOptions } from "../src/options.ts";
import { assemble } from "../src/sync/assemble.ts";
import { Follower } from "../src/sync/follow.ts";
import { syncContext } from "../src/sync-context.ts";

const log = pino({ level: "silent" });
const stop = new AbortController();
const known = 30; // epochs the node is synced to before it follows
let chain: MintedChain;
let ahead: readonly MintedTipset[];
let dir: string;
let peer: ServingNode;
let publisher: Gossip;
let node: CopseNode;
let follower: Follower;
let following: Promise<void>;
const verdicts: GossipVerdict[] = [];
const changes: HeadChange[] = [];

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 600; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain: ${what}; verdicts ${JSON.stringify(verdicts.slice(-5))}`);
};

/** Block messages of a minted tipset, as gossip carries them. */
function blockMessages({ tipset, blocks }: MintedTipset): BlockMsg[] {
  return tipset.blocks.map((header, i) => ({
    header,
    blsMessages: (blocks[i]?.messages.bls ?? []).map((bytes) => toCid(cidOf(bytes))),
    secpMessages: (blocks[i]?.messages.secp ?? []).map((bytes) => toCid(cidOf(bytes))),
  }));
}

/** A peer of its own: one reject costs it a hundred points, and a few bar it. */
async function startPublisher(): Promise<{ host: Host; gossip: Gossip } & AsyncDisposable> {
  const { p2pName } = chain.mint.network;
  const host = await createHost({ networkName: p2pName, kad: false, privateNetwork: true });
  const exchange = await serveExchange({ host, source: emptyChainSource });
  const key = TipsetKey.fromCids([chain.mint.network.genesisCid]);
  const hello = await serveHello({
    host,
    genesis: chain.mint.network.genesisCid.bytes,
    head: () => ({ head: key, height: 0, weight: 0n }),
    onHead: () => {},
  });
  const gossip = createGossip({ host, networkName: p2pName, messageRoot: () => new Uint8Array(38) });
  await host.start();
  await host.dial(node.host.addresses()[0] as string);
  gossip.followBlocks();
  gossip.followMessages();
  await until(
    "a mesh",
    () =>
      gossip.subscribers("blocks").includes(node.host.peer) && gossip.subscribers("messages").includes(node.host.peer),
  );
  return {
    host,
    gossip,
    async [Symbol.asyncDispose]() {
      gossip.stop();
      await hello.stop();
      await exchange.stop();
      await host.stop();
    },
  };
}

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "gossip", miners: 3 }), known + 16, () => {}, stop.signal);
  const base = chain.tipsets.findLast(({ tipset }) => tipset.height <= known) as MintedTipset;
  ahead = chain.tipsets.filter(({ tipset }) => tipset.height > base.tipset.height);
  dir = mkdtempSync(join(tmpdir(), "copse-gossip-"));
  peer = await startServingNode(chain, log, stop.signal, { tells: base.tipset });
  const network: Network = chain.mint.network;
  publisher = createGossip({ host: peer.host, networkName: network.p2pName, messageRoot: () => new Uint8Array(38) });
  publisher.followBlocks();
  publisher.followMessages();
  const options = resolveOptions(
    {
      network: "test",
      repo: join(dir, "node"),
      listen: ["/ip4/127.0.0.1/tcp/0"],
      peer: [peer.address],
      bootstrap: false,
      api: "off",
    },
    {},
  );
  node = await createNode(network, options, {
    log,
    metrics: createMetrics({ process: false }),
    version: "0",
    onLiar: () => {},
  });
  await node.host.start();
  node.peers.start();
  const target = await node.peers.target(20_000, stop.signal);
  const context = syncContext(node, node.peers.pool, () => {});
  await assemble(target as NonNullable<typeof target>, context, stop.signal);
  follower = new Follower(node, context, log, {
    onHead: (change) => changes.push(change),
    onVerdict: (told) => verdicts.push(told),
  });
  follower.start();
  following = follower.run(stop.signal);
  following.catch(() => {});
  await until(
    "a mesh",
    () => publisher.subscribers("blocks").length > 0 && publisher.subscribers("messages").length > 0,
  );
}, 300_000);

afterAll(async () => {
  stop.abort(new Error("the tests are over"));
  await following?.catch(() => {});
  follower?.stop();
  publisher?.stop();
  await node?.close();
  await peer?.close();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

describe("gossip", () => {
  it("moves the head block by block, checked at every level", { timeout: 120_000 }, async () => {
    expect(node.store.head?.height).toBeLessThanOrEqual(known);
    for (const next of ahead.slice(0, 6)) {
      for (const message of blockMessages(next)) await publisher.publishBlock(message);
      await until(`head ${next.tipset.height}`, () =>
        TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, next.tipset.key),
      );
    }
    const top = ahead[5]?.tipset.height as number;
    for (const level of ["linked", "beacon-checked", "messages-checked", "leader-checked"] as const) {
      await until(level, () => node.store.assurance[level].some(({ from, to }) => from === 0 && to === top));
    }
    expect(changes.flatMap(({ apply }) => apply.map(({ height }) => height))).toContain(top);
    expect(verdicts.filter(({ verdict }) => verdict === "reject")).toEqual([]);
    expect(publisher.score(node.host.peer)).toBeGreaterThanOrEqual(0);
  });

  it("fetches the parents of a block that comes too early", { timeout: 120_000 }, async () => {
    const later = ahead[9] as MintedTipset;
    for (const message of blockMessages(later)) await publisher.publishBlock(message);
    await until("the later head", () => node.store.head?.height === later.tipset.height);
  });

  it("accepts a message that is signed and whole", { timeout: 60_000 }, async () => {
    const signed = chain.tipsets.flatMap(({ blocks }) =>
      blocks.flatMap(({ messages }) => messages.secp),
    )[0] as Uint8Array;
    await publisher.publishMessage(signed);
    await until("its verdict", () =>
      verdicts.some(({ topic, verdict }) => topic === "messages" && verdict === "accept"),
    );
  });

  it("rejects each kind of invalid block, which costs the sender score", { timeout: 120_000 }, async () => {
    const [good] = blockMessages(ahead[10] as MintedTipset) as [BlockMsg];
    const { header } = good;
    const wrong = (bytes: Uint8Array | undefined, at: number): Uint8Array =>
      (bytes ?? new Uint8Array(96)).with(at, (bytes?.[at] ?? 0) ^ 1);
    const cases: Record<string, Uint8Array> = {
      garbage: Uint8Array.of(1, 2, 3),
      "trailing bytes": Uint8Array.from([...encodeBlockMsg(good), 0]),
      "no signature": encodeBlockMsg({ ...good, header: { ...header, blockSig: null } }),
      "no win": encodeBlockMsg({
        ...good,
        header: {
          ...header,
          electionProof: { winCount: 0, vrfProof: header.electionProof?.vrfProof ?? new Uint8Array() },
        },
      }),
      "other messages": encodeBlockMsg({ ...good, blsMessages: [...good.blsMessages, header.messages] }),
      "wrong time": encodeBlockMsg({ ...good, header: { ...header, timestamp: header.timestamp + 1 } }),
      "wrong beacon": encodeBlockMsg({
        ...good,
        header: {
          ...header,
          beaconEntries: header.beaconEntries.map((entry) => ({ ...entry, round: entry.round + 1 })),
        },
      }),
      "wrong signature": encodeBlockMsg({
        ...good,
        header: { ...header, blockSig: { type: 2, data: wrong(header.blockSig?.data, 20) } },
      }),
      "wrong ticket": encodeBlockMsg({
        ...good,
        header: { ...header, ticket: { vrfProof: wrong(header.ticket?.vrfProof, 20) } },
      }),
      "a win too many": encodeBlockMsg({
        ...good,
        header: {
          ...header,
          electionProof: { ...(header.electionProof as NonNullable<typeof header.electionProof>), winCount: 9 },
        },
      }),
    };
    const head = node.store.head?.height;
    for (const [what, bytes] of Object.entries(cases)) {
      await using stranger = await startPublisher();
      await stranger.gossip.publishBlock(bytes);
      await until(`the verdict on ${what}`, () => verdicts.some((told) => told.peer === stranger.host.peer));
      expect(
        verdicts.filter((told) => told.peer === stranger.host.peer),
        what,
      ).toMatchObject([{ topic: "blocks", verdict: "reject" }]);
      await until(`the price of ${what}`, () => follower.gossip.score(stranger.host.peer) < -50);
    }
    expect(node.store.head?.height).toBe(head);
  });

  it("ignores what is out of range", { timeout: 60_000 }, async () => {
    const [good] = blockMessages(ahead[10] as MintedTipset) as [BlockMsg];
    const { genesisTime, blockDelay } = chain.mint.network;
    const height = good.header.height + 100_000_000;
    const before = verdicts.length;
    await publisher
      .publishBlock(
        encodeBlockMsg({ ...good, header: { ...good.header, height, timestamp: genesisTime + blockDelay * height } }),
      )
      .catch(() => {});
    await until("its verdict", () => verdicts.length > before);
    expect(verdicts.at(-1)).toMatchObject({ verdict: "ignore" });
  });

  it("rejects a message whose signature is another's", { timeout: 60_000 }, async () => {
    const bytes = chain.tipsets.flatMap(({ blocks }) =>
      blocks.flatMap(({ messages }) => messages.secp),
    )[1] as Uint8Array;
    const signed = decodeSignedMessage(bytes);
    const forged = { ...signed, message: { ...signed.message, nonce: signed.message.nonce + 1n } };
    const before = verdicts.length;
    await publisher.publishMessage(encodeSignedMessage(forged)).catch(() => {});
    await until("its verdict", () => verdicts.length > before);
    expect(verdicts.at(-1)).toMatchObject({ topic: "messages", verdict: "reject" });
  });
});
