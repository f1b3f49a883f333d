import type { Fetching } from "@copse/ipld";
import {
  accountKey,
  minerFeeDebt,
  minerInfo,
  type PowerClaim,
  type PowerTotals,
  powerClaim,
  powerTotals,
  type StateTree,
} from "@copse/state";
import { Address } from "@copse/types";

/**
 * A state that leaders are looked up in.
 *
 * `exact`: the very state the rules name. Otherwise an older one, of `epoch`: what it confirms holds as long as the miner
 * has kept key and power since; what it denies is unresolved.
 */
export interface StateAtHand {
  readonly tree: StateTree;
  /** Height of the tipset whose headers name it as parent state. */
  readonly epoch: number;
  readonly exact: boolean;
  /** @internal What was read of each miner. */
  readonly known: Map<string, LeaderRecord>;
}

/** What the rules on leaders read of one miner. */
export interface LeaderRecord {
  /** Key address of its worker; `undefined` when the miner or account does not exist. */
  readonly worker: Address | undefined;
  readonly claim: PowerClaim | undefined;
  readonly totals: PowerTotals;
  /** Unit: attoFIL. */
  readonly feeDebt: bigint;
  /** Epoch until which a reported fault bars the miner; -1 when none. */
  readonly consensusFaultElapsed: number;
}

/**
 * A state to look leaders up in. Keep it for as many tipsets as it serves: each miner is read once.
 *
 * @example
 * const state = stateAtHand(yield* loadStateTree(genesis.parentStateRoot), 0, false);
 */
export function stateAtHand(tree: StateTree, epoch: number, exact: boolean): StateAtHand {
  return { tree, epoch, exact, known: new Map() };
}

/** The same state, as one that is or is not the exact one for a tipset; what was read is shared. */
export function asExact(state: StateAtHand, exact: boolean): StateAtHand {
  return { ...state, exact };
}

/**
 * Reads a miner. About ten blocks the first time.
 *
 * @throws {StateError} and what the trees throw
 * @throws {HostFault} `host/block-missing`
 */
export function* readLeader({ tree, known }: StateAtHand, miner: Address): Fetching<LeaderRecord> {
  const key = Address.key(miner);
  const before = known.get(key);
  if (before !== undefined) return before;
  const info = yield* minerInfo(tree, miner);
  const record: LeaderRecord = {
    worker: yield* accountKey(tree, info.worker),
    claim: yield* powerClaim(tree, miner),
    totals: yield* powerTotals(tree),
    feeDebt: yield* minerFeeDebt(tree, miner),
    consensusFaultElapsed: info.consensusFaultElapsed,
  };
  known.set(key, record);
  return record;
}
