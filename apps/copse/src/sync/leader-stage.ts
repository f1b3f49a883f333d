import {
  blockError,
  type ChainReader,
  type CheckedLeader,
  type CheckedLeaders,
  checkLeaders,
  type LeaderStates,
  type LinkedTipset,
  lookbackFor,
  verdictOf,
} from "@copse/chain";
import type { StateAtHand } from "@copse/chain/validate";
import { runAsync } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { type Network, networkVersion, type Tipset } from "@copse/types";
import { entryBelow } from "./beacon-stage.ts";
import { decodeTipset } from "./decode-tipset.ts";
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
}

/**
 * Ticket, election proof, win count and block signature of every header against state, where state is to be had. Heights
 * whose state is not stay below the level; nothing is concluded from that.
 */
export function leaderStage(needs: LeaderStageNeeds): Stage {
  const { reader, signatures, states } = needs;
  const cache = new StateCache(states, reader);
  return {
    level: "leader-checked",
    size: 64,
    width: 2,
    async check(run, { signal }) {
      const unresolved = new Set<number>();
      const found: [Tipset, CheckedLeaders][] = [];
      for (const linked of run) {
        if (linked.height === 0) continue;
        const tipset = decodeTipset(linked);
        const checked = await checkTipset(tipset, needs, cache, { signal });
        if (checked === undefined) unresolved.add(tipset.height);
        else found.push([tipset, checked]);
      }
      const faults = await settleAll(
        found.map(([, checked]) => checked),
        signatures,
        { signal },
      );
      let leaders = 0;
      let leadersOnOlderState = 0;
      for (const [i, [tipset, checked]] of found.entries()) {
        const own = faults[i] ?? [];
        const verdict = verdictOf(own);
        if (verdict.kind === "invalid") throw blockError(verdict.fault);
        const bad = new Set(own.map(({ facts }) => ("block" in facts ? facts.block : "")));
        const good = checked.leaders.filter((leader: CheckedLeader) => !bad.has(leader.block));
        if (good.length < tipset.blocks.length) {
          unresolved.add(tipset.height); // it comes again in a later pass, and is counted when it holds as a whole
          continue;
        }
        leaders += good.length;
        leadersOnOlderState += good.filter(({ state }) => state === "older").length;
      }
      return { unresolved, counts: { leaders, leadersOnOlderState } };
    },
  };
}

async function checkTipset(
  tipset: Tipset,
  { network, reader, states }: LeaderStageNeeds,
  cache: StateCache,
  options: AbortOptions,
): Promise<CheckedLeaders | undefined> {
  const parent = reader.tipset(tipset.parents);
  if (parent === undefined) return undefined;
  const base = decodeTipset(parent);
  const found = await statesOf(tipset, base, { network, reader, cache }, options);
  if (found === undefined) return undefined;
  const beacon = entryBelow(reader, tipset).entry;
  return runAsync(checkLeaders(network, tipset, { base, beacon, states: found }), states, options);
}

/** The three states the rules on leaders name, or what stands in for them. */
async function statesOf(
  tipset: Tipset,
  base: Tipset,
  { network, reader, cache }: { network: Network; reader: ChainReader; cache: StateCache },
  options: AbortOptions,
): Promise<LeaderStates | undefined> {
  const { height } = tipset;
  const place = lookbackFor(height, base.height, networkVersion(network, height));
  // the lookback state is the parent state that `next` names; the lookback tipset is its parents. Where the rules name
  // none, the check says so, and looks at no state.
  const next = place.kind !== "below" ? tipset : decoded(reader.tipsetAt(place.next, "next"));
  const below = next && decoded(reader.tipset(next.parents));
  const stateOf = (named: Tipset | undefined): Promise<StateAtHand | undefined> | undefined =>
    named?.blocks[0] && cache.exact(named.blocks[0].parentStateRoot, named.height, options);
  const lookback = (await stateOf(next)) ?? (await cache.older(next?.height ?? height, options));
  if (lookback === undefined) return undefined;
  return { lookback, leastPower: await stateOf(below), standing: await stateOf(base) };
}

const decoded = (linked: LinkedTipset | undefined): Tipset | undefined => linked && decodeTipset(linked);
