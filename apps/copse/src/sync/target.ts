import { latin1 } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { HeadVerdict } from "./leader-judge.ts";
import { Mutes } from "./mutes.ts";

/** A head as one peer told it, by hello or by gossip. Nothing of it is verified. */
export interface ToldHead {
  readonly peer: string;
  readonly key: TipsetKey;
  readonly height: number;
  /** Weight as told: Lotus gives the head's own, Forest its parent weight. */
  readonly weight: bigint;
  /** Whether it came by gossip: who passes on what holds as far as gossip can be checked need not know what is wrong with it. */
  readonly isPassedOn?: boolean;
}

/** A head to sync to, and the peers whose word or data speaks for it. */
export interface Target {
  readonly key: TipsetKey;
  readonly height: number;
  readonly supporters: readonly string[];
  /** Whether its leaders were looked at and hold: else it is the heaviest that enough peers support, and no more. */
  readonly judged?: boolean;
}

/** A told head that may become the target. */
export type Candidate = Omit<Target, "judged">;

/** Judges candidates by their leaders: `HeadJudge`. One verdict for each, in the same order. */
export type JudgeCandidates = (candidates: readonly Candidate[]) => Promise<readonly HeadVerdict[]>;

/** How many peers must have told their head, and how many must stand behind the one that is chosen. */
export interface TargetRules {
  /** Peers that must have spoken before there is a target. */
  readonly needed: number;
  /** Peers that must support it: never one peer's word where there are several. */
  readonly support: number;
}

/** Peers whose heads are kept; past it the oldest word goes, of those first that are not here any more. */
const maxHeads = 256;

/** Who told a head that proved false is not listened to for so long. Unit: ms. */
const refusedMs = 3_600_000;
/** Who told a head, and serves it no further down, is not listened to for so long. Unit: ms. */
const asideMs = 300_000;

/** Peers asked at once whether they can serve a head. */
const vouchersAtOnce = 8;

/** Heads of so many named peers are enough, as in Lotus. */
const enough = 4;

/**
 * The rules for a network's threshold and the peers an operator named.
 *
 * Peers named by the operator with no bootstrapping are all there are: then as many as were named suffice, and one
 * named peer is the operator's own choice of whom to trust for the head.
 *
 * @example
 * targetRules({ threshold: 4, named: 1, bootstrap: false }) // => { needed: 1, support: 1 }
 */
export function targetRules(given: { threshold: number; named: number; bootstrap: boolean }): TargetRules {
  const needed = given.bootstrap ? given.threshold : Math.max(1, Math.min(enough, given.named));
  return { needed, support: Math.min(2, needed) };
}

/**
 * Keeps the newest head of each peer and picks the heaviest that enough peers support.
 *
 * A peer supports a head when it told that head itself, or when `vouch` says so (it could serve the tipset). Candidates
 * are tried heaviest first, so that one peer's invented weight costs a question and no more.
 */
export class TargetSelector {
  readonly #rules: TargetRules;
  readonly #heads = new Map<string, ToldHead>();
  readonly #muted: Mutes;
  readonly #isHere: (peer: string) => boolean;
  /** Heads that are not taken from anybody for a while. */
  readonly #refused: Mutes;
  /** Heads that could not be had, by key, and how often: others come first. */
  readonly #failed = new Map<string, number>();

  /**
   * @param now - a clock that only goes up; unit: ms
   * @param isHere - whether a peer is connected: where there is no room, the words of those go first that are not
   */
  constructor(
    rules: TargetRules,
    now: () => number = () => performance.now(),
    isHere: (peer: string) => boolean = () => true,
  ) {
    this.#rules = rules;
    this.#muted = new Mutes(now);
    this.#refused = new Mutes(now);
    this.#isHere = isHere;
  }

