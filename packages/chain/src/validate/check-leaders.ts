import type { Fetching } from "@copse/ipld";
import { type CopseError, isCopseError } from "@copse/primitives";
import {
  Address,
  type BeaconEntry,
  type BlockHeader,
  type Network,
  networkVersion,
  signingBytes,
  type Tipset,
  upgradeHeight,
} from "@copse/types";
import { drawForElection, drawForTicket } from "../rules/draw-randomness.ts";
import { lookbackDepth, lookbackFor } from "../rules/lookback.ts";
import { hasMinPower, ineligible } from "../rules/min-power.ts";
import { computeWinCount, maxWinCount } from "../rules/win-count.ts";
import { blockText } from "./block-text.ts";
import { checkParentWeight } from "./check-weight.ts";
import { readPower, readStanding, readWorker, type StateAtHand } from "./leader-state.ts";
import { type BlockFault, type Fate, type Findings, fault, findings, type RuleChecks } from "./verdict.ts";
import { type WinningPostVerifier, winningPostInfo } from "./winning-post.ts";

/** The states that the rules on leaders read. One may stand for all where the others are not at hand. */
export interface LeaderStates {
  /** The lookback state: worker key, power of miner and network. See `lookbackFor`. */
  readonly lookback: StateAtHand;
  /** Parent state of the lookback tipset: least power. Default: `lookback`, as a state that is not exact. */
  readonly leastPower?: StateAtHand | undefined;
  /**
   * Parent state of the parents: standing of the miner, and power of the network for the weight. Default: `lookback`, as a
   * state that is not exact, which weighs nothing.
   */
  readonly standing?: StateAtHand | undefined;
}

/** What leaders are checked against. */
export interface LeaderContext {
  /** The parents. */
  readonly base: Tipset;
  /** The newest beacon entry in the parents or below: `BeaconBelow.entry`. */
  readonly beacon: BeaconEntry;
  readonly states: LeaderStates;
  /** Verifies winning proofs of spacetime; without one they stay unchecked, and are said to be. */
  readonly proofs?: WinningPostVerifier | undefined;
}

/** One header whose leader was looked up. */
export interface CheckedLeader {
  readonly block: string;
  readonly miner: string;
  /** `older`: one of the three states was not at hand, and an earlier one stood in for it. */
  readonly state: "exact" | "older";
  /** Epoch of the lookback state, or of what stood in for it. */
  readonly stateEpoch: number;
  /** Where its three signatures stand in `checks`: block signature, ticket, election proof. */
  readonly checks: readonly [number, number, number];
  /** Whether the win count agrees with the power of that state. */
  readonly winCountAgrees: boolean;
  /** Whether its winning proof of spacetime was verified; where it was and does not hold, there is a fault. */
  readonly winningProof: "verified" | "unchecked";
}

/** The findings of {@link checkLeaders}. */
export interface CheckedLeaders extends RuleChecks {
  readonly leaders: readonly CheckedLeader[];
  /** Whether the weight was held against the power in the parents' state: only where that very state is at hand. */
  readonly weightChecked: boolean;
}

/**
 * Checks the leaders of a tipset: eligibility, win count and weight at once; block signature, ticket and election proof are
 * handed back. Against a state that is not exact, and where state is not at hand, failures are `unresolved`. Winning proofs
 * of spacetime are verified where the context has who can.
 *
 * @see lotus:chain/consensus/filcns/filecoin.go ValidateBlock
 * @example
 * const checked = runSync(checkLeaders(mainnet, tipset, { base, beacon: below.entry, states: { lookback } }), store);
 */
export function* checkLeaders(network: Network, tipset: Tipset, context: LeaderContext): Fetching<CheckedLeaders> {
  const found = findings();
  const leaders: CheckedLeader[] = [];
  const nowhere = withoutLookback(network, tipset, context.base);
  if (nowhere.length > 0) return { ...found, faults: nowhere, leaders, weightChecked: false };
  for (const [i, header] of tipset.blocks.entries()) {
    const leader = yield* checkLeader(network, header, blockText(tipset, i), context, found);
    if (leader !== undefined) leaders.push(leader);
  }
  const weightChecked = yield* checkWeight(tipset, context, found);
  return { ...found, leaders, weightChecked };
}

