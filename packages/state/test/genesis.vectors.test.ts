import { CborReader, runSync, toCid } from "@copse/ipld";
import { carBlocks, describeData } from "@copse/testkit";
import { Address, AttoFil, decodeBlockHeader } from "@copse/types";
import { expect, it } from "vitest";
import {
  accountKey,
  actorKind,
  actorsVersion,
  getActor,
  loadStateTree,
  minerInfo,
  minerState,
  networkName,
  nextActorId,
  powerClaim,
  powerTotals,
  resolveId,
  walkPowerClaims,
} from "../src/index.ts";

const genesis = {
  mainnet: "chain/mainnet-genesis.car",
  calibnet: "chain/calibnet-genesis.car",
  export40: "chain/mainnet-export40.car",
} as const;

/** Header blocks of a file: arrays of 16 whose field 5 is a list. */
function headersOf(store: ReturnType<typeof carBlocks>) {
  return [...store.values()]
    .filter((block) => {
      if (block[0] !== 0x90) return false;
      const reader = new CborReader(block);
      reader.array();
      for (let field = 0; field < 5; field++) reader.skip();
      return reader.peekMajor() === 4;
    })
    .map(decodeBlockHeader)
    .sort((a, b) => a.height - b.height);
}

describeData("the mainnet genesis state", [genesis.mainnet, genesis.export40], () => {
  const store = carBlocks(genesis.mainnet);
  const header = headersOf(store)[0] as ReturnType<typeof decodeBlockHeader>;
  const tree = runSync(loadStateTree(header.parentStateRoot), store);

  it("is a bare HAMT of actors v0", () => {
    expect([tree.version, tree.info, tree.actors.version]).toEqual([0, undefined, 0]);
    const power = runSync(getActor(tree, Address.parse("f04")), store);
    expect(power && actorsVersion(power.code)).toBe(0);
  });

  it("knows its name and next ID", () => {
    expect(runSync(networkName(tree), store)).toBe("testnetnet"); // mainnet's own name in its first epochs
    expect(runSync(nextActorId(tree), store)).toBeGreaterThan(1000n);
  });

  it("has three miners of equal power", () => {
    const totals = runSync(powerTotals(tree), store);
    expect(totals.totalQualityAdjPower).toBe(791648371998720n);
    const claims: [string, bigint][] = [];
    runSync(
      walkPowerClaims(tree, (miner, claim) => void claims.push([Address.format(miner), claim.qualityAdjPower])),
      store,
    );
    expect(claims.filter(([, power]) => power > 0n).map(([, power]) => power)).toEqual(
      new Array(3).fill(263882790666240n),
    );
    expect(claims.length).toBe(Number(totals.minerCount));
    for (const [miner, power] of claims) {
      const claim = runSync(powerClaim(tree, Address.parse(miner)), store);
      expect([claim?.qualityAdjPower, claim?.proofType]).toEqual([power, undefined]);
    }
  });

  it("has a key for the worker of each miner of the first 39 epochs", () => {
    const exported = carBlocks(genesis.export40);
    const miners = new Map(headersOf(exported).map(({ miner }) => [Address.format(miner), miner]));
    miners.delete("f00");
    expect(miners.size).toBe(3);
    for (const miner of miners.values()) {
      const info = runSync(minerInfo(tree, miner), store);
      const state = runSync(minerState(tree, miner), store);
      expect([info.proofKind, info.sectorSize, info.consensusFaultElapsed, info.pendingOwner]).toEqual([
        "seal",
        34359738368,
        -1,
        null,
      ]);
      expect([state.feeDebt, info.beneficiary]).toEqual([AttoFil.zero, info.owner]);
      const key = runSync(accountKey(tree, info.worker), store) as Address;
      expect(Address.protocol(key)).toBe(3);
      expect(runSync(resolveId(tree, key), store)).toBe(Address.idOf(info.worker));
    }
  });

  it("has a kind for the code of every actor, and a balance", () => {
    const kinds = new Map<string, number>();
    let sum = 0n;
    for (const [, actor] of tree.actors.entries(store)) {
      const kind = runSync(actorKind(tree, actor.code), store) ?? "none";
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      sum += actor.balance;
    }
    expect(Object.fromEntries(kinds)).toEqual({
      account: 17,
      cron: 1,
      init: 1,
      multisig: 10,
      reward: 1,
      storagemarket: 1,
      storageminer: 3,
      storagepower: 1,
      system: 1,
      verifiedregistry: 1,
    });
    expect(sum).toBe(AttoFil.fromFil(2_000_000_000));
  });

  it("resolves addresses both ways", () => {
    const burnt = Address.parse("f099");
    expect(runSync(getActor(tree, burnt), store)?.balance).toBe(AttoFil.zero);
    expect(runSync(resolveId(tree, Address.parse("f0987654321")), store)).toBe(987654321n);
    expect(runSync(getActor(tree, Address.parse("f0987654321")), store)).toBeUndefined();
    const unknown = Address.actor(new Uint8Array());
    expect(runSync(resolveId(tree, unknown), store)).toBeUndefined();
    expect(runSync(accountKey(tree, unknown), store)).toBeUndefined();
    expect(runSync(accountKey(tree, Address.parse("f04")), store)).toBeUndefined();
    expect(runSync(powerClaim(tree, unknown), store)).toBeUndefined();
  });

  it("is refused where it has no such miner", () => {
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "none";
    };
    expect(code(() => runSync(minerInfo(tree, Address.parse("f0987654321")), store))).toBe("state/actor-missing");
    expect(code(() => runSync(minerInfo(tree, Address.parse("f04")), store))).toBe("state/actor-kind");
  });
});

describeData("the calibnet genesis state", [genesis.calibnet], () => {
  const store = carBlocks(genesis.calibnet);
  const header = headersOf(store)[0] as ReturnType<typeof decodeBlockHeader>;

  it("reads as the mainnet's does", () => {
    const tree = runSync(loadStateTree(header.parentStateRoot), store);
    expect([tree.version, runSync(networkName(tree), store)]).toEqual([0, "calibrationnet"]);
    const totals = runSync(powerTotals(tree), store);
    let sum = 0n;
    const miners: Address[] = [];
    runSync(
      walkPowerClaims(tree, (miner, claim) => {
        sum += claim.qualityAdjPower;
        if (claim.qualityAdjPower > 0n) miners.push(miner);
      }),
      store,
    );
    expect(sum).toBe(totals.totalQualityAdjPower);
    for (const miner of miners) {
      const { worker } = runSync(minerInfo(tree, miner), store);
      expect(runSync(accountKey(tree, worker), store)).toBeDefined();
    }
    expect(toCid(tree.actors.flush().root).equals(header.parentStateRoot)).toBe(true);
  });
});
