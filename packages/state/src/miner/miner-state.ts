import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { BitField } from "@copse/ipld/bitfield";
import { type Address, type AttoFil, AttoFil as amounts } from "@copse/types";
import type { CID } from "multiformats/cid";
import { actorOfKind } from "../actor-of-kind.ts";
import { amountField, bitFieldField, boolField, cidField, numberField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";
import { type VestingRoot, vestingRootField } from "./vesting.ts";

/** State of a miner. Roots are left unread: the functions of `@copse/state/miner` open them. */
export interface MinerState {
  readonly info: CID;
  readonly preCommitDeposits: AttoFil;
  readonly lockedFunds: AttoFil;
  /** See `vestingFunds`. */
  readonly vestingFunds: VestingRoot;
  /** Fees it owes. Actors v0 had none. A miner with debt may not mine. */
  readonly feeDebt: AttoFil;
  readonly initialPledge: AttoFil;
  /** HAMT of pre-committed sectors by number. */
  readonly preCommittedSectors: CID;
  /** AMT: epoch to the pre-committed sectors that are cleaned up then. */
  readonly preCommittedSectorsCleanUp: CID;
  /** Bit field of all sector numbers ever used. */
  readonly allocatedSectors: CID;
  /** AMT of sectors by number. */
  readonly sectors: CID;
  readonly provingPeriodStart: number;
  /** The deadline that is open, or was when the state was last touched. */
  readonly currentDeadline: number;
  readonly deadlines: CID;
  /** Deadlines with sectors terminated early, whose termination is still to be paid for. */
  readonly earlyTerminations: BitField;
  /** Whether it is called at each deadline's end, which it is while it has sectors. Since actors v4. */
  readonly deadlineCronActive: boolean | undefined;
}

/** How a miner holds its state. Shape: 13 fields in actors v0; v2 adds the fee debt, v4 whether cron is active. */
export const minerStateCodec: Codec<MinerState> = struct<MinerState>(
  "miner's state",
  {
    info: cidField,
    preCommitDeposits: amountField,
    lockedFunds: amountField,
    vestingFunds: vestingRootField,
    feeDebt: amountField,
    initialPledge: amountField,
    preCommittedSectors: cidField,
    preCommittedSectorsCleanUp: cidField,
    allocatedSectors: cidField,
    sectors: cidField,
    provingPeriodStart: numberField,
    currentDeadline: numberField,
    deadlines: cidField,
    earlyTerminations: bitFieldField,
    deadlineCronActive: boolField,
  },
  [
    { actors: 0, lacks: ["feeDebt", "deadlineCronActive"] },
    { actors: 2, lacks: ["deadlineCronActive"] },
    { actors: 4, lacks: [] },
  ],
);

/**
 * State of a miner, of any version.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @see go-state-types:builtin/v16/miner/miner_state.go, specs-actors:v0.9.14 actors/builtin/miner/miner_state.go
 * @example
 * const { sectors } = runSync(minerState(tree, header.miner), store);
 */
export function* minerState(tree: StateTree, miner: Address): Fetching<MinerState> {
  return (yield* openMiner(tree, miner)).state;
}

/**
 * Fees that a miner owes: with any, it may not mine.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/layout-unknown`
 * @example
 * const mayMine = runSync(minerFeeDebt(tree, header.miner), store) === 0n;
 */
export function* minerFeeDebt(tree: StateTree, miner: Address): Fetching<AttoFil> {
  return (yield* minerState(tree, miner)).feeDebt;
}

/** A miner's state, and the code that wrote it. */
export function* openMiner(
  tree: StateTree,
  miner: Address,
): Fetching<{ readonly state: MinerState; readonly code: CID }> {
  const { code, head } = yield* actorOfKind(tree, miner, "storageminer");
  const state = decode(minerStateCodec, yield fromCid(head));
  // actors v0 has no debts
  return { state: { ...state, feeDebt: state.feeDebt ?? amounts.zero }, code };
}