/** Faults of blocks that stand so far above their parents that no state is named to look their miners up in. */
function withoutLookback(network: Network, tipset: Tipset, base: Tipset): BlockFault[] {
  const { height } = tipset;
  const version = networkVersion(network, height);
  if (lookbackFor(height, base.height, version).kind !== "none") return [];
  const facts = { height, nullRounds: height - base.height - 1, limit: lookbackDepth(version) - 2 };
  return tipset.blocks.map((_, i) =>
    fault("invalid", "block/too-many-null-rounds", { block: blockText(tipset, i), ...facts }),
  );
}

/** Weighs the parents by the power in their own parent state. What is missing there is a fault of the leaders already. */
function* checkWeight(tipset: Tipset, { base, states }: LeaderContext, found: Findings): Fetching<boolean> {
  const { standing } = states;
  const first = tipset.blocks[0];
  if (standing?.exact !== true || first === undefined) return false;
  const at = { block: blockText(tipset, 0), height: tipset.height, miner: Address.format(first.miner) };
  const power = yield* lookUp(standing, at, found, () => readPower(standing, first.miner));
  if (power === undefined) return false;
  found.faults.push(...checkParentWeight(tipset, base, power.totals.totalQualityAdjPower).faults);
  return true;
}

function* checkLeader(
  network: Network,
  header: BlockHeader,
  block: string,
  context: LeaderContext,
  found: Findings,
): Fetching<CheckedLeader | undefined> {
  const { lookback, leastPower, standing } = context.states;
  const { height, ticket, electionProof, blockSig } = header;
  const miner = Address.format(header.miner);
  const at = { block, height, miner };
  for (const [field, value] of Object.entries({ ticket, electionProof, blockSig })) {
    if (value === null) found.faults.push(fault("invalid", "block/field-missing", { block, height, field }));
  }
  if (ticket === null || electionProof === null || blockSig === null) return undefined;
  const { winCount } = electionProof;
  if (winCount < 1 || winCount > maxWinCount) {
    found.faults.push(fault("invalid", "block/not-a-winner", { block, height, found: winCount, limit: maxWinCount }));
  }
  const record = yield* lookUp(lookback, at, found, function* () {
    const worker = yield* readWorker(lookback, header.miner);
    return { worker, ...(yield* readPower(lookback, header.miner)) };
  });
  if (record === undefined) return undefined;
  yield* checkEligibility(network, header, at, context, found);

  const facts = { ...at, stateEpoch: lookback.epoch };
  const fate = fateOf(lookback);
  const worker = record.worker === undefined ? "unknown" : Address.format(record.worker);
  if (record.worker === undefined || Address.protocol(record.worker) !== 3) {
    found.faults.push(fault(fate, "block/worker-kind-wrong", { ...facts, worker }));
    return undefined;
  }
  const publicKey = Address.payload(record.worker);
  const first = found.checks.length;
  const beacon = (header.beaconEntries.at(-1) ?? context.beacon).signature;
  const draw = { beacon, height, miner: header.miner };
  const afterSmoke = height > upgradeHeight(network, "Smoke");
  const drawn = drawForTicket(draw, afterSmoke ? context.base.blocks[0]?.ticket?.vrfProof : undefined);
  const signatures = [
    ["block/signature-wrong", signingBytes(header), blockSig.type === 2 ? blockSig.data : noBytes],
    ["block/ticket-wrong", drawn, ticket.vrfProof],
    ["block/election-proof-wrong", drawForElection(draw), electionProof.vrfProof],
  ] as const;
  for (const [code, message, signature] of signatures) {
    found.checks.push({ kind: "bls", publicKey, message, signature });
    found.otherwise.push(fault(fate, code, { ...facts, worker }));
  }

  const power = record.claim?.qualityAdjPower ?? 0n;
  const expected = computeWinCount(electionProof.vrfProof, power, record.totals.totalQualityAdjPower);
  if (expected !== winCount) {
    found.faults.push(fault(fate, "block/win-count-wrong", { ...facts, found: winCount, expected }));
  }
  const exact = lookback.exact && leastPower?.exact === true && standing?.exact === true;
  return {
    block,
    miner,
    state: exact ? "exact" : "older",
    stateEpoch: lookback.epoch,
    checks: [first, first + 1, first + 2],
    winCountAgrees: expected === winCount,
    winningProof: yield* checkWinningProof(network, header, beacon, at, context, found),
  };
}

