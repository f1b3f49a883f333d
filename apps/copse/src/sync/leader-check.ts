import { type CheckedLeaders, checkLeaders, type LeaderStates, type LinkedTipset } from "@copse/chain";
import type { StateAtHand, WinningPostVerifier } from "@copse/chain/validate";
import { runAsync } from "@copse/ipld";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { decodeBlockHeader, type Network, type Tipset } from "@copse/types";
import type { CID } from "multiformats/cid";
import { entryBelow } from "./beacon-stage.ts";
import { decodeTipset } from "./decode-tipset.ts";
import { type BranchReader, type LeaderPlaces, leaderPlaces } from "./leader-branch.ts";
import { fetchLeaders } from "./leader-reads.ts";
import type { StateSource } from "./state-source.ts";

/** Where states come from: `StateCache`. */
export interface LeaderStateSource {
  /** The state of a root, named by the headers of an epoch; `undefined` where nobody has it. */
  exact(root: CID, epoch: number, options: AbortOptions): Promise<StateAtHand | undefined>;
  /** An older state to stand in for one of an epoch that is not to be had. */
  older?(epoch: number, options: AbortOptions): Promise<StateAtHand | undefined>;
}

/** What the leaders of a tipset are checked with. */
export interface LeaderCheckNeeds {
  readonly network: Network;
  readonly reader: BranchReader;
  /** Blocks of states. */
  readonly blocks: Pick<StateSource, "getBytes" | "held">;
  readonly states: LeaderStateSource;
  /** Verifies winning proofs; without one they stay unchecked. */
  readonly proofs?: WinningPostVerifier | undefined;
}

/** Errors of this machine and of peers: all others say that a state is none. */
const faults = ["host/", "network/", "copse/"] as const;

/**
 * Checks the leaders of a tipset on its own branch, whether or not it is canonical, against states as far as they are to be
 * had. Its signatures are left to be checked.
 *
 * @returns `undefined` where its parents are not known, or no state is to be had to look its miners up in; what a header names
 * as its state may be any bytes
 * @throws {HostFault} `host/aborted`, and what the source fails with
 */
export async function checkTipsetLeaders(
  linked: LinkedTipset,
  needs: LeaderCheckNeeds,
  options: AbortOptions,
): Promise<{ readonly tipset: Tipset; readonly checked: CheckedLeaders } | undefined> {
  const places = leaderPlaces(needs.network, linked, needs.reader);
  if (places === undefined) return undefined;
  try {
    return await lookUp(linked, places, needs, options);
  } catch (error) {
    if (!isCopseError(error) || faults.some((prefix) => error.code.startsWith(prefix))) throw error;
    return undefined;
  }
}

async function lookUp(
  linked: LinkedTipset,
  { standing, lookback, leastPower }: LeaderPlaces,
  needs: LeaderCheckNeeds,
  options: AbortOptions,
): Promise<{ readonly tipset: Tipset; readonly checked: CheckedLeaders } | undefined> {
  const { network, reader, blocks, proofs } = needs;
  const exact = (named: LinkedTipset | undefined): Promise<StateAtHand | undefined> | undefined =>
    named && needs.states.exact(stateNamedBy(named), named.height, options);
  const open = await Promise.all([exact(lookback), exact(leastPower), exact(standing)]);
  const found = open[0] ?? (await needs.states.older?.(lookback?.height ?? linked.height, options));
  if (found === undefined) return undefined;
  const states: LeaderStates = { lookback: found, leastPower: open[1], standing: open[2] };
  const tipset = decodeTipset(linked);
  const miners = tipset.blocks.map(({ miner }) => miner);
  await fetchLeaders(blocks, states, miners, options); // no state that a chain has is too deep for it
  const context = { base: decodeTipset(standing), beacon: entryBelow(reader, tipset).entry, states, proofs };
  return { tipset, checked: await runAsync(checkLeaders(network, tipset, context), blocks, options) };
}

/** The state that the headers of a tipset name: all of them name the same. */
function stateNamedBy({ headers }: LinkedTipset): CID {
  return decodeBlockHeader(headers[0] as Uint8Array).parentStateRoot;
}
