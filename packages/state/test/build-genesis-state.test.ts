import { cidKey, fromCid, runSync, verifyBlock } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import {
  accountKey,
  actorKind,
  buildGenesisState,
  type GenesisStateOptions,
  getActor,
  loadStateTree,
  minerFeeDebt,
  minerInfo,
  minerState,
  networkName,
  nextActorId,
  powerClaim,
  powerTotals,
  resolveId,
} from "../src/index.ts";

const bls = (n: number): Address => Address.fromBls(new Uint8Array(48).fill(n));
const secp = (n: number): Address => Address.fromSecp256k1(new Uint8Array(65).fill(n));
const eth = Address.fromEth(new Uint8Array(20).fill(0xee));

const options: GenesisStateOptions = {
  networkName: "local",
  miners: [
    { id: 1000, worker: bls(1), rawBytePower: 2n ** 40n, qualityAdjPower: 2n ** 41n, sectorSize: 2048 },
    { id: 1001, worker: bls(2), owner: secp(2), rawBytePower: 0n, qualityAdjPower: 0n, sectorSize: 2 ** 35 },
    {
      id: 101,
      worker: bls(1),
      rawBytePower: 5n,
      qualityAdjPower: 50n,
      sectorSize: 2 ** 36,
      balance: AttoFil.fromFil(3),
    },
  ],
  accounts: [
    { address: secp(1), balance: AttoFil.fromFil(100) },
    { address: eth, balance: AttoFil.fromFil(7) },
    { address: bls(2), balance: AttoFil.from(1) },
  ],
};

describe("a genesis state", () => {
  const { root, blocks, ids } = buildGenesisState(options);
  const held = new Map(blocks.map(([cid, block]) => [cidKey(cid), block]));
  const store = { getSync: (cid: Uint8Array) => held.get(cidKey(cid)) };
  const tree = runSync(loadStateTree(root), store);

  it("is of the newest version, each block once and under its hash", () => {
    expect([tree.version, runSync(networkName(tree), store), runSync(nextActorId(tree), store)]).toEqual([
      5,
      "local",
      1002n,
    ]);
    expect(held.size).toBe(blocks.length);
    for (const [cid, block] of blocks) expect(verifyBlock(cid, block)).toBe(true);
    expect(held.has(cidKey(fromCid(root)))).toBe(true);
    expect(buildGenesisState(options).root.toString()).toBe(root.toString());
  });

  it("gives IDs in order, past those of miners", () => {
    const order = [secp(1), eth, bls(2), bls(1), secp(2)];
    expect(order.map((address) => ids.get(Address.key(address)))).toEqual([100n, 102n, 103n, 104n, 105n]);
    for (const address of order) {
      expect(runSync(resolveId(tree, address), store)).toBe(ids.get(Address.key(address)));
    }
  });

  it("has accounts with keys and balances", () => {
    for (const { address, balance } of options.accounts) {
      const actor = runSync(getActor(tree, address), store);
      expect(actor?.balance).toBe(balance);
      const id = Address.id(ids.get(Address.key(address)) as bigint);
      expect(runSync(accountKey(tree, id), store)).toEqual(address);
      const kind = actor && runSync(actorKind(tree, actor.code), store);
      expect(kind).toBe(address === eth ? "ethaccount" : "account");
      expect(actor?.delegatedAddress).toEqual(address === eth ? eth : null);
    }
  });

  it("has miners with keys and power", () => {
    expect(runSync(powerTotals(tree), store)).toEqual({
      totalRawBytePower: 2n ** 40n + 5n,
      totalQualityAdjPower: 2n ** 41n + 50n,
      minerCount: 3n,
      minerAboveMinPowerCount: 2n,
    });
    for (const miner of options.miners) {
      const address = Address.id(miner.id);
      const info = runSync(minerInfo(tree, address), store);
      expect(runSync(accountKey(tree, info.worker), store)).toEqual(miner.worker);
      expect(runSync(accountKey(tree, info.owner), store)).toEqual(miner.owner ?? miner.worker);
      expect([info.sectorSize, info.proofKind, info.consensusFaultElapsed]).toEqual([
        miner.sectorSize,
        "window-post",
        -1,
      ]);
      expect(info.beneficiary).toEqual(info.owner);
      const claim = runSync(powerClaim(tree, address), store);
      expect([claim?.qualityAdjPower, claim?.proofType]).toEqual([miner.qualityAdjPower, info.proofType]);
      expect(runSync(minerFeeDebt(tree, address), store)).toBe(AttoFil.zero);
      const { sectors, deadlines } = runSync(minerState(tree, address), store);
      for (const cid of [sectors, deadlines]) expect(held.has(cidKey(fromCid(cid)))).toBe(true);
    }
    expect(runSync(getActor(tree, Address.id(101)), store)?.balance).toBe(AttoFil.fromFil(3));
  });

  it.each([
    ["state/id-taken", { ...options, miners: [options.miners[0], options.miners[0]] }],
    ["state/id-taken", { ...options, miners: [{ ...options.miners[0], id: 4 }] }],
    ["state/proof-unknown", { ...options, miners: [{ ...options.miners[0], sectorSize: 4096 }] }],
    ["state/no-key", { ...options, accounts: [{ address: Address.id(5), balance: AttoFil.zero }] }],
  ] as const)("is refused with %s", (code, wrong) => {
    try {
      buildGenesisState(wrong as GenesisStateOptions);
      expect.unreachable();
    } catch (error) {
      expect(isCopseError(error, "state/") && error.code).toBe(code);
    }
  });
});