function* checkWinningProof(
  network: Network,
  header: BlockHeader,
  beacon: Uint8Array,
  at: Where,
  { base, states: { lookback }, proofs }: LeaderContext,
  found: Findings,
): Fetching<CheckedLeader["winningProof"]> {
  if (proofs === undefined) return "unchecked";
  const version = networkVersion(network, base.height);
  const info = yield* lookUp(lookback, at, found, () => winningPostInfo(header, beacon, lookback, version));
  if (info === undefined) return "unchecked";
  const why = info.sectors.length === 0 ? "its miner has no sectors that count" : "its verifier says so";
  if (info.sectors.length > 0 && proofs.verifyWinningPost(info)) return "verified";
  found.faults.push(fault(fateOf(lookback), "block/winning-proof-wrong", { ...at, stateEpoch: lookback.epoch, why }));
  return "verified";
}

const noBytes: Uint8Array = new Uint8Array(0);

function fateOf(state: StateAtHand): Fate {
  return state.exact ? "invalid" : "unresolved";
}

type Where = { readonly block: string; readonly height: number; readonly miner: string };

// Reads of a miner; what goes wrong is a fault, but for the host's own troubles beyond a missing block.
function* lookUp<T>(state: StateAtHand, at: Where, found: Findings, read: () => Fetching<T>): Fetching<T | undefined> {
  const facts = { ...at, stateEpoch: state.epoch };
  try {
    return yield* read();
  } catch (error) {
    if (!isCopseError(error)) throw error;
    if (error.code === "host/block-missing") {
      const missing = (error.facts as { cid: string }).cid;
      found.faults.push(fault("unresolved", "block/state-missing", { ...facts, missing }));
    } else if (error.code.startsWith("host/")) {
      throw error;
    } else if (isAboutMiner(error, at.miner)) {
      found.faults.push(fault(fateOf(state), "block/miner-unknown", facts));
    } else {
      // A layout we do not know says nothing of the block.
      found.faults.push(fault("unresolved", "block/state-unreadable", { ...facts, why: error.message }));
    }
    return undefined;
  }
}

/** Whether the state says that there is no such miner: not that some other actor is missing, or is of another kind. */
function isAboutMiner(error: CopseError, miner: string): boolean {
  if (error.code !== "state/actor-missing" && error.code !== "state/actor-kind") return false;
  return (error.facts as { readonly address: string }).address === miner;
}

function* checkEligibility(
  network: Network,
  header: BlockHeader,
  at: Where,
  { base, states }: LeaderContext,
  found: Findings,
): Fetching<void> {
  const { lookback } = states;
  const standIn: StateAtHand = { ...lookback, exact: false };
  const leastPower = states.leastPower ?? standIn;
  const standing = states.standing ?? standIn;

  const before = yield* lookUp(leastPower, at, found, () => readPower(leastPower, header.miner));
  if (before !== undefined) {
    const { claim, totals } = before;
    if (claim === undefined || !hasMinPower(claim, network.minPower, totals.minerAboveMinPowerCount)) {
      const why = claim === undefined ? "no claim" : "below least power";
      found.faults.push(
        fault(fateOf(leastPower), "block/miner-ineligible", { ...at, stateEpoch: leastPower.epoch, why }),
      );
    }
  }
  const now = yield* lookUp(standing, at, found, () => readPower(standing, header.miner));
  if (now === undefined) return;
  const facts = { ...at, stateEpoch: standing.epoch };
  const { claim } = now;
  if (claim === undefined) {
    found.faults.push(fault(fateOf(standing), "block/miner-unknown", facts)); // slashed, or never was
    return;
  }
  if (networkVersion(network, base.height) <= 3) return;
  const held = yield* lookUp(standing, at, found, () => readStanding(standing, header.miner));
  if (held === undefined) return;
  const { feeDebt, info } = held;
  const { consensusFaultElapsed } = info;
  const why = ineligible({ power: claim.qualityAdjPower, feeDebt, consensusFaultElapsed }, base.height);
  if (why !== undefined) {
    found.faults.push(fault(fateOf(standing), "block/miner-ineligible", { ...facts, why }));
  }
}
