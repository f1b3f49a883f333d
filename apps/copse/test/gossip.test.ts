import {
  createGossip,
  createHost,
  emptyChainSource,
  type Gossip,
  type Host,
  serveExchange,
  serveHello,
} from "@copse/network";
import { type BlockMsg, decodeSignedMessage, encodeBlockMsg, encodeSignedMessage, TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import { startServingNode } from "../src/local/serving-node.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";

const known = 30; // epochs the node is synced to before it follows
let on: FollowingNode;

/** A peer of its own: one reject costs it a hundred points, and a few bar it. */
async function startPublisher(): Promise<{ host: Host; gossip: Gossip } & AsyncDisposable> {
  const { chain, node, until } = on;
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
  on = await startFollowingNode("gossip", { known, ahead: 16 });
}, 300_000);
afterAll(() => on?.close());

describe("gossip", () => {
  it("moves the head block by block, checked at every level", { timeout: 120_000 }, async () => {
    const { ahead, changes, node, publisher, verdicts, until } = on;
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
    const { ahead, node, publisher, until } = on;
    const later = ahead[9] as MintedTipset;
    for (const message of blockMessages(later)) await publisher.publishBlock(message);
    await until("the later head", () => node.store.head?.height === later.tipset.height);
  });

  it("accepts a message that is signed and whole", { timeout: 60_000 }, async () => {
    const { chain, publisher, verdicts, until } = on;
    const signed = chain.tipsets.flatMap(({ blocks }) =>
      blocks.flatMap(({ messages }) => messages.secp),
    )[0] as Uint8Array;
    await publisher.publishMessage(signed);
    await until("its verdict", () =>
      verdicts.some(({ topic, verdict }) => topic === "messages" && verdict === "accept"),
    );
  });

  it("rejects each kind of invalid block, which costs the sender score", { timeout: 120_000 }, async () => {
    const { ahead, follower, node, verdicts, until } = on;
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
    const { ahead, chain, publisher, verdicts, until } = on;
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
    const { chain, publisher, verdicts, until } = on;
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

  it("is not waited for where a peer that comes tells a heavier head by hello", { timeout: 60_000 }, async () => {
    const { ahead, chain, node, until } = on;
    const top = ahead.at(-1) as MintedTipset;
    expect(node.store.head?.height).toBeLessThan(top.tipset.height);
    const log = pino({ level: "silent" });
    const silent = await startServingNode(chain, log, new AbortController().signal, { tells: top.tipset });
    try {
      await silent.host.dial(node.host.addresses()[0] as string);
      await until("its head", () => TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, top.tipset.key));
      const { height } = top.tipset;
      await until("its leaders", () => node.store.assurance["leader-checked"][0]?.to === height);
    } finally {
      await silent.close();
    }
  });
});
