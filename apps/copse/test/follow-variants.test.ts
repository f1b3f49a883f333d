// Who won a block may sign any number of others for the same height, each a sound header that names messages which do not exist. All of them pass
// gossip; whoever is asked for these messages refuses. Neither may hold up the blocks of others, nor be held against who refuses.
import { messageRoot } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { bls } from "@copse/crypto";
import { cidOf, fromCid, toCid } from "@copse/ipld";
import { Address, type BlockHeader, type BlockMsg, type Signature, signingBytes, TipsetKey } from "@copse/types";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { MintedTipset } from "../src/local/minted-chain.ts";
import { blockMessages, type FollowingNode, startFollowingNode } from "./following-node.ts";

const seed = "variants";
const mint = createMint({ seed, miners: 3 });
let on: FollowingNode;
beforeAll(async () => {
  on = await startFollowingNode(seed, { known: 20, ahead: 6 });
}, 120_000);
afterAll(() => on?.close());

/** Block messages of the same win, signed by the same miner, each with messages that nobody has. */
function* variants(of: BlockHeader, count: number): Generator<BlockMsg> {
  const miner = mint.miners.find(({ address }) => Address.equals(address, of.miner));
  for (let i = 0; i < count; i++) {
    const message = toCid(cidOf(Uint8Array.of(0x81, i)));
    const { root } = messageRoot([fromCid(message)], []);
    const unsigned: BlockHeader = { ...of, messages: toCid(root), blockSig: null };
    const data = bls.sign(signingBytes(unsigned), miner?.privateKey as Uint8Array);
    yield {
      header: { ...unsigned, blockSig: { ...(of.blockSig as Signature), data } },
      blsMessages: [message],
      secpMessages: [],
    };
  }
}

it("variants of a won block whose messages nobody has hold up no other block, and no peer that refuses them", {
  timeout: 90_000,
}, async () => {
  const { ahead, node, publisher, verdicts, until } = on;
  const [first, second] = ahead as [MintedTipset, MintedTipset];
  const isHead = ({ tipset }: MintedTipset): boolean =>
    TipsetKey.equals(node.store.head?.key ?? TipsetKey.empty, tipset.key);
  const publish = async (next: MintedTipset): Promise<void> => {
    for (const message of blockMessages(next)) await publisher.publishBlock(message);
  };
  const report = vi.spyOn(node.peers.pool, "report");
  await publish(first);
  await until("the first", () => isHead(first));
  const before = verdicts.length;
  for (const message of variants(first.tipset.blocks[0] as BlockHeader, 10)) await publisher.publishBlock(message);
  await until("the variants", () => verdicts.length >= before + 10);
  expect(verdicts.slice(before).every(({ verdict }) => verdict === "accept")).toBe(true);
  await until("a refusal", () => report.mock.calls.some(([, { kind }]) => kind === "ended" || kind === "failed"));
  await publish(second); // one after another, the variants would take 50 s
  await until("the next head", () => isHead(second));
  expect(report.mock.calls.filter(([, { kind }]) => kind === "failed")).toEqual([]);
  await until("its level", () => node.store.assurance["messages-checked"].at(-1)?.to === second.tipset.height);
});
