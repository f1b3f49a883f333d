import { blockError, type ChainStore, coversRange, type LinkedTipset, type LinkRules, verdictOf } from "@copse/chain";
import { lookbackDepth } from "@copse/chain/rules";
import { checkBeacons, type WinningPostVerifier } from "@copse/chain/validate";
import { assertNotAborted, type CopseError, isCopseError, latin1 } from "@copse/primitives";
import { type Network, networkVersion, TipsetKey } from "@copse/types";
import { entryBelow } from "./beacon-stage.ts";
import { checkTipsetLeaders } from "./leader-check.ts";
import { partingPlace } from "./leader-parting.ts";
import { type ForkSample, sampleFork } from "./leader-sample.ts";
import { compareWon, type JudgeSlots, slotsOf, topsOf } from "./leader-slots.ts";
import { Strands, type ToldTipset } from "./leader-strands.ts";
import { type SignatureChecker, settleAll } from "./signatures.ts";
import type { SourcePool } from "./sources.ts";
import { StateCache } from "./state-cache.ts";
import type { StateSource } from "./state-source.ts";
import { UnservedHeads } from "./unserved-heads.ts";

/** What the leaders of a head's tipsets say of it. */
export type HeadVerdict =
  /**
   * What was looked at holds against states that peers gave, each block of them hashed. `contested`: it was held against
   * other heads, above the tipset where they part, by states that all of them stand on; where a head that may be a rival
   * could not be looked at, only if it was held from the stored chain up. `rank`: its place among the good ones, 0 first; what others stand on comes last.
   */
  | { readonly kind: "good"; readonly contested: boolean; readonly checked: number; readonly rank?: number }
  /** A block of it was not won by whom it names. */
  | { readonly kind: "refuted"; readonly error: CopseError }
  /**
   * States are not to be had, or it parts from the others too deep. `withheld`: it was asked for time and again of all that
   * told it, and nobody serves it far enough down.
   */
  | { readonly kind: "unjudged"; readonly why: string; readonly held?: undefined; readonly withheld?: boolean }
  /** It is of the stored chain, whose leaders at its height may be checked already. */
  | { readonly kind: "unjudged"; readonly why: string; readonly held: { readonly leaders: boolean } };

/** What judging heads needs. */
export interface JudgeNeeds {
  readonly network: Network;
  readonly store: ChainStore;
  readonly rules: LinkRules;
  readonly pool: SourcePool;
  readonly states: StateSource;
  readonly signatures: SignatureChecker;
  readonly proofs?: WinningPostVerifier | undefined;
  /** A clock that only goes up; unit: ms. */
  readonly now?: (() => number) | undefined;
}

/** Branches judged at once. */
const mostJudged = 16;
/** Times that branches are chosen: what met others makes room. */
const mostRounds = 4;
/** Tipsets a head first shows, to see where it parts from the others: the same number that peers show to be listened to. */
const firstWindow = 16;
const window = 900;
/** Tipsets looked at of a head that no other contradicts: enough to see that its leaders can be judged. */
const uncontested = 8;
/**
 * Tipsets looked at of a fork: its lowest, those with the most wins, some at random, its newest. All are checked once it is
 * taken. To outweigh a chain, what a forger really won must be filled up with tipsets that claim more wins than those.
 */
const sample = { lowest: 16, heaviest: 16, random: 16, newest: 4 } as const satisfies ForkSample;
/** So many that no state speaks for, and a head is given up as one that can not be judged. */
const mostUnresolved = 3;
/** What is remembered of single tipsets. */
const mostKnown = 8192;
/** The same heads are not judged again within; within the shorter where one of them was not served. Unit: ms. */
const fresh = { usual: 15_000, unserved: 3000 } as const;
/** A head is withheld that was served in none of so many rounds, the first so long ago. Unit: ms. */
const withheld = { rounds: 3, ms: 10_000 } as const;
/** After so long heads are not walked down any further, and after as long again what is not judged stays so. Unit: ms. */
const limitMs = 60_000;

