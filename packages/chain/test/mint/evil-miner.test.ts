import { bls } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { type AttoFil, type BlockHeader, createTipset, signingBytes, type Tipset } from "@copse/types";
import { describe, expect, it } from "vitest";
import { createMint, type MintedMiner } from "../../src/mint/index.ts";
import type { BlockMessages } from "../../src/validate/read-messages.ts";
import { type Full, verifyAll } from "./verify-minted.ts";

await installFastest();
const mint = createMint({ seed: "evil", forks: 0 });
const epochs = [...mint.epochs().take(12)].filter(({ tipset }) => tipset !== undefined);
const full = (index: number): Full => {
  const { tipset, blocks } = epochs[index] as (typeof epochs)[0];
  return { tipset: tipset as Tipset, messages: blocks.map(({ messages }) => messages) };
};
// The first block that lists BLS messages stands for all: it is alone in its tipset here.
const at = epochs.findIndex(({ blocks }, i) => i > 0 && blocks.some(({ messages }) => messages.bls.length > 0));
const base = full(at - 1);
const whole = full(at);
const which = whole.messages.findIndex(({ bls: bare }) => bare.length > 0);
const header = whole.tipset.blocks[which] as BlockHeader;
const messages = whole.messages[which] as BlockMessages;
const miner = mint.miners.find(({ address }) => address.join() === header.miner.join()) as MintedMiner;

/** What is found of the block once its own miner has altered it and signed it again. */
const codes = (over: Partial<BlockHeader>, listed: BlockMessages = messages): readonly string[] => {
  const altered = { ...header, ...over };
  const data = bls.sign(signingBytes(altered), miner.privateKey);
  const tipset = createTipset([{ ...altered, blockSig: { type: 2, data } }]);
  const faults = verifyAll(mint, base, [{ tipset, messages: [listed] }]);
  return [...new Set(faults.map(({ code, fate }) => `${fate} ${code.slice("block/".length)}`))].sort();
};
const other = (bytes: Uint8Array): Uint8Array => bls.sign(bytes.subarray(0, 32), miner.privateKey);

// Whoever mines a block can sign what they like: for every field a rule checks, another rule than the signature's.
describe("a block that its own miner has altered", () => {
  it("is fine untouched", () => expect(codes({})).toEqual([]));

  it.each<[string, Partial<BlockHeader>, readonly string[]]>([
    [
      "the miner",
      { miner: mint.miners.find((one) => one !== miner)?.address ?? header.miner },
      ["invalid election-proof-wrong", "invalid signature-wrong", "invalid ticket-wrong", "invalid win-count-wrong"],
    ],
    ["the ticket", { ticket: { vrfProof: other(header.ticket?.vrfProof as Uint8Array) } }, ["invalid ticket-wrong"]],
    [
      "the beacon entries",
      { beaconEntries: header.beaconEntries.map(({ round }) => ({ round, signature: new Uint8Array(48) })) },
      ["invalid beacon-signature-wrong", "invalid election-proof-wrong", "invalid ticket-wrong"],
    ],
    [
      "their number",
      { beaconEntries: [] },
      ["invalid beacon-count-wrong", "invalid election-proof-wrong", "invalid ticket-wrong"],
    ],
    ["the weight", { parentWeight: header.parentWeight + 1n }, ["invalid parent-weight-wrong"]],
    ["the base fee", { parentBaseFee: (header.parentBaseFee + 1n) as AttoFil }, ["invalid base-fee-wrong"]],
    ["the time", { timestamp: header.timestamp + 30 }, ["invalid timestamp-wrong"]],
    ["the message root", { messages: header.parentStateRoot }, ["mismatch message-root-wrong"]],
    ["the aggregate", { blsAggregate: { type: 2, data: other(new Uint8Array(32)) } }, ["invalid aggregate-wrong"]],
  ])("%s", (_, over, expected) => expect(codes(over)).toEqual(expected));

  it("the wins and their proof", () => {
    const { winCount, vrfProof } = header.electionProof as { winCount: number; vrfProof: Uint8Array };
    expect(codes({ electionProof: { winCount: winCount + 1, vrfProof } })).toEqual(["invalid win-count-wrong"]);
    expect(codes({ electionProof: { winCount, vrfProof: other(vrfProof) } })).toContain("invalid election-proof-wrong");
  });

  it("the height", () => {
    const later = header.height + 1;
    const found = codes({ height: later, timestamp: header.timestamp + 30 });
    expect(found).toContain("invalid beacon-round-wrong");
    expect(found).toContain("invalid election-proof-wrong");
  });

  it("other messages than its own", () => {
    expect(codes({}, { bls: [], secp: messages.secp })).toEqual(["mismatch message-root-wrong"]);
  });

  it("but what only execution tells is not seen here", () => {
    expect(codes({ parentMessageReceipts: header.messages })).toEqual([]);
    expect(codes({ winPostProof: [] })).toEqual([]);
  });
});
