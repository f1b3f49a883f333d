import type { Fetching } from "@copse/ipld";
import {
  accountKey,
  type MinerStanding,
  minerStanding,
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
  readonly known: LeaderMemory;
}

/** What was read of miners, by address: each part is read when a rule first asks for it. */
interface LeaderMemory {
  readonly powers: Map<string, LeaderPower>;
  readonly standings: Map<string, MinerStanding>;
  readonly workers: Map<string, Address | undefined>;
}

/** The power of a miner, and of all: what the rules on least power and win counts read. */
export interface LeaderPower {
  readonly claim: PowerClaim | undefined;
  readonly totals: PowerTotals;
}

/**
 * A state to look leaders up in. Keep it for as many tipsets as it serves: each miner is read once.
 *
 * @example
 * const state = stateAtHand(yield* loadStateTree(genesis.parentStateRoot), 0, false);
 */
export function stateAtHand(tree: StateTree, epoch: number, exact: boolean): StateAtHand {
  const known = { powers: new Map(), standings: new Map(), workers: new Map() };
  return { tree, epoch, exact, known };
}

/** The same state, as one that is or is not the exact one for a tipset; what was read is shared. */
export function asExact(state: StateAtHand, exact: boolean): StateAtHand {
  return { ...state, exact };
}

/**
 * Reads the power of a miner: the paths to the power actor and to the claim.
 *
 * @throws {StateError} and what the trees throw
 * @throws {HostFault} `host/block-missing`
 */
export function readPower({ tree, known }: StateAtHand, miner: Address): Fetching<LeaderPower> {
  return once(known.powers, miner, function* () {
    return { claim: yield* powerClaim(tree, miner), totals: yield* powerTotals(tree) };
  });
}

/**
 * Reads what a miner owes and is barred for, and who it is: its actor, state and info.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, and what the trees throw
 * @throws {HostFault} `host/block-missing`
 */
export function readStanding({ tree, known }: StateAtHand, miner: Address): Fetching<MinerStanding> {
  return once(known.standings, miner, () => minerStanding(tree, miner));
}

/**
 * Reads the key address of a miner's worker; `undefined` where there is no such account.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, and what the trees throw
 * @throws {HostFault} `host/block-missing`
 */
export function readWorker(state: StateAtHand, miner: Address): Fetching<Address | undefined> {
  return once(state.known.workers, miner, function* () {
    const { info } = yield* readStanding(state, miner);
    return yield* accountKey(state.tree, info.worker);
  });
}

function* once<T>(memory: Map<string, T>, miner: Address, read: () => Fetching<T>): Fetching<T> {
  const key = Address.key(miner);
  if (memory.has(key)) return memory.get(key) as T;
  const value = yield* read();
  memory.set(key, value);
  return value;
}

/**
 * All that the rules read of miners, as reads that do not wait for each other: run them by `runTogether`, and
 * `checkLeaders` finds what it needs in memory. Where one fails, `checkLeaders` meets the same failure.
 *
 * @example
 * await runTogether(leaderReads(states, tipset.blocks.map(({ miner }) => miner)), peers, { budget });
 */
export function leaderReads(
  { lookback, leastPower, standing }: { lookback: StateAtHand; leastPower: StateAtHand; standing: StateAtHand },
  miners: readonly Address[],
): Fetching<unknown>[] {
  return miners.flatMap((miner) => [
    readWorker(lookback, miner),
    readPower(lookback, miner),
    readPower(leastPower, miner),
    readPower(standing, miner),
    readStanding(standing, miner),
  ]);
}
