import { runSync, toCid } from "@copse/ipld";
import { count, fromBits, numbers } from "@copse/ipld/bitfield";
import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import {
  allocatedSectors,
  deadlineExpirations,
  deadlinePartitions,
  earlyTerminations,
  hasSimpleQuality,
  minerDeadline,
  minerDeadlines,
  minerInfo,
  minerSectors,
  minerState,
  partitionExpirations,
  preCommitCleanUps,
  preCommittedSectors,
  provenSector,
  provingSectors,
  vestingFunds,
  windowPoSts,
} from "../src/miner/index.ts";
import { big, commitment, int, link, nil, tuple } from "./made-actors.ts";
import { made, miner, minerOf, peer } from "./made-miner.ts";

const versions = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
const seal = toCid(commitment);
describe.each(versions)("a miner of actors v%i", (version) => {
  const tree = minerOf(version);
  const state = runSync(minerState(tree, miner), made);

  it("has its state", () => {
    expect(state).toMatchObject({
      preCommitDeposits: 1n,
      lockedFunds: 9n,
      feeDebt: 33n,
      initialPledge: 4n,
      provingPeriodStart: 20,
      currentDeadline: 5,
      earlyTerminations: fromBits([3]),
      deadlineCronActive: true,
    });
    expect([...numbers(runSync(allocatedSectors(state), made))]).toEqual([1, 2, 3, 7, 9]);
  });

  it("has its info", () => {
    expect(runSync(minerInfo(tree, miner), made)).toEqual({
      owner: Address.id(101),
      worker: Address.id(102),
      controlAddresses: [Address.id(102), Address.id(105)],
      pendingWorker: { worker: Address.id(106), effectiveAt: 77 },
      peerId: peer,
      multiaddrs: [peer],
      proofType: 8,
      proofKind: "window-post",
      sectorSize: 2 ** 35,
      windowPoStPartitionSectors: 2349,
      consensusFaultElapsed: -1,
      pendingOwner: null,
      beneficiary: Address.id(version < 9 ? 101 : 103),
      beneficiaryTerm: version < 9 ? null : { quota: 5n, usedQuota: 1n, expiration: 2n ** 62n },
      pendingBeneficiary:
        version < 9
          ? null
          : {
              beneficiary: Address.id(104),
              quota: 6n,
              expiration: -1n,
              approvedByBeneficiary: true,
              approvedByNominee: false,
            },
    });
  });

  it("has funds that vest", () => {
    const all = [
      { epoch: 49, amount: 2n },
      { epoch: 50, amount: 3n },
      { epoch: 60, amount: 4n },
    ];
    expect(runSync(vestingFunds(state), made)).toEqual(version < 16 ? all.slice(1) : all);
  });

  it("has a sector", () => {
    const sectors = [...runSync(minerSectors(state), made).entries(made)];
    expect(sectors).toEqual([
      [
        0n,
        {
          number: 7n,
          sealProof: 8,
          sealedCid: seal,
          dealIds: [5n],
          activation: 30,
          expiration: 40,
          dealWeight: 11n,
          verifiedDealWeight: 12n,
          initialPledge: 13n,
          expectedDayReward: version < 16 ? 14n : null,
          expectedStoragePledge: version < 16 ? 15n : null,
          powerBaseEpoch: 35,
          replacedDayReward: version < 16 ? 16n : null,
          sectorKeyCid: seal,
          flags: version < 9 ? undefined : version < 12 ? true : 1,
          dailyFee: version < 16 ? undefined : 17n,
        },
      ],
    ]);
    expect(sectors.map(([, sector]) => hasSimpleQuality(sector))).toEqual([version >= 9]);
  });

  it("has a pre-committed sector", () => {
    const info = { sealProof: 8, sectorNumber: 9n, sealedCid: seal, sealRandEpoch: 70, dealIds: [5n], expiration: 90 };
    const old = {
      unsealedCid: undefined,
      replaceCapacity: false,
      replaceSectorDeadline: 1n,
      replaceSectorPartition: 2n,
      replaceSectorNumber: 3n,
    };
    const now = {
      unsealedCid: seal,
      replaceCapacity: undefined,
      replaceSectorDeadline: undefined,
      replaceSectorPartition: undefined,
      replaceSectorNumber: undefined,
    };
    expect(runSync(preCommittedSectors(state), made).getSync(9n, made)).toEqual({
      info: { ...info, ...(version < 9 ? old : now) },
      deposit: 10n,
      epoch: 71,
      dealWeight: version < 9 ? 11n : undefined,
      verifiedDealWeight: version < 9 ? 12n : undefined,
    });
    expect(runSync(preCommitCleanUps(state), made).getSync(0, made)).toEqual(fromBits([9]));
  });

  it("has deadlines with partitions", () => {
    expect(runSync(minerDeadlines(state), made)).toHaveLength(48);
    expect(runSync(minerDeadline(state, 48), made)).toBeUndefined();
    const deadline = runSync(minerDeadline(state, 47), made);
    if (deadline === undefined) return expect.unreachable();
    expect(deadline).toMatchObject({
      liveSectors: 1n,
      totalSectors: 2n,
      faultyPower: { raw: 3n, qualityAdj: 30n },
      livePower: version < 16 ? undefined : { raw: 5n, qualityAdj: 50n },
      dailyFee: version < 16 ? undefined : 18n,
    });
    expect(runSync(deadlineExpirations(deadline), made).getSync(0, made)).toEqual(fromBits([0]));
    expect([...runSync(windowPoSts(deadline), made).entries(made)]).toEqual([]);
    expect(runSync(windowPoSts(deadline, "snapshot"), made).getSync(0, made)).toEqual({
      partitions: fromBits([0]),
      proofs: [{ proofType: 8, proof: peer }],
    });
    expect([...runSync(deadlinePartitions(deadline, "snapshot"), made).entries(made)]).toEqual([]);
    const partition = runSync(deadlinePartitions(deadline), made).getSync(0, made);
    if (partition === undefined) return expect.unreachable();
    const { sectors, unproven, faults, recoveries, terminated } = partition;
    expect([sectors, unproven, faults, recoveries, terminated].map(count)).toEqual([2n, 0n, 1n, 1n, 1n]);
    const { livePower, unprovenPower, faultyPower, recoveringPower } = partition;
    expect([livePower, unprovenPower, faultyPower, recoveringPower].map(({ raw }) => raw)).toEqual([1n, 2n, 3n, 4n]);
    expect(runSync(partitionExpirations(partition), made).getSync(0, made)).toMatchObject({
      onTimeSectors: fromBits([7]),
      onTimePledge: 13n,
      activePower: { raw: 1n, qualityAdj: 10n },
      feeDeduction: version < 16 ? undefined : 17n,
    });
    expect(runSync(earlyTerminations(partition), made).getSync(0, made)).toEqual(fromBits([6]));
  });
});

