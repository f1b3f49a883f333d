import { rawCidOf, runSync, toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { Address, AttoFil } from "@copse/types";
import { describe, expect, it } from "vitest";
import { dataCapAllowances, dataCapBalances, dataCapState } from "../src/actors/data-cap.ts";
import { evmBytecode, evmSlots, evmState } from "../src/actors/evm.ts";
import {
  accountState,
  actorCodes,
  actorState,
  cronEvents,
  cronState,
  initAddresses,
  initState,
  powerClaims,
  powerState,
  rewardState,
  systemState,
} from "../src/actors/index.ts";
import { lockedBalance, type MultisigState, multisigState, pendingTransactions } from "../src/actors/multisig.ts";
import { paymentChannelState, paymentLanes } from "../src/actors/payment-channel.ts";
import { loadStateTree } from "../src/index.ts";
import { Blocks, big, bytes, id, int, link, nil, text, tuple, uint } from "./made-actors.ts";
import { madeState } from "./made-state.ts";

const key = Address.fromBls(new Uint8Array(48).fill(5));
const made = new Blocks();
const versions = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

/** The head of the only actor of a kind, in a state of its own. */
function treeOf(kind: string, head: Uint8Array | undefined, at = 100) {
  const system = [0, "system", undefined] as const;
  return runSync(loadStateTree(made.tree(kind === "system" ? [system] : [system, [at, kind, head]], 5)), made);
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return isCopseError(error) ? error.code : `${error}`;
  }
  return "none";
};

describe("actors of one form in all versions", () => {
  it("system: the code of each kind", () => {
    const tree = treeOf("account", made.put(tuple(bytes(key))));
    expect([...runSync(actorCodes(tree), made).keys()]).toEqual(["system", "account"]);
    expect(runSync(systemState(tree), made).builtinActors.code).toBe(0x71);
  });

  it("init: addresses, the next ID and the network's name", () => {
    const addresses = made.hamt([[key, uint(100)]]);
    const state = runSync(initState(treeOf("init", made.put(tuple(link(addresses), uint(101), text("net"))), 1)), made);
    expect([state.nextId, state.networkName]).toEqual([101n, "net"]);
    expect([...runSync(initAddresses(state), made).entries(made)]).toEqual([[key, 100n]]);
  });

  it("cron: its calls", () => {
    const head = made.put(tuple(tuple(tuple(id(4), uint(5)), tuple(id(5), uint(2n ** 63n)))));
    expect(runSync(cronState(treeOf("cron", head, 3)), made).entries).toEqual([
      { receiver: Address.id(4), method: 5n },
      { receiver: Address.id(5), method: 2n ** 63n },
    ]);
  });

  it("account: its key", () => {
    const tree = treeOf("account", made.put(tuple(bytes(key))));
    expect(runSync(accountState(tree, Address.id(100)), made)).toEqual({ address: key });
  });

  it("reward: all of it", () => {
    const head = made.put(
      tuple(
        big(1n),
        big(2n),
        int(3),
        big(4n),
        big(5n),
        tuple(big(6n), big(-7n)),
        big(8n),
        int(9),
        big(10n),
        big(11n),
        big(12n),
      ),
    );
    expect(runSync(rewardState(treeOf("reward", head, 2)), made)).toEqual({
      cumsumBaseline: 1n,
      cumsumRealized: 2n,
      effectiveNetworkTime: 3,
      effectiveBaselinePower: 4n,
      thisEpochReward: 5n,
      thisEpochRewardSmoothed: { position: 6n, velocity: -7n },
      thisEpochBaselinePower: 8n,
      epoch: 9,
      totalStoragePowerReward: 10n,
      simpleTotal: 11n,
      baselineTotal: 12n,
    });
  });

  it("multisig: signers, and transactions by signed IDs", () => {
    const call = tuple(id(5), big(77n), uint(2), bytes(Uint8Array.of(1, 2)), tuple(id(101)));
    const pending = made.byInt([
      [0, call],
      [3, call],
    ]);
    const far = 2n ** 62n; // nobody checks what a creator chooses
    const head = made.put(
      tuple(tuple(id(101), id(102)), uint(2), int(4), big(1000n), int(far), int(far), link(pending)),
    );
    const state = runSync(multisigState(treeOf("multisig", head), Address.id(100)), made);
    expect(state).toMatchObject({
      signers: [Address.id(101), Address.id(102)],
      numApprovalsThreshold: 2,
      nextTransactionId: 4n,
      initialBalance: 1000n,
      startEpoch: far,
      unlockDuration: far,
    });
    const calls = runSync(pendingTransactions(state), made);
    expect([...calls.keys(made)].sort()).toEqual([0n, 3n]);
    expect(calls.getSync(3n, made)).toEqual({
      to: Address.id(5),
      value: 77n,
      method: 2n,
      params: Uint8Array.of(1, 2),
      approved: [Address.id(101)],
    });
  });

  it("multisig: what is locked falls in a line, rounded up", () => {
    const state = { initialBalance: AttoFil.from(10), startEpoch: 100n, unlockDuration: 3n } as MultisigState;
    expect([99n, 100n, 101n, 102n, 103n, 104n].map((epoch) => lockedBalance(state, epoch))).toEqual([
      10n,
      10n,
      7n,
      4n,
      0n,
      0n,
    ]);
    expect(lockedBalance({ ...state, unlockDuration: 0n }, 0n)).toBe(10n);
    expect(lockedBalance({ ...state, unlockDuration: 0n }, 100n)).toBe(0n);
  });

  it("payment channel: who pays whom, and lanes", () => {
    const lanes = made.amt([tuple(big(5n), uint(2n ** 64n - 1n)), tuple(big(6n), uint(1))], 3);
    const head = made.put(tuple(id(101), id(102), big(11n), int(2n ** 62n), int(-1), link(lanes)));
    const state = runSync(paymentChannelState(treeOf("paymentchannel", head), Address.id(100)), made);
    expect(state).toMatchObject({
      from: Address.id(101),
      to: Address.id(102),
      toSend: 11n,
      settlingAt: 2n ** 62n,
      minSettleHeight: -1n,
    });
    expect([...runSync(paymentLanes(state), made).entries(made)]).toEqual([
      [0n, { redeemed: 5n, nonce: 2n ** 64n - 1n }],
      [1n, { redeemed: 6n, nonce: 1n }],
    ]);
  });

  it("data cap: balances and allowances, in trees of the width it says", () => {
    const balances = made.byUint([[1000, big(10n ** 18n)]], 3);
    const allowances = made.byUint([[1000, link(made.byUint([[5, big(7n)]], 3))]], 3);
    const head = made.put(tuple(id(6), tuple(big(10n ** 18n), link(balances), link(allowances), uint(3))));
    const state = runSync(dataCapState(treeOf("datacap", head, 7)), made);
    expect([state.governor, state.token.supply]).toEqual([Address.id(6), 10n ** 18n]);
    expect([...runSync(dataCapBalances(state), made).entries(made)]).toEqual([[1000n, 10n ** 18n]]);
    expect(runSync(dataCapAllowances(state, 1000n), made)?.getSync(5n, made)).toBe(7n);
    expect(runSync(dataCapAllowances(state, 1001n), made)).toBeUndefined();
  });
});

