import type { LeaderStates } from "@copse/chain";
import { leaderReads } from "@copse/chain/validate";
import { FetchBudget, type FetchLimits, type FetchTally, runTogether } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import type { Address } from "@copse/types";
import type { StateSource } from "./state-source.ts";

/**
 * Most that the leader checks of a tipset fetch: 64 blocks for what all need, and 64 a miner. A mainnet tipset of five
 * blocks takes some 125 where nothing is at hand. The paths of a state that somebody made up may be long.
 */
export function leaderLimits(miners: number): FetchLimits {
  const maxBlocks = 64 + 64 * miners;
  return { maxBlocks, maxBytes: maxBlocks * 8192, maxRounds: 64 };
}

/**
 * Reads what leader checks of some miners need, all paths in all three states at once, so that they take as many round
 * trips as the longest path. After this the checks themselves fetch nothing.
 *
 * @returns what was fetched
 * @throws {FetchError} `fetch/over-budget`
 * @throws {HostFault} `host/aborted`
 */
export async function fetchLeaders(
  source: Pick<StateSource, "getBytes" | "held">,
  { lookback, leastPower = lookback, standing = lookback }: LeaderStates,
  miners: readonly Address[],
  options: AbortOptions = {},
): Promise<FetchTally> {
  const budget = new FetchBudget(leaderLimits(miners.length));
  await runTogether(leaderReads({ lookback, leastPower, standing }, miners), source, {
    ...options,
    held: source.held,
    budget,
  });
  return budget.spent;
}
