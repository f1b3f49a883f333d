import { chainError, type LinkedTipset, type LinkRules, linkRun } from "@copse/chain";
import { epochAt, maxHeightDrift, weightGain } from "@copse/chain/rules";
import { type Network, TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import { NodeError } from "../errors.ts";
import { askOne } from "./ask.ts";
import { isSourceFalse } from "./blame.ts";
import type { SourcePool } from "./sources.ts";
import type { ToldHead } from "./target.ts";

/** Takes the tipsets that a peer showed of its head, newest first: linked, and nothing more. */
export type ShownListener = (peer: string, tipsets: readonly LinkedTipset[]) => void;

/** What looking at told heads needs. */
export interface HeadProbeNeeds {
  readonly network: Network;
  readonly rules: LinkRules;
  readonly pool: SourcePool;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Takes a head that its peer has shown, weight as far as that shows it, and the tipsets it showed. */
  readonly take: (told: ToldHead, tipsets: readonly LinkedTipset[]) => void;
}

/** Tipsets below a told head that the peer must show before its word counts. */
const probeLength = 16;

/**
 * What hears the heads that peers tell: one counts once the peer has shown tipsets that link below it, of the height and
 * weight it told; a peer that shows others lies, and one whose chain breaks a rule is not heeded. Of each peer one is looked
 * at while the newest of the others waits.
 */
export function headProbe({ network, rules, pool, log, signal, take }: HeadProbeNeeds): (told: ToldHead) => void {
  /** What a peer shows of its head. `undefined`: nothing that is worth a look. */
  const shown = async (told: ToldHead): Promise<readonly LinkedTipset[] | undefined> => {
    try {
      const { value } = await askOne(pool, told.peer, (source) => source.headers(told.key, probeLength, { signal }));
      const run = linkRun({ key: told.key }, value, rules);
      const { fault, linked } = run;
      const [top] = linked;
      const isFalse = fault !== undefined && isSourceFalse(run, value, rules);
      const lie = isFalse ? chainError(fault) : top !== undefined && disagrees(told, top);
      if (lie) {
        pool.report(told.peer, { kind: "lied", error: lie });
        return undefined;
      }
      if (fault !== undefined) throw chainError(fault); // what is wrong is the chain: the peer may not know it
      return linked;
    } catch (error) {
      log.debug({ peer: told.peer, reason: String(error) }, "a peer could not show its head");
      return undefined;
    }
  };
  const probe = async (told: ToldHead): Promise<void> => {
    const linked = await shown(told);
    if (linked === undefined) return;
    const [top, below] = linked;
    try {
      take(top === undefined ? told : { ...told, weight: linkedWeight(top, below) }, linked);
    } catch (error) {
      log.error({ peer: told.peer, reason: String(error) }, "a head that was told could not be taken");
    }
  };

  const probing = new Map<string, ToldHead | undefined>();
  const probeInTurn = async (told: ToldHead): Promise<void> => {
    const running = probing.has(told.peer);
    probing.set(told.peer, told);
    if (running) return;
    for (let next = probing.get(told.peer); next !== undefined; next = probing.get(told.peer)) {
      probing.set(told.peer, undefined);
      await probe(next);
    }
    probing.delete(told.peer);
  };

  return (told) => {
    if (pool.dropped.has(told.peer) || told.height <= 0) return; // genesis is no news
    const facts = { peer: told.peer, height: told.height, weight: String(told.weight) };
    const newest = epochAt(network, Date.now() / 1000) + maxHeightDrift;
    if (told.height > newest) {
      log.warn({ ...facts, newest }, "a peer told a head from the future; is the clock right?");
      return;
    }
    log.debug(facts, "peer told its head");
    void probeInTurn(told);
  };
}

/** A head of another height, or lighter than its parents, is not what was told. */
function disagrees(told: ToldHead, top: LinkedTipset): NodeError | false {
  if (top.height === told.height && told.weight >= top.parentWeight) return false;
  const why = `told as height ${told.height} and weight ${told.weight}; it has height ${top.height} above weight ${top.parentWeight}`;
  return new NodeError("copse/chain-broken", { tipset: TipsetKey.format(told.key), why });
}

/** What a head weighs by what was linked, as far as that shows the power: what is told has no bound. */
export function linkedWeight(top: LinkedTipset, below: LinkedTipset | undefined): bigint {
  return top.parentWeight + weightGain(Math.max(0, below?.log2Power ?? 0), top.winCount);
}
