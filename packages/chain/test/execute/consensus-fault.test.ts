import { bls } from "@copse/crypto";
import { fromCid } from "@copse/ipld";
import { concatBytes, HostFault } from "@copse/primitives";
import { Address, type BlockHeader, blockCid, encodeBlockHeader, signingBytes, type Tipset } from "@copse/types";
import { describe, expect, it } from "vitest";
import { type FaultContext, verifyConsensusFault } from "../../src/execute/consensus-fault.ts";
import type { MintedMiner } from "../../src/mint/miners.ts";
import { makeChain } from "./made-chain.ts";

const chain = makeChain("faults", 40);
const head = chain.tipsets.findLastIndex((tipset) => tipset !== undefined);
const [miner, other] = chain.mint.miners as [MintedMiner, MintedMiner];
const template = (chain.tipsets[head] as Tipset).blocks[0] as BlockHeader;
const context: FaultContext = {
  network: chain.mint.network,
  view: chain.viewFrom(head),
  epoch: head,
  base: fromCid(chain.mint.genesis.tipset.blocks[0]?.parentStateRoot as BlockHeader["parentStateRoot"]),
  store: chain.store,
};

function sign(fields: Partial<BlockHeader>, by: MintedMiner = miner): BlockHeader {
  const header = { ...template, miner: by.address, ...fields };
  return { ...header, blockSig: { type: 2, data: bls.sign(signingBytes(header), by.privateKey) } };
}

function judge(a: BlockHeader, b: BlockHeader, c?: BlockHeader, within = context): unknown {
  const extra = c === undefined ? new Uint8Array(0) : encodeBlockHeader(c);
  return verifyConsensusFault(within, encodeBlockHeader(a), encodeBlockHeader(b), extra);
}

const older = [blockCid(chain.mint.genesis.tipset.blocks[0] as BlockHeader)];
const one = sign({ height: 20 });
const two = sign({ height: 20, timestamp: one.timestamp + 1 });
const target = miner.id;

describe("verifyConsensusFault", () => {
  it("sees two blocks of one epoch", () => {
    expect(judge(one, two)).toEqual({ target, epoch: 20, type: 1 });
  });

  it("sees two blocks of different epochs on the same parents", () => {
    expect(judge(one, sign({ height: 23 }))).toEqual({ target, epoch: 23, type: 3 });
  });

  it("sees a block that leaves out its miner's own, by a sibling that it names", () => {
    const sibling = sign({ height: 20 }, other);
    const above = sign({ height: 21, parents: [blockCid(sibling)] });
    expect(judge(one, above, sibling)).toEqual({ target, epoch: 21, type: 2 });
    expect(judge(one, above)).toBeUndefined();
    expect(judge(one, sign({ height: 21, parents: [blockCid(sibling), blockCid(one)] }), sibling)).toBeUndefined();
  });

  it("compares parents as Lotus does: in any order, each of the later block's among the earlier one's", () => {
    const [p, q] = [blockCid(one), blockCid(two)];
    const on = (height: number, parents: BlockHeader["parents"], by = miner): BlockHeader =>
      sign({ height, parents }, by);
    const fault = { target, epoch: 23, type: 3 };
    expect(judge(on(20, [p, q]), on(23, [p, q]))).toEqual(fault);
    expect(judge(on(20, [p, q]), on(23, [q, p]))).toEqual(fault);
    expect(judge(on(20, [p, q]), on(23, [p, p]))).toEqual(fault);
    expect(judge(on(20, [p, p]), on(23, [p, q]))).toBeUndefined();
    expect(judge(on(20, [p, q]), on(23, [p]))).toBeUndefined();
    const grinding = (a: BlockHeader["parents"], c: BlockHeader["parents"]): unknown => {
      const sibling = on(20, c, other);
      return judge(on(20, a), on(21, [blockCid(sibling)]), sibling);
    };
    expect(grinding([p, q], [q, p])).toEqual({ target, epoch: 21, type: 2 });
    expect(grinding([p, q], [p, p])).toEqual({ target, epoch: 21, type: 2 });
    expect(grinding([p, p], [p, q])).toBeUndefined();
  });

  it("passes over bytes after a header, as Lotus does", () => {
    const [a, b] = [one, two].map((header) => concatBytes(encodeBlockHeader(header), Uint8Array.of(0)));
    expect(verifyConsensusFault(context, a as Uint8Array, b as Uint8Array, new Uint8Array(0))).toMatchObject({
      type: 1,
    });
  });

  it.each<[string, BlockHeader, BlockHeader, BlockHeader?]>([
    ["the same block twice", one, one],
    ["blocks of two miners", one, sign({ height: 20, timestamp: 1 }, other)],
    ["the later block first", sign({ height: 23 }), one],
    ["blocks that have nothing to do with each other", one, sign({ height: 23, parents: older })],
    ["a block that its miner did not sign", one, { ...two, timestamp: two.timestamp + 1 }],
    ["a block without a signature", one, { ...two, blockSig: null }],
    [
      "a block signed by another miner's key",
      one,
      { ...sign({ height: 20, timestamp: 1 }, other), miner: miner.address },
    ],
    ["a miner that the lookback state does not have", ...unknownMiner()],
  ])("finds none in %s", (_, a, b, c) => {
    expect(judge(a, b, c)).toBeUndefined();
  });

  it.each([0, 1, 2])("finds none where header %i is no header", (which) => {
    const all = [encodeBlockHeader(one), encodeBlockHeader(two), encodeBlockHeader(two)];
    all[which] = Uint8Array.of(0x90, 1, 2);
    expect(verifyConsensusFault(context, ...(all as [Uint8Array, Uint8Array, Uint8Array]))).toBeUndefined();
  });

  it("finds none in blocks older than finality, and none around calibnet's halt", () => {
    expect(judge(one, two, undefined, { ...context, epoch: 921 })).toBeUndefined();
    expect(judge(one, two, undefined, { ...context, epoch: 920 })).toMatchObject({ type: 1 });
    const calibnet = { ...context, network: { ...context.network, name: "calibnet" } };
    const near = [1_070_494 - 899, 1_070_494 + 899].map((height) => sign({ height }));
    expect(judge(near[0] as BlockHeader, near[1] as BlockHeader, undefined, calibnet)).toBeUndefined();
  });

  it("never concludes anything from state that is not at hand", () => {
    const store = { getSync: () => undefined };
    expect(() => judge(one, two, undefined, { ...context, store })).toThrow(HostFault);
  });
});

function unknownMiner(): [BlockHeader, BlockHeader] {
  const stranger = { ...miner, address: Address.id(77_777) };
  return [sign({ height: 20 }, stranger), sign({ height: 20, timestamp: 2 }, stranger)];
}