describe.each(versions.filter((version) => version >= 10))("an EVM contract of actors v%i", (version) => {
  const code = Uint8Array.of(0xfe, 0x60);
  const slots = made.kamt([
    [0n, 1n],
    [2n ** 255n, 2n ** 256n - 1n],
  ]);
  const headOf = (transient: Uint8Array, tombstone: Uint8Array) => {
    const fields = [link(made.put(code, rawCidOf(code))), bytes(new Uint8Array(32).fill(9)), link(slots)];
    return made.put(tuple(...fields, ...(version < 16 ? [] : [transient]), uint(3), tombstone));
  };

  it("has bytecode and storage", () => {
    const state = runSync(evmState(treeOf("evm", headOf(nil, nil)), Address.id(100)), made);
    expect([state.nonce, state.tombstone, state.transientData]).toEqual([3n, null, version < 16 ? undefined : null]);
    expect(runSync(evmBytecode(state), made)).toEqual(code);
    const storage = runSync(evmSlots(state), made);
    expect([0n, 1n, 2n ** 255n].map((slot) => runSync(storage.get(slot), made))).toEqual([
      1n,
      undefined,
      2n ** 256n - 1n,
    ]);
  });

  it("has a tombstone when it destroyed itself", () => {
    const transient = tuple(link(slots), tuple(uint(100), uint(7)));
    const state = runSync(evmState(treeOf("evm", headOf(transient, tuple(uint(100), uint(8)))), Address.id(100)), made);
    expect(state.tombstone).toEqual({ origin: 100n, nonce: 8n });
    const expected = { state: toCid(slots), lifespan: { origin: 100n, nonce: 7n } };
    expect(state.transientData).toEqual(version < 16 ? undefined : expected);
  });
});