describe.each(versions)("the sectors of a miner of actors v%i that proofs are about", (version) => {
  const tree = minerOf(version);

  it("are those that are not faulty, or of these the ones that live and are proven", () => {
    expect(runSync(provingSectors(tree, miner, "not-faulty"), made)).toEqual(fromBits([6])); // terminated, not faulty
    expect(runSync(provingSectors(tree, miner, "active"), made)).toEqual(fromBits([]));
  });

  it("have a commitment each", () => {
    const found = runSync(provenSector(tree, miner, 0n), made); // where the made tree has it
    expect(found).toEqual({ number: 7n, sealProof: 8, sealedCid: seal });
    expect(runSync(provenSector(tree, miner, 1n), made)).toBeUndefined();
  });
});

describe("funds of a miner that vest", () => {
  it("are none, or without a head that penalties used up", () => {
    const fundsOf = (vesting: Uint8Array) =>
      runSync(vestingFunds(runSync(minerState(minerOf(16, { vesting }), miner), made)), made);
    expect(fundsOf(nil)).toEqual([]);
    const tail = link(made.put(tuple(tuple(int(60), big(4n)))));
    expect(fundsOf(tuple(tuple(int(50), big(0n)), tail))).toEqual([{ epoch: 60, amount: 4n }]);
    expect(fundsOf(tuple(tuple(int(50), big(1n)), tail))).toHaveLength(2);
  });
});
