import { runSync, toCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { dataCapBalances, dataCapState } from "../src/actors/data-cap.ts";
import { evmBytecode, evmSlots, evmState } from "../src/actors/evm.ts";
import {
  accountState,
  cronEpochs,
  cronEvents,
  initAddresses,
  initState,
  powerClaims,
  powerState,
} from "../src/actors/index.ts";
import { multisigState, pendingTransactions } from "../src/actors/multisig.ts";
import { paymentChannelState, paymentLanes } from "../src/actors/payment-channel.ts";
import { getActor, loadStateTree, minerInfo, minerState, powerTotals } from "../src/index.ts";
import {
  dealOpKey,
  dealOps,
  dealProposals,
  dealsAt,
  escrowBalances,
  marketState,
  providerDeals,
} from "../src/market/index.ts";
import {
  allocatedSectors,
  deadlinePartitions,
  minerDeadline,
  minerDeadlines,
  minerSectors,
  preCommittedSectors,
  vestingFunds,
} from "../src/miner/index.ts";
import { parseStatePath, readStatePath, stateJson } from "../src/path/index.ts";
import { allocationClients, allocations, verifiedRegistryState, verifiers } from "../src/verified-registry/index.ts";
import { Blocks, big, int, link, tuple, uint } from "./made-actors.ts";
import { madeState } from "./made-state.ts";
import { realState } from "./proof/real-state.ts";

describe("paths into a state that the real actors made", () => {
  const { root, store } = realState(18);
  const tree = runSync(loadStateTree(root), store);
  const read = (path: string) => runSync(readStatePath(tree, path), store);
  const value = (path: string): unknown => {
    const reading = read(path);
    if (reading.kind !== "value") throw new Error(`${path} is ${reading.kind}`);
    return reading.value;
  };
  const run = <T>(steps: Parameters<typeof runSync<T>>[0]): T => runSync(steps, store);

  it("lead to actors, by ID and by any other address, and to their fields", () => {
    const actor = run(getActor(tree, Address.id(100)));
    expect(value("actors/f0100")).toEqual(actor);
    expect(value("actors/t0100/balance")).toBe(actor?.balance);
    expect(value("actors/f0100/kind")).toBe("account");
    const key = run(accountState(tree, Address.id(100))).address;
    expect(value(`actors/${Address.format(key)}/id`)).toEqual(Address.id(100));
    expect(value("actors/f0100/state/address")).toEqual(key);
    expect(value("version")).toBe(5);
  });

  it("lead into the maps of each kind of actor, as its readers read them", () => {
    const address = [...run(initAddresses(run(initState(tree)))).keys(store)][0] as Address;
    expect(value(`actors/f01/state/addressMap/${Address.format(address)}`)).toBe(
      run(initAddresses(run(initState(tree)))).getSync(address, store),
    );
    const power = run(powerState(tree));
    expect(value("actors/f04/state/claims/f01000")).toEqual(run(powerClaims(power)).getSync(Address.id(1000), store));
    const epoch = [...run(cronEpochs(power)).keys(store)][0] as bigint;
    const [, call] = [...(run(cronEvents(power, epoch))?.entries(store) ?? [])][0] ?? [];
    expect(call).toBeDefined();
    expect(value(`actors/f04/state/cronEventQueue/${epoch}/0`)).toEqual(call);

    const miner = run(minerState(tree, Address.id(1000)));
    const base = "actors/f01000/state";
    expect(value(base)).toEqual(miner);
    expect(value(`${base}/info`)).toEqual(run(minerInfo(tree, Address.id(1000))));
    expect(value(`${base}/info/worker`)).toEqual(run(minerInfo(tree, Address.id(1000))).worker);
    expect(value(`${base}/vestingFunds`)).toEqual(run(vestingFunds(miner)));
    expect(value(`${base}/allocatedSectors`)).toEqual(run(allocatedSectors(miner)));
    expect(value(`${base}/deadlines`)).toEqual(run(minerDeadlines(miner)));
    const [number, sector] = [...run(minerSectors(miner)).entries(store)][0] ?? [];
    expect(value(`${base}/sectors/${number}`)).toEqual(sector);
    const [pre] = [...run(preCommittedSectors(miner)).entries(store)];
    expect(value(`${base}/preCommittedSectors/${pre?.[0]}`)).toEqual(pre?.[1]);
    const held = [...Array(48).keys()].find((at) => (run(minerDeadline(miner, at))?.totalSectors ?? 0n) > 0n) as number;
    const deadline = run(minerDeadline(miner, held));
    expect(value(`${base}/deadlines/${held}`)).toEqual(deadline);
    const partition = deadline && run(deadlinePartitions(deadline)).getSync(0, store);
    expect(partition).toBeDefined();
    expect(value(`${base}/deadlines/${held}/partitions/0`)).toEqual(partition);
    expect(value(`${base}/deadlines/${held}/partitions/0/livePower/raw`)).toEqual(partition?.livePower.raw);

    const market = run(marketState(tree));
    const [deal] = [...run(dealProposals(market)).entries(store)];
    expect(value(`actors/f05/state/proposals/${deal?.[0]}`)).toEqual(deal?.[1]);
    const [escrow] = [...run(escrowBalances(market)).entries(store)];
    expect(value(`actors/f05/state/escrowTable/${Address.format(escrow?.[0] as Address)}`)).toBe(escrow?.[1]);
    const deals = run(providerDeals(market, Address.id(1000)));
    for (const [at, ids] of deals?.entries(store) ?? []) {
      expect(value(`actors/f05/state/providerSectors/f01000/${at}`)).toEqual(ids);
    }
    const registry = run(verifiedRegistryState(tree));
    const [verifier] = [...run(verifiers(registry)).entries(store)];
    expect(value(`actors/f06/state/verifiers/${Address.format(verifier?.[0] as Address)}`)).toBe(verifier?.[1]);
    const client = [...(run(allocationClients(registry))?.keys(store) ?? [])][0] as bigint;
    const [allocation] = [...(run(allocations(registry, client))?.entries(store) ?? [])];
    expect(allocation).toBeDefined();
    expect(value(`actors/f06/state/allocations/f0${client}/${allocation?.[0]}`)).toEqual(allocation?.[1]);
    const [balance] = [...run(dataCapBalances(run(dataCapState(tree)))).entries(store)];
    expect(value(`actors/f07/state/token/balances/f0${balance?.[0]}`)).toBe(balance?.[1]);
    const [pending] = [...run(pendingTransactions(run(multisigState(tree, Address.id(1001))))).entries(store)];
    expect(value(`actors/f01001/state/pendingTransactions/${pending?.[0]}`)).toEqual(pending?.[1]);
    const [lane] = [...run(paymentLanes(run(paymentChannelState(tree, Address.id(1002))))).entries(store)];
    expect(value(`actors/f01002/state/lanes/${lane?.[0]}`)).toEqual(lane?.[1]);
    const contract = run(evmState(tree, Address.id(1003)));
    expect(value("actors/f01003/state/bytecode")).toEqual(run(evmBytecode(contract)));
    for (const [slot, word] of run(evmSlots(contract)).entries(store)) {
      expect(value(`actors/f01003/state/contractState/0x${slot.toString(16)}`)).toBe(word);
    }
  });

  it("go on behind other links by indexes", () => {
    expect(read("actors/f04/head/9")).toEqual({ kind: "cbor", cbor: Uint8Array.of(1) });
    const head = run(getActor(tree, Address.id(4)))?.head.bytes as Uint8Array;
    expect(read("actors/f04/head/.")).toEqual({ kind: "cbor", cbor: store.getSync(head) });
    expect(stateJson(read("actors/f04/head/13"), "actors/f04/head/13")).toMatch(/^\{"\/":"bafy2/);
    expect(() => read("actors/f04/head/99")).toThrow(expect.objectContaining({ code: "path/index-absent" }));
  });

  it("say what is not there, and where", () => {
    expect(read("actors/f0999/state/claims")).toEqual({ kind: "absent", at: "actors/f0999" });
    const stranger = Address.format(Address.fromBls(new Uint8Array(48).fill(0x55)));
    expect(read(`actors/${stranger}/balance`)).toEqual({ kind: "absent", at: `actors/${stranger}` });
    const claim = "actors/f04/state/claims/f01009";
    expect(read(`${claim}/qualityAdjPower`)).toEqual({ kind: "absent", at: claim });
    expect(read("actors/f01000/state/deadlines/48")).toMatchObject({ kind: "absent" });
    expect(read("actors/f01000/state/sectors/999999")).toMatchObject({ kind: "absent" });
    expect(stateJson(read(claim), claim)).toBe("null");
  });

  it.each([
    ["", "state/path-malformed"],
    ["/actors/f04", "state/path-malformed"],
    ["actors//f04", "state/path-malformed"],
    ["actors/f04/", "state/path-malformed"],
    [`actors/${"x/".repeat(40)}x`, "state/path-malformed"],
    ["x".repeat(2000), "state/path-malformed"],
    ["actors", "state/path-unknown"],
    ["actors/x", "state/path-unknown"],
    ["actors/f04/stat", "state/path-unknown"],
    ["actors/f04/state/claims/1000", "state/path-unknown"],
    ["actors/f04/state/claims/f2yrxmyzvvb7qrygayt6ldrfbsvqjrxh6bvrihbqq", "state/path-unknown"],
    ["actors/f04/state/claims/f01000/toString", "state/path-unknown"],
    ["actors/f04/state/__proto__", "state/path-unknown"],
    ["actors/f04/nonce/0", "state/path-unknown"],
    ["actors/f01000/state/sectors/01", "state/path-unknown"],
    ["actors/f01000/state/sectors/18446744073709551616", "state/path-unknown"],
  ])("%#: another form is refused: by its code", (path, code) => {
    expect(() => read(path)).toThrow(expect.objectContaining({ code }));
  });

  it("are shown as JSON", () => {
    const shown = JSON.parse(stateJson(read("actors/f01000/state/info"), "info", "t")) as Record<string, unknown>;
    expect(shown["worker"]).toMatch(/^t0\d+$/);
    expect(shown["consensusFaultElapsed"]).toBe(-1);
    expect(stateJson(read("actors/f01000/state/info/worker"), "actors/f01000/state/info/worker")).toMatch(/^"f0\d+"$/);
    expect(stateJson(read("actors/f01000/state/info/controlAddresses"), "x/controlAddresses")).toMatch(/^\[/);
    expect(stateJson(read("actors/f0100/nonce"), "nonce")).toMatch(/^"\d+"$/);
    expect(JSON.parse(stateJson(read("actors/f01000/state/allocatedSectors"), "x"))).toEqual(expect.any(Array));
    expect(JSON.parse(stateJson(read("actors/f01003/state/bytecodeHash"), "bytecodeHash"))).toHaveProperty([
      "/",
      "bytes",
    ]);
  });

  it("are read in their one form", () => {
    expect(parseStatePath("actors/f04/state/claims/f01000")).toEqual(["actors", "f04", "state", "claims", "f01000"]);
  });
});

describe.each([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])("paths into the market that actors v%i made", (version) => {
  const { root, store } = realState(version);
  const tree = runSync(loadStateTree(root), store);
  const read = (epoch: bigint | string) =>
    runSync(readStatePath(tree, `actors/f05/state/dealOpsByEpoch/${epoch}`), store);
  const market = runSync(marketState(tree), store);
  const code = runSync(getActor(tree, Address.id(5)), store)?.code as CID;
  // deals of the same kind, published in the same way: only how epochs are written has changed
  const epochs = version < 11 ? [5880n] : [86_400n, 86_401n, 86_402n, 86_403n];

  it("lead by an epoch to the deals that are looked after then", () => {
    const ops = runSync(dealOps(market), store);
    expect([...ops.keys(store)].length).toBe(epochs.length);
    for (const epoch of epochs) {
      const key = version < 14 ? epoch : 2n * epoch;
      expect(dealOpKey(market, code, epoch)).toBe(key);
      expect(read(epoch)).toEqual({ kind: "value", value: ops.getSync(key, store) });
      expect(runSync(dealsAt(market, key), store)).toBeDefined();
      expect(read(2n * epoch)).toMatchObject({ kind: "absent" });
      expect(read(epoch - 4n)).toMatchObject({ kind: "absent" });
    }
  });

  it("take epochs only", () => {
    expect(read(2n ** 63n - 1n)).toMatchObject({ kind: "absent" });
    for (const epoch of [2n ** 63n, -1n, "x"]) {
      expect(() => read(epoch)).toThrow(expect.objectContaining({ code: "state/path-unknown" }));
    }
  });
});

describe("a market of actors v14 or later with what v13 left", () => {
  const made = new Blocks();
  const at = (number: number) => made.put(tuple(uint(number)));
  const empty = link(made.hamt([]));
  // as the network holds it after the upgrade: v13's keys are the epochs, those of v14 are twice the epochs
  const ops = made.byUint([
    [5001, link(at(1))],
    [8400, link(at(2))],
    [10_000, link(at(3))],
  ]);
  const fields = [...Array(5).fill(empty), uint(0), link(ops), int(4200), big(0n), big(0n), big(0n), empty, empty];
  const market = made.put(tuple(...fields));
  const tree = runSync(
    loadStateTree(
      made.tree(
        [
          [0, "system", undefined],
          [5, "storagemarket", market],
        ],
        5,
      ),
    ),
    made,
  );
  const read = (epoch: number) => runSync(readStatePath(tree, `actors/f05/state/dealOpsByEpoch/${epoch}`), made);

  it("leads to what its actor comes upon at an epoch, and to nothing else", () => {
    expect(read(4200)).toEqual({ kind: "value", value: toCid(at(2)) });
    // v13 meant epoch 10,000; the actor takes it for 5,000
    expect(read(5000)).toEqual({ kind: "value", value: toCid(at(3)) });
    for (const epoch of [5001, 10_000, 8400]) expect(read(epoch)).toMatchObject({ kind: "absent" });
    const state = runSync(marketState(tree), made);
    expect([...runSync(dealOps(state), made).keys(made)].sort()).toEqual([10_000n, 5001n, 8400n]);
  });
});

describe.each([0, 2, 7])("paths into a state of actors v%i", (version) => {
  const { root, store } = madeState(version);
  const tree = runSync(loadStateTree(root), store);
  const read = (path: string) => runSync(readStatePath(tree, path), store);

  it("lead to what is read of such actors by name, and by indexes to the rest", () => {
    expect(read("actors/f04/state")).toEqual({ kind: "value", value: runSync(powerTotals(tree), store) });
    expect(read("actors/f04/state/claims/f01000/rawBytePower")).toEqual({ kind: "value", value: 500n });
    expect(read("actors/f04/state/claims/f01001")).toMatchObject({ kind: "absent" });
    expect(read("actors/f01000/state/info/worker")).toEqual({ kind: "value", value: Address.id(100) });
    expect(read("actors/f01000/state/feeDebt")).toEqual({ kind: "value", value: version === 0 ? 0n : 33n });
    expect(read("actors/f01/state/networkName")).toEqual({ kind: "value", value: `made ${version}` });
    expect(read("actors/f0100/state/address").kind).toBe("value");
    expect(() => read("actors/f00/state")).toThrow(expect.objectContaining({ code: "state/actors-too-old" }));
    expect(read("actors/f00/head/.").kind).toBe("cbor");
    expect(() => read("actors/f04/state/claims")).toThrow(expect.objectContaining({ code: "state/path-unknown" }));
  });
});
