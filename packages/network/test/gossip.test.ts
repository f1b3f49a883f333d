import { concatBytes } from "@copse/primitives";
import { type BlockMsg, encodeBlockMsg } from "@copse/types";
import { expect, it } from "vitest";
import { createGossip, type Gossip, type GossipNeeds, type GossipVerdict } from "../src/gossip.ts";
import type { Verdict } from "../src/gossip-params.ts";
import { fakeBlock, fakeRoot, fakeSignedMessage } from "./fake-block.ts";
import { connect, startNode, type TestNode, until } from "./nodes.ts";

interface GossipNode extends TestNode {
  readonly gossip: Gossip;
  readonly told: GossipVerdict[];
}

async function gossiper(needs: Partial<GossipNeeds> = {}): Promise<GossipNode> {
  const node = await startNode();
  const told: GossipVerdict[] = [];
  const gossip = createGossip({
    host: node.host,
    networkName: "test",
    messageRoot: fakeRoot,
    onVerdict: (verdict) => told.push(verdict),
    ...needs,
  });
  return { ...node, gossip, told };
}

/** `from` to `to` over one hop; both follow both topics. */
async function joined(from: GossipNode, to: GossipNode): Promise<void> {
  for (const node of [from, to]) {
    node.gossip.followBlocks();
    node.gossip.followMessages();
  }
  await connect(from, to);
  // both ways: a router knows subscriptions by its inbound stream, and drops what it publishes before it has an outbound one
  const knows = (one: GossipNode, other: GossipNode): boolean =>
    one.gossip.subscribers("messages").includes(other.peer) && one.gossip.subscribers("blocks").includes(other.peer);
  await until(() => knows(from, to) && knows(to, from));
}

it("accepts what the validators accept, and passes it on only then", async () => {
  const seen: string[] = [];
  const verdicts: Verdict[] = ["accept", "ignore"];
  const [a, b, c] = await Promise.all([
    gossiper(),
    gossiper({
      validateBlock: ({ block }) => verdicts[block.header.height % 2] ?? "ignore",
      validateMessage: () => "accept",
    }),
    gossiper({
      validateBlock: ({ block, from }) => {
        seen.push(`block ${block.header.height} from ${from}`);
        return "accept";
      },
      validateMessage: ({ message }) => {
        seen.push(`message ${message.message.nonce}`);
        return "accept";
      },
    }),
  ]);
  await joined(a, b);
  await joined(b, c);
  expect(await a.gossip.publishBlock(fakeBlock(11))).toBe(1);
  await a.gossip.publishBlock(fakeBlock(12));
  await a.gossip.publishMessage(fakeSignedMessage(7n));
  await until(() => seen.length === 2);
  expect(seen.sort()).toEqual([`block 12 from ${b.peer}`, "message 7"]);
  expect(b.gossip.verdicts(a.peer)).toEqual({ accept: 2, ignore: 1, reject: 0 });
  await until(() => b.gossip.score(a.peer) > 0); // the router works scores out once a second
});

const bad: readonly (readonly [string, BlockMsg | Uint8Array])[] = [
  ["garbage", Uint8Array.of(1, 2, 3)],
  ["trailing bytes", concatBytes(encodeBlockMsg(fakeBlock(1)), Uint8Array.of(0))],
  ["no block signature", fakeBlock(2, { blockSig: null })],
  ["no win", fakeBlock(3, { electionProof: { winCount: 0, vrfProof: new Uint8Array(96) } })],
  ["no election proof", fakeBlock(4, { electionProof: null })],
  ["other messages than its header names", { ...fakeBlock(5), blsMessages: [] }],
];

it("rejects each kind of unsound block, at a cost to its sender", async () => {
  const [a, b] = await Promise.all([gossiper(), gossiper({ validateBlock: () => "accept" })]);
  await joined(a, b);
  for (const [i, [, block]] of bad.entries()) {
    await a.gossip.publishBlock(block);
    await until(() => b.told.length === i + 1);
  }
  expect(b.told.map(({ verdict }) => verdict)).toEqual(bad.map(() => "reject"));
  expect(b.gossip.verdicts(a.peer)).toEqual({ accept: 0, ignore: 0, reject: bad.length });
  // weight 0.1 x -1000 x the square of six; a little has decayed
  await until(() => b.gossip.score(a.peer) < -3_000);
});

it("rejects unsound messages and what the validator rejects", async () => {
  const [a, b] = await Promise.all([
    gossiper(),
    gossiper({ validateMessage: ({ message }) => (message.message.nonce === 9n ? "reject" : "ignore") }),
  ]);
  await joined(a, b);
  await a.gossip.publishMessage(Uint8Array.of(0x82, 0x80));
  await a.gossip.publishMessage(fakeSignedMessage(1n, { params: new Uint8Array(66_000) }));
  await a.gossip.publishMessage(fakeSignedMessage(2n, { value: (2n * 10n ** 27n) as never }));
  await a.gossip.publishMessage(fakeSignedMessage(9n));
  await a.gossip.publishMessage(fakeSignedMessage(10n));
  await until(() => b.told.length === 5);
  expect(b.told.map(({ verdict }) => verdict)).toEqual(["reject", "reject", "reject", "reject", "ignore"]);
});

it("ignores what nobody judges, and what a broken validator throws at", async () => {
  const [a, b] = await Promise.all([
    gossiper(),
    gossiper({
      validateBlock: ({ block }) => {
        if (block.header.height === 1) throw new Error("our own trouble");
        return "accept";
      },
    }),
  ]);
  await joined(a, b);
  await a.gossip.publishMessage(fakeSignedMessage(1n));
  await a.gossip.publishBlock(fakeBlock(1));
  await until(() => b.told.length === 2);
  expect(b.told.map(({ verdict }) => verdict)).toEqual(["ignore", "ignore"]);
  expect(b.gossip.score(a.peer)).toBeGreaterThanOrEqual(0);
});

it("does not publish more than the topic carries, nor the same twice", async () => {
  const a = await gossiper();
  await expect(a.gossip.publishBlock(new Uint8Array((1 << 20) - (32 << 10) + 1))).rejects.toMatchObject({
    code: "network/publish-too-long",
  });
  await a.gossip.publishBlock(fakeBlock(1));
  await expect(a.gossip.publishBlock(fakeBlock(1))).rejects.toMatchObject({ code: "network/publish-failed" });
});

it("gives up on a slow validator and bounds how many run", async () => {
  const [a, b] = await Promise.all([gossiper(), startNode()]);
  const told: GossipVerdict[] = [];
  const gossip = createGossip(
    {
      host: b.host,
      networkName: "test",
      messageRoot: fakeRoot,
      onVerdict: (v) => told.push(v),
      validateBlock: () => new Promise(() => {}),
    },
    { validationMs: 100, maxValidations: 1 },
  );
  await joined(a, { ...b, gossip, told });
  await a.gossip.publishBlock(fakeBlock(1));
  await a.gossip.publishBlock(fakeBlock(2));
  await until(() => told.length === 2);
  expect(told.map(({ reason }) => reason).sort()).toEqual(["judging took too long", "too many at once"]);
});
