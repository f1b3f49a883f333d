import { bls, checkSignatures, secp256k1 } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { cidOf, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import {
  Address,
  type AttoFil,
  type BlockHeader,
  createTipset,
  encodeMessage,
  encodeSignedMessage,
  type Message,
  type Network,
  type SigningKey,
  signMessage,
  type Tipset,
} from "@copse/types";
import { describe, expect, it } from "vitest";
import { createMint } from "../../src/mint/index.ts";
import { messageRoot } from "../../src/rules/message-root.ts";
import { checkBaseFee, checkMessages, type MessageContext } from "../../src/validate/check-messages.ts";
import type { BlockMessages } from "../../src/validate/read-messages.ts";
import { settle } from "../../src/validate/verdict.ts";

await installFastest();
const mint = createMint({ seed: "messages", signatures: "none" });
const { network } = mint;
const template = mint
  .epochs()
  .take(20)
  .map(({ tipset }) => tipset?.blocks[0])
  .find((block) => block !== undefined) as BlockHeader;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const key = (type: 1 | 2 | 3, seed: number): SigningKey => {
  const privateKey = new Uint8Array(32);
  privateKey[type === 2 ? 0 : 31] = seed;
  return { type, privateKey };
};
const blsKey = key(2, 7);
const secpKey = key(1, 7);
const ethKey = key(3, 9);
const blsAddress = Address.fromBls(bls.publicKey(blsKey.privateKey));
const secpAddress = Address.fromSecp256k1(secp256k1.publicKey(secpKey.privateKey));
const ethAddress = Address.delegatedFromSecp256k1(secp256k1.publicKey(ethKey.privateKey));
const fil = (value: bigint) => value as AttoFil;

const message = (from: Address, over: Partial<Message> = {}): Message => ({
  version: 0,
  to: Address.id(1234),
  from,
  nonce: 5n,
  value: fil(1n),
  gasLimit: 1_000_000n,
  gasFeeCap: fil(100n),
  gasPremium: fil(1n),
  method: 0n,
  params: new Uint8Array(0),
  ...over,
});
const ethMessage = (over: Partial<Message> = {}): Message =>
  message(ethAddress, { to: Address.fromEth(new Uint8Array(20).fill(3)), method: 3844450837n, ...over });
const signed = (m: Message, by: SigningKey, ethChainId: number = network.ethChainId): Uint8Array =>
  encodeSignedMessage(signMessage(m, by, { ethChainId }));

/** A tipset of one block per list, with true message roots and the aggregate over its BLS messages. */
function tipsetOf(lists: readonly BlockMessages[], over: Partial<BlockHeader> = {}): Tipset {
  return createTipset(
    lists.map(({ bls: bare, secp }, i): BlockHeader => {
      const signatures = bare.map((bytes) => bls.sign(cidOf(bytes), blsKey.privateKey));
      const data = signatures.length === 0 ? new Uint8Array(96) : bls.aggregate(signatures);
      const root = messageRoot(bare.map(cidOf), secp.map(cidOf)).root;
      return {
        ...template,
        miner: Address.id(2000 + i),
        messages: toCid(root),
        blsAggregate: { type: 2, data },
        ...over,
      };
    }),
  );
}

const run = (
  lists: readonly BlockMessages[],
  over: Partial<BlockHeader> = {},
  context: MessageContext = {},
  rules: Network = network,
) => {
  const tipset = tipsetOf(lists, over);
  // createTipset sorts: the lists follow.
  const roots = lists.map(({ bls: bare, secp }) => `${toCid(messageRoot(bare.map(cidOf), secp.map(cidOf)).root)}`);
  const sorted = tipset.blocks.map(
    ({ messages }, i) => lists[roots.indexOf(`${messages}`)] ?? lists[i] ?? { bls: [], secp: [] },
  );
  const checked = checkMessages(rules, tipset, sorted, context);
  return {
    ...checked,
    codes: settle(checked, checkSignatures(checked.checks, { random })).map(({ code, fate }) => `${fate} ${code}`),
  };
};
const one = (secp: readonly Uint8Array[], bare: readonly Uint8Array[] = []): readonly BlockMessages[] => [
  { bls: bare, secp },
];

describe("checkMessages accepts", () => {
  it("no messages under any aggregate", () => {
    expect(run(one([]), { blsAggregate: { type: 2, data: Uint8Array.of(1) } })).toMatchObject({
      codes: [],
      messageRoots: 1,
    });
  });

  it("messages of all kinds, and counts them", () => {
    const bare = [encodeMessage(message(blsAddress)), encodeMessage(message(blsAddress, { nonce: 6n }))];
    const lists = one([signed(message(secpAddress), secpKey), signed(ethMessage(), ethKey)], bare);
    const { codes, counts, blocks } = run(lists);
    expect(codes).toEqual([]);
    expect(counts).toEqual({ blsAggregates: 1, blsMessages: 2, secpSignatures: 1, delegatedSignatures: 1 });
    const stored = blocks.map(([cid]) => `${toCid(cid)}`);
    expect(stored).toContain(`${tipsetOf(lists).blocks[0]?.messages}`);
    expect(stored).toContain(`${toCid(cidOf(bare[0] as Uint8Array))}`);
  });

  it("a message that two blocks list, checked once", () => {
    const both = signed(message(secpAddress), secpKey);
    const { codes, checks, counts } = run([
      ...one([both]),
      ...one([both, signed(message(secpAddress, { nonce: 6n }), secpKey)]),
    ]);
    expect(codes).toEqual([]);
    expect(checks).toHaveLength(2);
    expect(counts.secpSignatures).toBe(3);
  });

  it("an ID sender once its key is known", () => {
    const alias = Address.id(77);
    const bare = [encodeMessage(message(alias))];
    expect(run(one([], bare)).codes).toEqual(["unresolved block/sender-unresolved"]);
    const accountKeys = new Map([[Address.key(alias), blsAddress]]);
    expect(run(one([], bare), {}, { accountKeys }).codes).toEqual([]);
    const bytes = signed(message(Address.id(78)), secpKey);
    expect(run(one([bytes])).codes).toEqual(["unresolved block/sender-unresolved"]);
    expect(run(one([bytes]), {}, { accountKeys: new Map([[Address.key(Address.id(78)), secpAddress]]) }).codes).toEqual(
      [],
    );
  });

  it("BLS signatures in the other list before network version 14", () => {
    const old = { ...network, genesisVersion: 13, upgrades: [] };
    const bytes = signed(message(blsAddress), blsKey);
    expect(run(one([bytes]), {}, {}, old).codes).toEqual([]);
    expect(run(one([bytes])).codes).toEqual(["invalid block/signature-type-unsupported"]);
  });

  it("nothing at all less of a block the network has listed", () => {
    const lists = one([signed(message(secpAddress, { nonce: 1n, value: fil(-1n) }), secpKey)]);
    const listed = { ...network, whitelistedBlocks: tipsetOf(lists).cids };
    expect(run(lists).codes).toEqual(["invalid block/message-invalid"]);
    expect(run(lists, {}, {}, listed).codes).toEqual([]);
  });
});

describe("checkMessages refuses", () => {
  it("another root than the header's", () => {
    const { codes, messageRoots } = run(one([]), { messages: template.parentStateRoot });
    expect(codes).toEqual(["mismatch block/message-root-wrong"]);
    expect(messageRoots).toBe(0);
  });

  it("what is not the header's own without looking at it: the block is not to blame", () => {
    const tipset = tipsetOf(one([]));
    const { faults, checks, blocks } = checkMessages(network, tipset, [{ bls: [], secp: [Uint8Array.of(0)] }]);
    expect(faults.map(({ fate, code }) => `${fate} ${code}`)).toEqual(["mismatch block/message-root-wrong"]);
    expect([checks, blocks]).toEqual([[], []]);
  });

  it("more messages than a block may list", () => {
    const junk = new Array<Uint8Array>(10_001).fill(Uint8Array.of(0));
    expect(run(one(junk)).codes[0]).toBe("invalid block/message-count-too-large");
  });

  it("bytes that are no message, or not its canonical ones", () => {
    expect(run(one([Uint8Array.of(0x80)])).codes).toEqual(["invalid block/message-malformed"]);
    const good = encodeMessage(message(blsAddress));
    const at = good.findIndex((byte, i) => byte === 0x42 && good[i + 1] === 0 && good[i + 2] === 1); // the value 1
    const padded = concatBytes(good.subarray(0, at), Uint8Array.of(0x43, 0, 0, 1), good.subarray(at + 3));
    expect(run(one([], [padded])).codes).toEqual(["invalid block/message-malformed"]);
  });

  it("broken syntax, gas past the block's limit, gaps in nonces", () => {
    const broken = signed(message(secpAddress, { gasLimit: 1n }), secpKey);
    expect(run(one([broken])).codes).toEqual(["invalid block/message-invalid"]);
    const [a, b] = [5n, 6n].map((nonce) => signed(message(secpAddress, { nonce, gasLimit: 6_000_000_000n }), secpKey));
    expect(run(one([a, b] as Uint8Array[])).codes).toEqual(["invalid block/gas-limit-too-large"]);
    const gap = [5n, 7n].map((nonce) => signed(message(secpAddress, { nonce }), secpKey));
    expect(run(one(gap)).codes).toEqual(["invalid block/nonce-wrong"]);
  });

  it("a gap only for certain: with an alias in the block it may be none", () => {
    const gap = [5n, 7n].map((nonce) => signed(message(secpAddress, { nonce }), secpKey));
    const alias = signed(message(Address.id(9), { nonce: 6n }), secpKey);
    const accountKeys = new Map([[Address.key(Address.id(9)), secpAddress]]);
    expect(run(one([...gap, alias]), {}, { accountKeys }).codes).toEqual(["unresolved block/sender-unresolved"]);
  });

  it("a sender written as an actor's address, in every network version and whatever state holds", () => {
    const actor = Address.actor(Uint8Array.of(7));
    const accountKeys = new Map([[Address.key(actor), secpAddress]]);
    for (const genesisVersion of [0, 12, 13, 18, 25]) {
      const rules = { ...network, genesisVersion, upgrades: [] };
      const secp = encodeSignedMessage({
        message: message(actor),
        signature: { type: 1, data: new Uint8Array(65) },
      });
      for (const lists of [one([secp]), one([], [encodeMessage(message(actor))])]) {
        for (const context of [{}, { accountKeys }, { accountKeys: new Map() }]) {
          expect(run(lists, {}, context, rules).codes).toEqual(["invalid block/sender-kind-wrong"]);
        }
      }
    }
  });

  it("an ID that is no account where it was looked up; elsewhere it is not resolved, and the reason is true", () => {
    const [id, other] = [Address.id(4), Address.id(5)];
    for (const lists of [one([signed(message(id), secpKey)]), one([], [encodeMessage(message(id))])]) {
      const found = (context: MessageContext) =>
        run(lists, {}, context).faults.map(({ fate, code, facts }) => [fate, code, "why" in facts && facts.why]);
      expect(found({ accountKeys: new Map([[Address.key(id), undefined]]) })).toEqual([
        ["invalid", "block/sender-kind-wrong", false],
      ]);
      expect(found({ accountKeys: new Map([[Address.key(other), secpAddress]]) })).toEqual([
        ["unresolved", "block/sender-unresolved", "it was not looked up in the parents' state"],
      ]);
      expect(found({})).toEqual([["unresolved", "block/sender-unresolved", "the parents' state is not at hand"]]);
    }
  });

  it("signatures by another key, each kind", () => {
    expect(run(one([signed(message(secpAddress), key(1, 8))])).codes).toEqual([
      "invalid block/message-signature-wrong",
    ]);
    expect(run(one([signed(ethMessage(), key(3, 8))])).codes).toEqual(["invalid block/message-signature-wrong"]);
    expect(run(one([signed(ethMessage(), ethKey, 314)])).codes).toEqual(["invalid block/message-signature-wrong"]);
    const bare = [encodeMessage(message(Address.fromBls(bls.publicKey(key(2, 8).privateKey))))];
    expect(run(one([], bare)).codes).toEqual(["invalid block/aggregate-wrong"]);
  });

  it("a BLS message whose sender has no BLS key", () => {
    expect(run(one([], [encodeMessage(message(secpAddress))])).codes).toEqual(["invalid block/sender-kind-wrong"]);
  });

  it("eth transactions of before EIP-1559 where the network version does not take them", () => {
    const { message: m, signature } = signMessage(ethMessage(), ethKey, network);
    const legacy = encodeSignedMessage({
      message: m,
      signature: { type: 3, data: concatBytes(Uint8Array.of(1), signature.data) },
    });
    const old = { ...network, genesisVersion: 22, upgrades: [] };
    expect(run(one([legacy]), {}, {}, old).codes).toContain("invalid block/eth-transaction-unsupported");
    expect(run(one([legacy])).codes).not.toContain("invalid block/eth-transaction-unsupported");
  });
});

describe("checkBaseFee", () => {
  it("wants every block to name what the parents' messages give", () => {
    const tipset = tipsetOf(one([]));
    const fee = tipset.blocks[0]?.parentBaseFee ?? 0n;
    expect(checkBaseFee(tipset, fee).faults).toEqual([]);
    expect(checkBaseFee(tipset, fee + 1n).faults).toMatchObject([
      { code: "block/base-fee-wrong", facts: { found: fee, expected: fee + 1n } },
    ]);
  });
});

describe("findings", () => {
  it("are plain data: they cross threads whole", () => {
    const { faults, checks, otherwise } = run(one([signed(message(secpAddress, { gasLimit: 1n }), secpKey)]));
    expect(structuredClone({ faults, checks, otherwise })).toEqual({ faults, checks, otherwise });
  });
});
