import type { Fetching } from "@copse/ipld";
import type { Address } from "@copse/types";
import { type Deadline, deadlineExpirations, minerDeadline, minerDeadlines } from "../miner/deadlines.ts";
import { minerInfo } from "../miner/miner-info.ts";
import type { MinerState } from "../miner/miner-state.ts";
import { deadlinePartitions, earlyTerminations, type Partition, partitionExpirations } from "../miner/partitions.ts";
import { preCommitCleanUps, preCommittedSectors } from "../miner/pre-commits.ts";
import { allocatedSectors, minerSectors } from "../miner/sectors.ts";
import { vestingFunds } from "../miner/vesting.ts";
import type { StateTree } from "../state-tree.ts";
import { mapPlace, type Place, placeOf, structPlace, uintKey } from "./place.ts";

/** A miner's state as a place of paths. */
export function minerPlace(tree: StateTree, miner: Address, state: MinerState): Place {
  return structPlace(state, {
    *info() {
      return placeOf(yield* minerInfo(tree, miner));
    },
    *vestingFunds() {
      return placeOf(yield* vestingFunds(state));
    },
    *allocatedSectors() {
      return { value: yield* allocatedSectors(state) };
    },
    preCommittedSectors: mapPlace(state.preCommittedSectors, () => preCommittedSectors(state), uintKey),
    preCommittedSectorsCleanUp: mapPlace(
      state.preCommittedSectorsCleanUp,
      () => preCommitCleanUps(state),
      uintKey,
      leaf,
    ),
    sectors: mapPlace(state.sectors, () => minerSectors(state), uintKey),
    *deadlines() {
      return { value: yield* minerDeadlines(state), enter: (segment) => deadline(state, uintKey(segment)) };
    },
  });
}

function* deadline(state: MinerState, index: bigint): Fetching<Place | undefined> {
  if (index > 2n ** 32n) return undefined;
  const found = yield* minerDeadline(state, Number(index));
  return found === undefined ? undefined : deadlinePlace(found);
}

function deadlinePlace(deadline: Deadline): Place {
  return structPlace(deadline, {
    partitions: mapPlace(deadline.partitions, () => deadlinePartitions(deadline), uintKey, partitionPlace),
    expirationsEpochs: mapPlace(deadline.expirationsEpochs, () => deadlineExpirations(deadline), uintKey, leaf),
    partitionsSnapshot: mapPlace(
      deadline.partitionsSnapshot,
      () => deadlinePartitions(deadline, "snapshot"),
      uintKey,
      partitionPlace,
    ),
  });
}

function partitionPlace(partition: Partition): Place {
  return structPlace(partition, {
    expirationsEpochs: mapPlace(partition.expirationsEpochs, () => partitionExpirations(partition), uintKey),
    earlyTerminated: mapPlace(partition.earlyTerminated, () => earlyTerminations(partition), uintKey, leaf),
  });
}

/** A bit field: no path goes into it. */
const leaf = (value: unknown): Place => ({ value });
