import { decode, runSync, type SyncBlockReader } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { Address, messageCodec } from "@copse/types";
import { CID } from "multiformats/cid";
import { expect, it } from "vitest";
import {
  accountKey,
  actorKind,
  getActor,
  loadStateTree,
  minerInfo,
  minerState,
  networkName,
  powerClaim,
  powerTotals,
  type StateTree,
} from "../src/index.ts";

describeData("mainnet state of network versions 17 and 18", ["fvm-test-vectors/0001-shark-01"], () => {
  it("is read as far as each vector holds it", { timeout: 120_000 }, () => {
    const tally = new Map<string, number>();
    for (const vector of fvmVectors()) {
      const store = carBlocksOf(vector.car);
      const tree = runSync(loadStateTree(CID.parse(vector.root)), store);
      expect(tree.version).toBe(vector.networkVersion < 18 ? 4 : 5);
      expect(tree.actors.version).toBe(3);
      for (const [what, held] of readAll(tree, vector.messages, store)) {
        const key = `${what}${held ? "" : " (blocks not in the vector)"}`;
        tally.set(key, (tally.get(key) ?? 0) + 1);
      }
    }
    expect(Object.fromEntries([...tally].sort())).toEqual({
      "miner funds": 104,
      "miner funds (blocks not in the vector)": 7,
      "miner info": 87,
      "miner info (blocks not in the vector)": 24,
      "network name": 163,
      "power claim": 37,
      "power claim (blocks not in the vector)": 74,
      "power totals": 44,
      "power totals (blocks not in the vector)": 119,
      "receiver and its kind": 163,
      "sender and its key": 163,
    });
  });
});

function* readAll(
  tree: StateTree,
  messages: readonly Uint8Array[],
  store: SyncBlockReader,
): Generator<readonly [string, boolean]> {
  const held = (run: () => void): boolean => {
    try {
      run();
    } catch (error) {
      if (error instanceof HostFault) return false;
      throw error;
    }
    return true;
  };
  for (const bytes of messages) {
    const { from, to } = decode(messageCodec, bytes);
    yield [
      "sender and its key",
      held(() => {
        const actor = runSync(getActor(tree, from), store);
        expect(actor).toBeDefined();
        const key = runSync(accountKey(tree, from), store) as Address;
        expect([1, 3, 4]).toContain(Address.protocol(key));
      }),
    ];
    let kind: string | undefined;
    yield [
      "receiver and its kind",
      held(() => {
        const actor = runSync(getActor(tree, to), store);
        kind = actor && runSync(actorKind(tree, actor.code), store);
        if (actor !== undefined) expect(kind).toBeDefined();
      }),
    ];
    if (kind !== "storageminer") continue;
    yield [
      "miner info",
      held(() => {
        const info = runSync(minerInfo(tree, to), store);
        expect([info.proofKind, [2 ** 35, 2 ** 36].includes(info.sectorSize)]).toEqual(["window-post", true]);
        expect([8, 9]).toContain(info.proofType);
      }),
    ];
    yield ["miner funds", held(() => void expect(runSync(minerState(tree, to), store).feeDebt >= 0n).toBe(true))];
    yield [
      "power claim",
      held(() => void expect(runSync(powerClaim(tree, to), store)?.rawBytePower).toBeTypeOf("bigint")),
    ];
  }
  yield ["network name", held(() => void expect(runSync(networkName(tree), store)).toBe("mainnet"))];
  yield [
    "power totals",
    held(() => {
      const totals = runSync(powerTotals(tree), store);
      expect(totals.totalQualityAdjPower > 10n * 2n ** 60n).toBe(true);
      expect(totals.minerAboveMinPowerCount > 1000n).toBe(true);
    }),
  ];
}