describe.each(versions)("power of actors v%i", (version) => {
  const claims = made.byId([[1000, tuple(int(8), big(500n), big(5000n))]]);
  const calls = made.amt([tuple(id(1000), bytes(Uint8Array.of(0x81, 1)))], 6);
  const queue = made.byInt([[77, link(calls)]], 6);
  const totals = [500n, 600n, 5000n, 6000n, 7n, 8n, 9n, 10n].map(big);
  const ramp = version < 15 ? [] : [int(-1), uint(365)];
  const counts = [tuple(big(11n), big(12n)), int(1), int(2), ...ramp, link(queue), int(13), link(claims), nil];

  it("has totals, claims and calls to come", () => {
    const state = runSync(powerState(treeOf("storagepower", made.put(tuple(...totals, ...counts)), 4)), made);
    expect(state).toMatchObject({
      totalRawBytePower: 500n,
      totalBytesCommitted: 600n,
      totalQualityAdjPower: 5000n,
      totalQABytesCommitted: 6000n,
      totalPledgeCollateral: 7n,
      thisEpochPledgeCollateral: 10n,
      minerAboveMinPowerCount: 2n,
      rampStartEpoch: version < 15 ? undefined : -1n,
      rampDurationEpochs: version < 15 ? undefined : 365n,
      firstCronEpoch: 13,
      proofValidationBatch: null,
    });
    expect([...runSync(powerClaims(state), made).entries(made)]).toEqual([
      [Address.id(1000), { proofType: 8, rawBytePower: 500n, qualityAdjPower: 5000n }],
    ]);
    const events = runSync(cronEvents(state, 77), made);
    expect([...(events?.entries(made) ?? [])]).toEqual([
      [0n, { miner: Address.id(1000), payload: Uint8Array.of(0x81, 1) }],
    ]);
    expect(runSync(cronEvents(state, 78), made)).toBeUndefined();
  });
});

describe("any actor", () => {
  it("has its kind and, where there is any, its state", () => {
    const account = made.put(tuple(bytes(key)));
    const kinds = [
      [0, "system", undefined],
      [1, "init", made.put(tuple(link(made.hamt([])), uint(101), text("net")))],
      [100, "account", account],
      [101, "placeholder", undefined],
      [102, "eam", undefined],
      [103, "ethaccount", undefined],
      [104, "not built in", undefined],
    ] as const;
    const tree = runSync(loadStateTree(made.tree(kinds, 5)), made);
    const found = [100, 101, 102, 103].map((at) => runSync(actorState(tree, Address.id(at)), made));
    expect(found.map((one) => [one?.kind, one?.state])).toEqual([
      ["account", { address: key }],
      ["placeholder", null],
      ["eam", null],
      ["ethaccount", null],
    ]);
    expect(found[0]?.actor.balance).toBe(5n);
    expect(runSync(actorState(tree, Address.id(999)), made)).toBeUndefined();
    expect(codeOf(() => runSync(actorState(tree, Address.id(104)), made))).toBe("state/actor-kind");
  });
});

describe("what is not as expected", () => {
  it("has a code: a kind, a count of fields, bytes behind, old actors, nobody there", () => {
    const tree = treeOf("account", made.put(tuple(bytes(key))));
    expect(codeOf(() => runSync(multisigState(tree, Address.id(100)), made))).toBe("state/actor-kind");
    expect(codeOf(() => runSync(multisigState(tree, Address.id(101)), made))).toBe("state/actor-missing");
    expect(codeOf(() => runSync(rewardState(tree), made))).toBe("state/actor-missing");
    const wide = treeOf("account", made.put(tuple(bytes(key), nil)));
    expect(codeOf(() => runSync(accountState(wide, Address.id(100)), made))).toBe("state/layout-unknown");
    const more = made.put(Uint8Array.of(...tuple(bytes(key)), 0));
    expect(codeOf(() => runSync(accountState(treeOf("account", more), Address.id(100)), made))).toBe(
      "cbor/trailing-bytes",
    );
    const old = madeState(7);
    const before = runSync(loadStateTree(old.root), old.store);
    expect(codeOf(() => runSync(accountState(before, Address.id(100)), old.store))).toBe("state/actors-too-old");
    expect(codeOf(() => runSync(powerState(before), old.store))).toBe("state/actors-too-old");
  });

  it("is told with what was expected", () => {
    const head = made.put(tuple(...Array.from({ length: 16 }, () => uint(0))));
    expect(() => runSync(powerState(treeOf("storagepower", head, 4)), made)).toThrow(
      "power actor's state of 16 fields, expected 15 (actors v8), 17 (actors v15)",
    );
  });
});