  /** Takes a peer's newest head. */
  tell(head: ToldHead): void {
    if (this.#muted.has(head.peer) || this.#refused.has(latin1(head.key))) return;
    this.#heads.delete(head.peer);
    this.#heads.set(head.peer, head);
    if (this.#heads.size <= maxHeads) return;
    const [oldest] = this.#heads.keys();
    this.#heads.delete([...this.#heads.keys()].find((peer) => !this.#isHere(peer)) ?? oldest ?? "");
  }

  /** Forgets a peer that was caught lying. */
  forget(peer: string): void {
    this.#heads.delete(peer);
  }

  /**
   * The chain below a head broke a rule: it is no target any more, and they that told it are not listened to for an hour,
   * unless they only passed it on. They may serve on: what they send is checked.
   *
   * @returns the peers that are not listened to
   */
  refuse(key: TipsetKey): readonly string[] {
    this.#refused.add(latin1(key), refusedMs);
    return this.#mute(key, refusedMs);
  }

  #mute(key: TipsetKey, ms: number): readonly string[] {
    const told = [...this.#heads.values()].filter((head) => TipsetKey.equals(head.key, key));
    for (const { peer } of told) this.#heads.delete(peer);
    const tellers = told.filter(({ isPassedOn }) => isPassedOn !== true).map(({ peer }) => peer);
    for (const peer of tellers) this.#muted.add(peer, ms);
    return tellers;
  }

  /** What a head needs could not be had: others are tried before it is tried again. */
  putBack(key: TipsetKey): void {
    const name = latin1(key);
    this.#failed.set(name, (this.#failed.get(name) ?? 0) + 1);
    if (this.#failed.size > maxHeads) this.#failed.delete(this.#failed.keys().next().value ?? "");
  }

  /** Peers that have told a head. */
  get told(): number {
    return this.#heads.size;
  }

  /**
   * Whether enough peers have spoken. `patienceSpent`: those that have not are not waited for any longer, and those that are
   * not listened to any more have spoken too.
   */
  ready(patienceSpent: boolean): boolean {
    const spoken = this.#heads.size + (patienceSpent ? this.#muted.size : 0);
    return this.#heads.size > 0 && spoken >= (patienceSpent ? this.#rules.support : this.#rules.needed);
  }

  /**
   * The heaviest head whose leaders hold, or else the heaviest that enough peers support. What its leaders refute is left
   * out; what nobody can judge comes after all that was found good.
   *
   * One peer's word is enough for a good head that was held against its rivals and stood, or that all tell who are still
   * listened to: liars are not asked whether they vouch for the chain they would have us leave. But not before patience is
   * spent, for who would contradict it may not have spoken. Any other needs as many peers as the rules want. While there is
   * a good one, what nobody can judge waits; what is withheld then is set aside, with those that told it as their own.
   *
   * @param vouch asks a peer for a tipset it did not name; resolves to whether it could serve it
   * @param judge - without it nothing is judged
   * @param patienceSpent - whether peers that have not told a head are waited for no longer
   */
  async select(
    vouch: (peer: string, key: TipsetKey) => Promise<boolean>,
    judge?: JudgeCandidates,
    patienceSpent = true,
  ): Promise<Target | undefined> {
    for (;;) {
      const candidates = this.#candidates();
      const verdicts = (await judge?.(candidates)) ?? [];
      const told = candidates.map((candidate, i) => ({ candidate, verdict: verdicts[i] }));
      const good = told
        .filter(({ verdict }) => verdict?.kind === "good")
        .toSorted((a, b) => this.#failures(a.candidate) - this.#failures(b.candidate) || rankOf(a) - rankOf(b));
      const open = told.filter(({ verdict }) => verdict === undefined || verdict.kind === "unjudged");
      const refuted = told.filter(({ verdict }) => verdict?.kind === "refuted");
      const withheld = patienceSpent && good.length > 0 ? open.filter(({ verdict }) => isWithheld(verdict)) : [];
      for (const { candidate } of refuted) this.refuse(candidate.key);
      for (const { candidate } of withheld) this.#mute(candidate.key, asideMs);
      for (const { candidate, verdict } of patienceSpent ? good : []) {
        const stood = verdict?.kind === "good" && verdict.contested;
        if (stood || this.#isOneOfOne(candidate)) return { ...candidate, judged: true };
      }
      if (refuted.length > 0 || withheld.length > 0) continue; // others may come to be judged in their place
      for (const { candidate, verdict } of [...good, ...open]) {
        const waits = good.length > 0 || (!patienceSpent && this.#rules.support > 1);
        if (waits && isUnjudged(verdict)) continue;
        const others = [...this.#heads.keys()].filter((peer) => !candidate.supporters.includes(peer));
        const supporters = await this.#gather(candidate.key, candidate.supporters, others, vouch);
        if (supporters.length < this.#rules.support) continue;
        const isChecked = verdict?.kind === "unjudged" && verdict.held?.leaders === true;
        return { ...candidate, supporters, judged: verdict?.kind === "good" || isChecked };
      }
      return undefined;
    }
  }

  /** Whether all peers that are still listened to told this head, since others told what is false or withheld. */
  #isOneOfOne({ supporters }: Candidate): boolean {
    return this.#muted.size > 0 && supporters.length === this.#heads.size;
  }

  /**
   * Whether as many peers as a head needs can serve a tipset.
   *
   * @param peers that may be asked
   */
  async isSupported(
    key: TipsetKey,
    peers: readonly string[],
    vouch: (peer: string, key: TipsetKey) => Promise<boolean>,
  ): Promise<boolean> {
    return (await this.#gather(key, [], peers, vouch)).length >= this.#rules.support;
  }

  /** Asks a few peers at once until enough support a tipset: one that does not answer holds up nobody. */
  async #gather(
    key: TipsetKey,
    supporters: readonly string[],
    others: readonly string[],
    vouch: (peer: string, key: TipsetKey) => Promise<boolean>,
  ): Promise<readonly string[]> {
    const found = [...supporters];
    for (let next = 0; found.length < this.#rules.support && next < others.length; next += vouchersAtOnce) {
      const asked = others.slice(next, next + vouchersAtOnce);
      const answers = await Promise.all(asked.map((peer) => vouch(peer, key)));
      found.push(...asked.filter((_, i) => answers[i]));
    }
    return found;
  }

  #failures({ key }: { readonly key: TipsetKey }): number {
    return this.#failed.get(latin1(key)) ?? 0;
  }

  #candidates(): Candidate[] {
    const byKey = new Map<string, { head: ToldHead; supporters: string[] }>();
    for (const head of this.#heads.values()) {
      const name = latin1(head.key);
      const group = byKey.get(name);
      if (group === undefined) byKey.set(name, { head, supporters: [head.peer] });
      else group.supporters.push(head.peer);
    }
    const failed = ({ head }: { head: ToldHead }): number => this.#failures(head);
    return [...byKey.values()]
      .toSorted(
        (a, b) => failed(a) - failed(b) || compareHeads(b.head, a.head) || b.supporters.length - a.supporters.length,
      )
      .map(({ head, supporters }) => ({ key: head.key, height: head.height, supporters }));
  }
}

function isUnjudged(verdict: HeadVerdict | undefined): boolean {
  return verdict?.kind === "unjudged" && verdict.held === undefined;
}

function isWithheld(verdict: HeadVerdict | undefined): boolean {
  return verdict?.kind === "unjudged" && verdict.held === undefined && verdict.withheld === true;
}

/** The judge's order of good heads; told weight has no bound. */
function rankOf({ verdict }: { readonly verdict: HeadVerdict | undefined }): number {
  return verdict?.kind === "good" ? (verdict.rank ?? 0) : 0;
}

function compareHeads(a: ToldHead, b: ToldHead): number {
  if (a.weight !== b.weight) return a.weight < b.weight ? -1 : 1;
  return a.height - b.height;
}
