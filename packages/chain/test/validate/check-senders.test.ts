import { bls, secp256k1 } from "@copse/crypto";
import { cidOf, rawCidOf, runSync, toCid } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import { type ActorState, buildGenesisState, loadStateTree, MutableStateTree, type StateTree } from "@copse/state";
import {
  Address,
  AttoFil,
  type BlockHeader,
  createTipset,
  encodeMessage,
  encodeSignedMessage,
  type Message,
  type Network,
} from "@copse/types";
import { describe, expect, it } from "vitest";
import { createMint } from "../../src/mint/index.ts";
import { checkMessages } from "../../src/validate/check-messages.ts";
import { checkSenders } from "../../src/validate/check-senders.ts";
import type { BlockMessages } from "../../src/validate/read-messages.ts";
import { readAccountKeys } from "../../src/validate/senders.ts";
import { HeldBlocks } from "../fixtures/changed-state.ts";

const mint = createMint({ seed: "senders", signatures: "none" });
const { network } = mint;
const template = [...mint.epochs().take(20)].flatMap(({ tipset }) => tipset?.blocks ?? [])[0] as BlockHeader;
const key = new Uint8Array(32).fill(5).with(31, 0);
const sender = Address.fromBls(bls.publicKey(key));
const other = Address.fromSecp256k1(secp256k1.publicKey(key));
const eth = Address.fromEth(new Uint8Array(20).fill(9));
const stranger = Address.delegated(32n, Uint8Array.of(1, 2, 3));
const ethAccount = Address.fromEth(new Uint8Array(20).fill(8));
const [senderId, minerId] = [Address.id(100), Address.id(1000)]; // accounts get IDs from 100 on, in order

const genesis = buildGenesisState({
  networkName: "senders",
  miners: [{ id: 1000, worker: sender, rawBytePower: 1n, qualityAdjPower: 1n, sectorSize: 2 ** 35 }],
  accounts: [sender, other, ethAccount].map((address) => ({ address, balance: AttoFil.zero })),
});
const held = new HeldBlocks(genesis.blocks);

/** The genesis state with nonces, and two placeholders: of Ethereum's manager and of another. */
function stateOf(nonces: readonly (readonly [Address, bigint])[]): StateTree {
  const tree = MutableStateTree.load(held, genesis.root.bytes);
  const head = held.put(Uint8Array.of(0x80));
  for (const address of [eth, stranger]) {
    const code = rawCidOf(utf8("copse local network, no code: placeholder"));
    const placeholder = { code, head, sequence: 0n, balance: 0n, delegatedAddress: address };
    tree.setActor(tree.registerNewAddress(address), placeholder);
  }
  for (const [address, sequence] of nonces) {
    const id = tree.lookupId(address) as bigint;
    tree.setActor(id, { ...(tree.getActor(id) as ActorState), sequence });
  }
  return runSync(loadStateTree(toCid(tree.flush())), held);
}

type From = readonly [from: Address, nonce: bigint];
const message = ([from, nonce]: From): Message => ({
  version: 0,
  to: Address.id(1234),
  from,
  nonce,
  value: AttoFil.fromFil(1n), // that nobody here has: funds are not looked at
  gasLimit: 1_000_000n,
  gasFeeCap: 100n as AttoFil,
  gasPremium: 1n as AttoFil,
  method: 0n,
  params: new Uint8Array(0),
});
const block = (bare: readonly From[], signed: readonly From[] = []): BlockMessages => ({
  bls: bare.map((from) => encodeMessage(message(from))),
  secp: signed.map((from) =>
    encodeSignedMessage({ message: message(from), signature: { type: 1, data: new Uint8Array(65) } }),
  ),
});

const nv = (version: number): Network => ({ ...network, genesisVersion: version, upgrades: [] });
const found = (lists: readonly BlockMessages[], rules: Network = network, tree = state): readonly string[] => {
  const tipset = createTipset(lists.map((_, i) => ({ ...template, miner: Address.id(2000 + i) })));
  // the template's blocks are alike, so their order follows from their miners' alone; each list goes with one
  const { faults } = runSync(checkSenders(rules, tipset, lists, tree), held);
  return faults.map(({ code, fate, facts }) => {
    const nonces = "expected" in facts && typeof facts.expected === "bigint" ? ` ${facts.expected}` : "";
    return `${fate} ${code.slice(6)}${nonces}`;
  });
};
const state = stateOf([
  [sender, 7n],
  [other, 3n],
]);

