import { blockError, type ChainReader, type CheckedLeaders, verdictOf } from "@copse/chain";
import type { WinningPostVerifier } from "@copse/chain/validate";
import type { FetchTally } from "@copse/ipld";
import type { Network, Tipset } from "@copse/types";
import type { Counts } from "./counts.ts";
import { checkTipsetLeaders } from "./leader-check.ts";
import { type SignatureChecker, settleAll } from "./signatures.ts";
import type { Stage } from "./stage.ts";
import { StateCache } from "./state-cache.ts";
import type { StateSource } from "./state-source.ts";

/** What checking leaders needs. */
export interface LeaderStageNeeds {
  readonly network: Network;
  readonly reader: ChainReader;
  readonly signatures: SignatureChecker;
  readonly states: StateSource;
  /** Verifies winning proofs of spacetime; without one they are told as unchecked. */
  readonly proofs?: WinningPostVerifier | undefined;
  /** After so many states in a row that nobody had, few are asked for; see `StateCache`. */
  readonly mostMisses?: number | undefined;
  /**
   * Whether only the very parent state of the parents will do, by which they are weighed and miners are in good standing.
   * For a head that follows, since peers have that state; of old ones they do not. Default: an older state may stand in.
   */
  readonly exactStanding?: boolean;
}

/**
 * Ticket, election proof, win count, eligibility and block signature of every header, and the weight, against state, where
 * state is to be had. Heights whose state is not stay below the level; nothing is concluded from that.
 */
export function leaderStage(from: LeaderStageNeeds): Stage {
  const { network, reader, signatures, states, proofs, mostMisses, exactStanding = false } = from;
  const needs = { network, reader, blocks: states, states: new StateCache(states, reader, mostMisses), proofs };
  const fetched = sinceLast(() => states.fetched().needed);
  return {
    level: "leader-checked",
    size: 64,
    width: 2,
    async check(run, { signal }) {
      const unresolved = new Set<number>();
      const found: { readonly tipset: Tipset; readonly checked: CheckedLeaders }[] = [];
      for (const linked of run) {
        if (linked.height === 0) continue;
        const one = await checkTipsetLeaders(linked, needs, { signal });
        if (one === undefined) unresolved.add(linked.height);
        else found.push(one);
      }
      const faults = await settleAll(
        found.map(({ checked }) => checked),
        signatures,
        { signal },
      );
      const counts = { leaders: 0, leadersOnOlderState: 0, weights: 0, winningProofs: 0 };
      for (const [i, { tipset, checked }] of found.entries()) {
        const verdict = verdictOf(faults[i] ?? []);
        if (verdict.kind === "invalid") throw blockError(verdict.fault);
        const isWhole = checked.leaders.length === tipset.blocks.length && (checked.weightChecked || !exactStanding);
        if (verdict.kind !== "ok" || !isWhole) {
          unresolved.add(tipset.height); // it comes again in a later pass, and is counted when it holds as a whole
          continue;
        }
        counts.leaders += checked.leaders.length;
        counts.leadersOnOlderState += checked.leaders.filter(({ state }) => state === "older").length;
        counts.winningProofs += checked.leaders.filter(({ winningProof }) => winningProof === "verified").length;
        if (checked.weightChecked) counts.weights++;
      }
      return { unresolved, counts: { ...counts, ...fetched() } };
    },
  };
}

/** What was fetched since it was last asked. */
function sinceLast(read: () => FetchTally): () => Pick<Counts, "stateBlocksFetched" | "stateBytesFetched"> {
  let told = read();
  return () => {
    const before = told;
    told = read();
    return { stateBlocksFetched: told.blocks - before.blocks, stateBytesFetched: told.bytes - before.bytes };
  };
}