/**
 * Holds heads that peers told against each other by who won their blocks. Headers cost nothing: a fork that nobody won can
 * be heavier than the chain. But the states that name the miners' keys and power lie 900 epochs below a block, so where two
 * heads part, both stand on the same ones; any one peer that has them will do, for state is self-certifying.
 *
 * @example
 * const judge = new HeadJudge({ ...context, store });
 * const target = await peers.target(idleMs, signal, judge);
 */
export class HeadJudge {
  readonly #needs: JudgeNeeds;
  /** What was found of single tipsets. A block stays what it is. */
  readonly #known = new Map<string, "good" | CopseError>();
  readonly #unserved: UnservedHeads;
  readonly #now: () => number;
  #last:
    | { readonly heads: readonly ToldTipset[]; readonly at: number; readonly verdicts: readonly HeadVerdict[] }
    | undefined;

  constructor(needs: JudgeNeeds) {
    this.#needs = needs;
    this.#now = needs.now ?? (() => performance.now());
    this.#unserved = new UnservedHeads(this.#now, withheld);
  }

  /**
   * Judges heads, each against all others and the stored chain.
   *
   * @param heads - heaviest first, each once; no more than 16 branches of them are looked at
   * @returns a verdict for each, in the same order
   * @throws {HostFault} `host/aborted`
   */
  async judge(heads: readonly ToldTipset[], signal: AbortSignal): Promise<readonly HeadVerdict[]> {
    if (this.#last !== undefined && this.#isFresh(heads)) return this.#last.verdicts;
    const found = new Map<ToldTipset, HeadVerdict>();
    const strands = new Strands(heads, { ...this.#needs, reader: this.#needs.store.reader, now: this.#now });
    const slots = await this.#walk(heads, strands, signal);
    await this.#judgeAll(heads, slots, found, strands, signal);
    const verdicts = heads.map((head) => found.get(head) as HeadVerdict);
    this.#last = { heads, at: this.#now(), verdicts };
    return verdicts;
  }

  /** Whether the last verdicts were of these heads and are new. Whoever came to tell one that was not served may serve it. */
  #isFresh(heads: readonly ToldTipset[]): boolean {
    const last = this.#last;
    if (last === undefined || last.heads.length !== heads.length) return false;
    let ms: number = fresh.usual;
    for (const [i, { key, supporters }] of heads.entries()) {
      const before = last.heads[i] as ToldTipset;
      if (!TipsetKey.equals(before.key, key)) return false;
      if (!this.#unserved.has(key)) continue;
      if (before.supporters.join() !== supporters.join()) return false;
      ms = fresh.unserved;
    }
    return this.#now() - last.at < ms;
  }

  /** Walks heads down until those that are looked at have met, or time is over: then with what there is. */
  async #walk(heads: readonly ToldTipset[], strands: Strands, signal: AbortSignal): Promise<JudgeSlots> {
    const over = AbortSignal.timeout(limitMs);
    const either = AbortSignal.any([signal, over]);
    try {
      await strands.walk(firstWindow, either);
      let slots = slotsOf(heads, strands, mostJudged);
      for (let round = 0; round < mostRounds; round++) {
        await strands.meet(slots.tops, window, this.#meetsStore(), either);
        const before = new Set(slots.tops);
        slots = slotsOf(heads, strands, mostJudged);
        if (slots.tops.every((top) => before.has(top))) break;
      }
      return slots;
    } catch (error) {
      assertNotAborted(signal);
      if (!over.aborted) throw error;
      return slotsOf(heads, strands, mostJudged);
    }
  }

  async #judgeAll(
    heads: readonly ToldTipset[],
    slots: JudgeSlots,
    verdicts: Map<ToldTipset, HeadVerdict>,
    strands: Strands,
    signal: AbortSignal,
  ): Promise<void> {
    const over = AbortSignal.timeout(limitMs);
    const refuted = new Set<ToldTipset>();
    for (const head of heads) {
      const end = strands.endOf(head.key);
      if (end.kind === "broken") {
        verdicts.set(head, { kind: "refuted", error: end.error });
        refuted.add(head);
      } else if (end.kind === "unserved") verdicts.set(head, { kind: "unjudged", why: end.why });
      else if (!slots.looked.includes(head)) verdicts.set(head, { kind: "unjudged", why: "others came before it" });
    }
    // once a head falls, what stands under it may be a head again
    let tops: readonly ToldTipset[] = [];
    for (let before = -1; before !== verdicts.size; ) {
      before = verdicts.size;
      tops = topsOf(
        slots.looked.filter((head) => !refuted.has(head)),
        strands,
      );
      // side by side: one whose states are slow to come must not hold up the others
      const given = { tops, missing: slots.missing };
      const judged = tops.map(async (head): Promise<void> => {
        if (verdicts.has(head)) return;
        const verdict = await this.#judgeOne(head, given, strands, signal, over);
        verdicts.set(head, verdict);
        if (verdict.kind === "refuted") refuted.add(head);
      });
      await Promise.all(judged);
    }
    for (const head of heads) if (!verdicts.has(head)) verdicts.set(head, underGood(head, heads, verdicts, strands));
    this.#rank(tops, verdicts, strands);
    this.#markWithheld(heads, verdicts, strands);
  }

  /** Says of heads that this round could not judge, for want of what is below them, whether earlier ones could not either. */
  #markWithheld(heads: readonly ToldTipset[], verdicts: Map<ToldTipset, HeadVerdict>, strands: Strands): void {
    const unserved = heads.flatMap((head) => {
      const end = strands.endOf(head.key);
      const verdict = verdicts.get(head);
      const isOpen = verdict?.kind === "unjudged" && verdict.held === undefined;
      return isOpen && end.kind === "unserved" ? [{ head, why: end.why }] : [];
    });
    this.#unserved.round(unserved.map(({ head }) => head));
    for (const { head, why } of unserved) {
      verdicts.set(head, { kind: "unjudged", why, withheld: this.#unserved.isWithheld(head) });
    }
  }

  /** Puts good heads in order: by what they won where the states speak that they share, then those they stand on. */
  #rank(tops: readonly ToldTipset[], verdicts: Map<ToldTipset, HeadVerdict>, { reader }: Strands): void {
    const depth = (height: number): number => lookbackDepth(networkVersion(this.#needs.network, height));
    const isTop = new Set(tops);
    const good = [...verdicts.keys()].filter((head) => verdicts.get(head)?.kind === "good");
    const height = ({ key }: ToldTipset): number => reader.tipset(key)?.height ?? 0;
    const order = [
      ...tops.filter((head) => good.includes(head)).toSorted((a, b) => compareWon(a.key, b.key, reader, depth)),
      ...good.filter((head) => !isTop.has(head)).toSorted((a, b) => height(b) - height(a)),
    ];
    for (const [rank, head] of order.entries()) {
      const verdict = verdicts.get(head);
      if (verdict?.kind === "good") verdicts.set(head, { ...verdict, rank });
    }
  }

  /** What one head is, whatever it makes of being looked at: none of that is another's. */
  async #judgeOne(
    head: ToldTipset,
    given: Pick<JudgeSlots, "tops" | "missing">,
    strands: Strands,
    signal: AbortSignal,
    over: AbortSignal,
  ): Promise<HeadVerdict> {
    try {
      return await this.#judgeTop(head, given, strands, AbortSignal.any([signal, over]));
    } catch (error) {
      assertNotAborted(signal);
      if (over.aborted) return { kind: "unjudged", why: `it took longer than ${limitMs / 1000} s` };
      if (!isCopseError(error) || error.code.startsWith("host/")) throw error;
      return { kind: "unjudged", why: error.message };
    }
  }

  async #judgeTop(
    head: ToldTipset,
    { tops, missing }: Pick<JudgeSlots, "tops" | "missing">,
    strands: Strands,
    signal: AbortSignal,
  ): Promise<HeadVerdict> {
    const { network, store } = this.#needs;
    if (missing) await strands.deepen(head.key, 0, window, signal); // no rival need be seen where it meets the stored chain
    const chain = [...strands.chain(head.key)].reverse(); // lowest first
    const [lowest] = chain;
    if (lowest === undefined) {
      if (!store.reader.isCanonical(head.key)) return { kind: "unjudged", why: "nobody serves it" };
      const height = store.reader.tipset(head.key)?.height ?? 0;
      const leaders = coversRange(store.assurance["leader-checked"], { from: height, to: height });
      return { kind: "unjudged", why: "it is of the stored chain", held: { leaders } };
    }
    // all of it may be held against states of the stored chain: then no rival need be seen
    const bottom = store.reader.isCanonical(lowest.parents) ? store.reader.tipset(lowest.parents)?.height : undefined;
    const top = (chain.at(-1) ?? lowest).height;
    const isGrounded = bottom !== undefined && top <= bottom + lookbackDepth(networkVersion(network, lowest.height));
    const found = partingPlace(chain, head, tops, strands, store);
    const parting = missing && isGrounded ? 0 : found.place;
    if (parting === undefined && found.isUnmet) {
      const end = strands.endOf(head.key);
      return { kind: "unjudged", why: "why" in end ? end.why : "where it parts from the others is too deep" };
    }
    const contested = parting !== undefined;
    const above = contested ? chain.slice(parting) : chain;
    const first = above[0] ?? lowest;
    const depth = lookbackDepth(networkVersion(network, first.height));
    await strands.deepen(head.key, first.height - 1, window, signal);
    const shared = strands.reader.tipset(first.parents)?.height ?? Number.NEGATIVE_INFINITY;
    // further up the states that speak for a fork are its own: whoever made it may have made them
    const speaking = contested ? above.filter(({ height }) => height <= shared + depth) : above.slice(-uncontested);
    const looked = contested ? sampleFork(speaking, sample) : speaking;
    const [start] = looked;
    if (start === undefined) return { kind: "unjudged", why: "no state that others share speaks for it" };
    await strands.deepen(head.key, start.height - depth - 1, window, signal);
    const states = new StateCache(this.#needs.states, store.reader, Number.POSITIVE_INFINITY);
    let unresolved = 0;
    for (const tipset of looked) {
      const told = await this.#look(tipset, strands, states, signal);
      if (told !== undefined && told !== "good") return { kind: "refuted", error: told };
      if (told === undefined && ++unresolved >= mostUnresolved) break;
    }
    // however it stood against others: where it parts from one that is as deep as it, there is no knowing
    if (found.isUnmet) return { kind: "unjudged", why: "where it parts from another is too deep" };
    if (unresolved === 0) {
      return { kind: "good", contested: contested && (isGrounded || !missing), checked: looked.length };
    }
    return { kind: "unjudged", why: "states that its leaders are looked up in are not to be had" };
  }

  /** Looks at one tipset: beacons and leaders, by the very states the rules name. `undefined`: not to be told. */
  async #look(
    linked: LinkedTipset,
    { reader }: Strands,
    states: StateCache,
    signal: AbortSignal,
  ): Promise<"good" | CopseError | undefined> {
    const name = latin1(linked.key);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { network, states: blocks, signatures, proofs } = this.#needs;
    const needs = { network, reader, blocks, proofs, states: { exact: states.exact.bind(states) } };
    const found = await checkTipsetLeaders(linked, needs, { signal });
    if (found === undefined) return undefined;
    const { tipset, checked } = found;
    const beacons = checkBeacons(network, [tipset], entryBelow(reader, tipset));
    const verdict = verdictOf((await settleAll([checked, beacons], signatures, { signal })).flat());
    if (verdict.kind !== "ok" && verdict.kind !== "invalid") return undefined;
    const told = verdict.kind === "ok" ? "good" : blockError(verdict.fault);
    this.#known.set(name, told);
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value ?? "");
    return told;
  }

  /** Whether there is a stored chain that heads may be expected to meet. */
  #meetsStore(): boolean {
    return (this.#needs.store.head?.height ?? 0) > 0;
  }
}

/** A head that another stands on is as good as that one. */
function underGood(
  head: ToldTipset,
  told: readonly ToldTipset[],
  verdicts: ReadonlyMap<ToldTipset, HeadVerdict>,
  strands: Strands,
): HeadVerdict {
  let best: HeadVerdict = { kind: "unjudged", why: "nothing of it was looked at" };
  for (const other of told) {
    const verdict = verdicts.get(other);
    if (verdict === undefined || verdict.kind === "refuted") continue;
    if (![...strands.chain(other.key)].some(({ parents }) => TipsetKey.equals(parents, head.key))) continue;
    if (verdict.kind === "good") return verdict;
    best = verdict;
  }
  return best;
}