describe("senders by state", () => {
  it("count on from it, in every block of a tipset anew", () => {
    expect(
      found([
        block(
          [
            [sender, 7n],
            [sender, 8n],
          ],
          [[other, 3n]],
        ),
        block([[sender, 7n]]),
      ]),
    ).toEqual([]); // prettier-ignore
    expect(found([block([[sender, 8n]])])).toEqual(["invalid nonce-wrong 7"]);
    expect(found([block([[sender, 6n]])])).toEqual(["invalid nonce-wrong 7"]);
    expect(
      found([
        block([
          [sender, 7n],
          [sender, 9n],
        ]),
      ]),
    ).toEqual(["invalid nonce-wrong 8"]); // prettier-ignore
    expect(found([block([[sender, 7n]]), block([[sender, 8n]])])).toEqual(["invalid nonce-wrong 7"]);
  });

  it("count under all their addresses together from network version 13 on", () => {
    const mixed = [
      block([
        [sender, 7n],
        [senderId, 8n],
      ]),
    ]; // prettier-ignore
    expect(found(mixed, nv(13))).toEqual([]);
    expect(found(mixed, nv(12))).toEqual(["invalid nonce-wrong 7"]);
    const apart = [
      block([
        [sender, 7n],
        [senderId, 7n],
      ]),
    ]; // prettier-ignore
    expect(found(apart, nv(12))).toEqual([]);
    expect(found(apart, nv(13))).toEqual(["invalid nonce-wrong 8"]);
    // without state nothing could be said of them
    const { faults } = checkMessages(network, createTipset([template]), mixed, { noncesByState: true });
    expect(faults.map(({ code }) => code)).not.toContain("block/sender-unresolved");
  });

  it("written as IDs have the keys of their accounts, or none", () => {
    const actor = Address.actor(Uint8Array.of(1));
    const keys = runSync(readAccountKeys(state, [senderId, sender, minerId, Address.id(999), actor, senderId]), held);
    expect(keys).toEqual(
      new Map([
        [Address.key(senderId), sender],
        [Address.key(minerId), undefined],
        [Address.key(Address.id(999)), undefined],
      ]),
    );
  });

  it("exist", () => {
    expect(found([block([[Address.id(555), 0n]])])).toEqual(["invalid sender-missing"]);
    expect(found([block([], [[Address.fromEth(new Uint8Array(20).fill(1)), 0n]])])).toEqual(["invalid sender-missing"]);
  });

  it("are accounts, and from network version 18 on eth accounts", () => {
    expect(found([block([[minerId, 0n]])])).toEqual(["invalid sender-kind-wrong"]);
    expect(found([block([], [[ethAccount, 0n]])], nv(18))).toEqual([]);
    expect(found([block([], [[ethAccount, 0n]])], nv(17))).toEqual(["invalid sender-kind-wrong"]);
  });

  it("are placeholders only of Ethereum's manager, before they ever sent", () => {
    expect(
      found(
        [
          block(
            [],
            [
              [eth, 0n],
              [eth, 1n],
            ],
          ),
        ],
        nv(18),
      ),
    ).toEqual([]); // prettier-ignore
    expect(found([block([], [[eth, 0n]])], nv(17))).toEqual(["invalid sender-kind-wrong"]);
    expect(found([block([], [[stranger, 0n]])])).toEqual(["invalid sender-kind-wrong"]);
    expect(found([block([], [[eth, 1n]])], network, stateOf([[eth, 1n]]))).toEqual(["invalid sender-kind-wrong"]);
  });

  it("are not asked about in the blocks that stand for ever", () => {
    const tipset = createTipset([template]);
    const spared: Network = { ...network, whitelistedBlocks: tipset.cids };
    const lists = [block([[sender, 70n]])];
    expect(runSync(checkSenders(spared, tipset, lists, state), held).faults).toEqual([]);
    expect(runSync(checkSenders(network, tipset, lists, state), held).faults).toHaveLength(1);
  });

  it("are left alone where a message is none", () => {
    expect(found([{ bls: [Uint8Array.of(1, 2, 3)], secp: [] }])).toEqual([]);
    expect(cidOf(Uint8Array.of(1))).toHaveLength(38);
  });
});
