import { runSync } from "@copse/ipld";
import { loadStateTree, resolveId } from "@copse/state";
import { Address, type Message, minTimestamp, type Tipset } from "@copse/types";
import { describe, expect, it } from "vitest";
import { checkExecuted, type ExecutionOutcome } from "../../src/execute/check-executed.ts";
import { executableTipset } from "../../src/execute/executable-tipset.ts";
import { selectForExecution } from "../../src/execute/select-for-execution.ts";
import { makeChain } from "./made-chain.ts";

const chain = makeChain("executable", 40);
const root = chain.mint.genesis.tipset.blocks[0]?.parentStateRoot as Tipset["cids"][number];
const tree = runSync(loadStateTree(root), chain.store);
const sender = chain.mint.senders[0]?.address as Address;
const id = Address.id(1000);

const from = (address: Address, nonce: bigint): Message => ({ from: address, nonce }) as Message;
const select = (messages: readonly Message[]): readonly boolean[] =>
  runSync(selectForExecution(tree, messages), chain.store);

describe("selectForExecution", () => {
  it("takes a sender's nonces in a row, once", () => {
    expect(select([from(sender, 4n), from(sender, 4n), from(sender, 5n), from(sender, 7n)])).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it("counts a sender under its ID as soon as one is written so, before and after", () => {
    const known = Address.id(runSync(resolveId(tree, sender), chain.store) as bigint);
    expect(select([from(sender, 4n), from(known, 4n), from(known, 5n), from(sender, 6n)])).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("refuses a sender that nobody is, where IDs are asked for", () => {
    const nobody = Address.parse("f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za");
    expect(select([from(nobody, 0n)])).toEqual([true]);
    expect(() => select([from(nobody, 0n), from(id, 0n)])).toThrow(
      expect.objectContaining({ code: "chain/sender-unresolved" }),
    );
  });
});

describe("executableTipset", () => {
  const minted = [...chain.mint.epochs().take(40)].filter(({ tipset }) => (tipset?.blocks.length ?? 0) > 1);

  it.each(minted.slice(0, 8))("has every message of height $height once", ({ tipset, blocks }) => {
    const made = tipset as Tipset;
    const listed = blocks.map(({ messages }) => messages);
    const { blocks: found, ...head } = runSync(executableTipset(made, made.height - 1, listed), chain.store);
    expect(head).toEqual({
      epoch: made.height,
      parentEpoch: made.height - 1,
      parentStateRoot: root.bytes,
      timestamp: minTimestamp(made),
      baseFee: made.blocks[0]?.parentBaseFee,
    });
    expect(found.map(({ miner }) => miner)).toEqual(made.blocks.map(({ miner }) => miner));
    const once = new Set(listed.flatMap(({ bls, secp }) => [...bls, ...secp]).map((bytes) => bytes.join()));
    expect(found.flatMap(({ messages }) => messages)).toHaveLength(once.size);
    const lengths = new Set([...once].map((text) => text.split(",").length));
    for (const { onChainLength } of found.flatMap(({ messages }) => messages)) expect(lengths).toContain(onChainLength);
  });
});

describe("checkExecuted", () => {
  const child = chain.tipsets.findLast((tipset) => tipset !== undefined) as Tipset;
  const named = child.blocks[0] as Tipset["blocks"][number];
  const right = { stateRoot: named.parentStateRoot.bytes, receiptsRoot: named.parentMessageReceipts.bytes };

  it("finds nothing in what agrees", () => expect(checkExecuted(child, right).faults).toEqual([]));

  it("names each root that differs, in every block", () => {
    const other = child.cids[0]?.bytes as Uint8Array;
    const codes = (executed: ExecutionOutcome): string[] =>
      checkExecuted(child, executed).faults.map(({ code }) => code);
    const all = (code: string): string[] => child.blocks.map(() => code);
    expect(codes({ ...right, stateRoot: other })).toEqual(all("block/parent-state-wrong"));
    expect(codes({ ...right, receiptsRoot: other })).toEqual(all("block/parent-receipts-wrong"));
    const { parentBaseFee } = named;
    expect(codes({ ...right, nextBaseFee: parentBaseFee })).toEqual([]);
    expect(codes({ ...right, nextBaseFee: parentBaseFee + 1n })).toEqual(all("block/base-fee-wrong"));
  });
});
