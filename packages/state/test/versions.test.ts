import { CborWriter, cidKey, cidOf, fromCid, runAsync, runSync, toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import {
  accountKey,
  actorKind,
  actorsVersion,
  getActor,
  loadStateTree,
  minerInfo,
  minerState,
  networkName,
  powerClaim,
  powerTotals,
  resolveId,
} from "../src/index.ts";
import { key, madeState, treeVersionOf } from "./made-state.ts";

const miner = Address.id(1000);

describe.each([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 17])("state of actors v%i", (actors) => {
  const { root, store } = madeState(actors);
  const tree = runSync(loadStateTree(root), store);

  it("has its tree's version and name", () => {
    expect(tree.version).toBe(treeVersionOf(actors));
    expect(tree.actors.version).toBe(actors === 0 ? 0 : actors === 2 ? 2 : 3);
    expect(runSync(networkName(tree), store)).toBe(`made ${actors}`);
  });

  it("has actors of known kinds", () => {
    const actor = runSync(getActor(tree, miner), store);
    if (actor === undefined) return expect.unreachable();
    expect([actor.nonce, actor.balance]).toEqual([3n, 11n]);
    expect(runSync(actorKind(tree, actor.code), store)).toBe("storageminer");
    expect(actorsVersion(actor.code)).toBe(actors < 8 ? actors : undefined);
  });

  it("has a miner, its worker's key and its power", () => {
    const info = runSync(minerInfo(tree, miner), store);
    expect(info).toMatchObject({
      worker: Address.id(100),
      controlAddresses: [Address.id(100)],
      pendingWorker: { worker: Address.id(101), effectiveAt: 77 },
      proofType: 8,
      proofKind: actors < 3 ? "seal" : "window-post",
      sectorSize: 2 ** 35,
      consensusFaultElapsed: actors === 0 ? -1 : 1234,
      pendingOwner: actors === 0 ? null : Address.id(102),
      beneficiary: Address.id(actors < 9 ? 100 : 103),
    });
    expect(runSync(accountKey(tree, info.worker), store)).toEqual(key);
    expect(runSync(resolveId(tree, key), store)).toBe(100n);
    const state = runSync(minerState(tree, miner), store);
    expect([state.feeDebt, state.initialPledge]).toEqual([actors === 0 ? AttoFil.zero : 33n, 4n]);
    expect(runSync(powerClaim(tree, miner), store)).toEqual({
      proofType: actors === 0 ? undefined : 8,
      rawBytePower: 500n,
      qualityAdjPower: 5000n,
    });
    expect(runSync(powerTotals(tree), store)).toMatchObject({
      totalQualityAdjPower: 5000n,
      minerAboveMinPowerCount: 0n,
    });
  });
});

describe("a read", () => {
  it("needs only the blocks on its way", async () => {
    const { root, store } = madeState(16);
    const asked: string[] = [];
    const reader = {
      async getBytes(cid: Uint8Array) {
        asked.push(cidKey(cid));
        return store.getSync(cid);
      },
    };
    const tree = await runAsync(loadStateTree(root), reader);
    await runAsync(powerClaim(tree, miner), reader);
    await runAsync(powerTotals(tree), reader);
    expect(asked.length).toBe(4); // root, actors, power state, claims
    await runAsync(accountKey(tree, Address.id(100)), reader);
    expect(asked.length).toBe(7); // system state, manifest, account state
  });

  it("sees a singleton's new state when its actor gets one", () => {
    const { root, store } = madeState(16);
    const tree = runSync(loadStateTree(root), store);
    expect(runSync(networkName(tree), store)).toBe("made 16");
    const init = runSync(getActor(tree, Address.id(1)), store);
    if (init === undefined) return expect.unreachable();
    const block = store.getSync(fromCid(init.head)) as Uint8Array;
    const renamed = block.slice();
    renamed[renamed.length - 1] = 0x37;
    store.blocks.set(cidKey(cidOf(renamed)), renamed);
    runSync(tree.actors.set(Address.id(1), { ...init, head: toCid(cidOf(renamed)) }), store);
    expect(runSync(networkName(tree), store)).toBe("made 17");
  });
});

describe("state that is not as it should be", () => {
  const code = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (isCopseError(error)) return error.code;
      throw error;
    }
    return "none";
  };
  const held = (block: Uint8Array) => ({ root: toCid(cidOf(block)), store: { getSync: () => block } });

  it("is refused past version 5", () => {
    const link = cidOf(Uint8Array.of(0x80));
    const { root, store } = held(new CborWriter().array(3).uint(6).link(link).link(link).finish());
    expect(code(() => runSync(loadStateTree(root), store))).toBe("state/version-unknown");
  });

  it("is refused without its singletons", () => {
    const { root, store } = held(Uint8Array.of(0x82, 0x40, 0x80));
    const tree = runSync(loadStateTree(root), store);
    expect(code(() => runSync(networkName(tree), store))).toBe("state/actor-missing");
    expect(code(() => runSync(powerTotals(tree), store))).toBe("state/actor-missing");
    expect(runSync(getActor(tree, Address.id(7)), store)).toBeUndefined();
  });

  it("is refused in a layout nobody knows", () => {
    const { root, store } = madeState(16);
    const tree = runSync(loadStateTree(root), store);
    const power = runSync(getActor(tree, Address.id(4)), store);
    if (power === undefined) return expect.unreachable();
    const block = (store.getSync(fromCid(power.head)) as Uint8Array).slice();
    block[0] = 0x92; // 18 fields
    store.blocks.set(cidKey(fromCid(power.head)), block);
    expect(code(() => runSync(powerTotals(tree), store))).toBe("state/layout-unknown");
  });
});
