import { chainError, type LinkedTipset, type LinkRules, type LinkTarget, linkRun } from "@copse/chain";
import { type CopseError, isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { askOne } from "./ask.ts";
import { isSourceFalse } from "./blame.ts";
import { type BranchReader, withTipsets } from "./leader-branch.ts";
import type { HeaderSlices, SourcePool } from "./sources.ts";

/** A head that peers told. */
export interface ToldTipset {
  readonly key: TipsetKey;
  /** Peers that have it, likely. */
  readonly supporters: readonly string[];
}

/** How far the way down from a told head is known. */
export type StrandEnd =
  /** Another strand, or the stored chain, goes on from there. */
  | { readonly kind: "joined" }
  /** It can be walked on. */
  | { readonly kind: "open" }
  /** It stands on genesis. */
  | { readonly kind: "genesis" }
  /** Nobody gave more. */
  | { readonly kind: "unserved"; readonly why: string }
  /** It goes on longer than we care for without meeting another. */
  | { readonly kind: "long"; readonly why: string }
  /** It breaks a rule of linking. */
  | { readonly kind: "broken"; readonly error: CopseError };

interface Strand {
  readonly head: ToldTipset;
  next: LinkTarget;
  length: number;
  bytes: number;
  /** Time that the requests took which brought it further. Unit: ms. */
  ms: number;
  lowest: number;
  end: StrandEnd;
}

/** What walking strands needs. */
export interface StrandsNeeds {
  readonly reader: BranchReader;
  readonly rules: LinkRules;
  readonly pool: SourcePool;
  /** A clock that only goes up; unit: ms. */
  readonly now: () => number;
}

/** Tipsets of one strand: more than a fork may take back, three times over. */
const longest = 2700;
/** Bytes of headers of one strand: 5 KB a tipset on mainnet. Each has its own share, lest one takes that of others. */
const mostBytes = 20 << 20;
/** Bytes of all strands. */
const mostBytesOfAll = 320 << 20;
/** A strand may take so long, and so much longer for each tipset: who gives one at a time holds up nobody. Unit: ms. */
const slowest = { base: 15_000, each: 20 } as const;
/** Strands walked at once. */
const atOnce = 8;
/** Supporters asked at once for one window, after the first that was asked alone: silent ones must not hide a head. */
const askedAtOnce = 8;
/** Peers asked that did not tell the head, when its supporters gave nothing. */
const mostOthers = 3;
/** After so long a peer has not given a window. Unit: ms. */
const fetchMs = 10_000;

/**
 * Branches that peers told, walked down side by side in memory until they meet each other or the stored chain. Nothing of
 * them is stored. Bound: 2,700 tipsets and 20 MiB a branch, 320 MiB in all.
 */
export class Strands {
  readonly #needs: StrandsNeeds;
  readonly #strands: readonly Strand[];
  readonly #tipsets = new Map<string, LinkedTipset>();
  #bytes = 0;
  /** Peers that gave tipsets: they are asked first. */
  readonly #served = new Set<string>();
  /** The stored chain and all strands. */
  readonly reader: BranchReader;

  constructor(heads: readonly ToldTipset[], needs: StrandsNeeds) {
    this.#needs = needs;
    this.#strands = heads.map((head) => ({
      head,
      next: { key: head.key },
      length: 0,
      bytes: 0,
      ms: 0,
      lowest: Number.POSITIVE_INFINITY,
      end: this.#knows(head.key) ? { kind: "joined" } : { kind: "open" },
    }));
    this.reader = withTipsets(needs.reader, this.#tipsets);
  }

  /** Walks all of them a little: enough to see which stand on each other. */
  async walk(count: number, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#strands.map((strand) => this.#extend(strand, count, signal)));
  }

  /**
   * Walks on the highest until all have met that are served.
   *
   * @param heads - those that are wanted; others are walked only where these stand on them
   * @param stored - whether there is a chain to meet; without one, the last goes on for them all
   */
  async meet(heads: readonly ToldTipset[], window: number, stored: boolean, signal: AbortSignal): Promise<void> {
    const running = new Map<Strand, Promise<void>>();
    const met = new AbortController();
    const either = AbortSignal.any([signal, met.signal]);
    try {
      for (;;) {
        const bottoms = [...new Set(heads.flatMap(({ key }) => this.#bottom(key) ?? []))];
        const open = bottoms.filter(({ end }) => end.kind === "open");
        const apart = bottoms.filter(({ end }) => end.kind === "open" || end.kind === "genesis" || end.kind === "long");
        if (open.length === 0 || (!stored && apart.length === 1)) return;
        // none waits for another: one that is slow to be served must not hold up the others
        const highest = open.filter((strand) => !running.has(strand)).toSorted((a, b) => b.lowest - a.lowest);
        for (const strand of highest.slice(0, atOnce - running.size)) {
          const step = this.#extend(strand, window, either).finally(() => running.delete(strand));
          running.set(strand, step);
        }
        await Promise.race(running.values());
      }
    } finally {
      met.abort(new Error("the heads have met"));
      await Promise.allSettled(running.values());
    }
  }

  /** Walks on what a chain ends in, until it is known below a height. */
  async deepen(from: TipsetKey, height: number, window: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const lowest = [...this.chain(from)].at(-1);
      if (lowest === undefined || lowest.height < height) return;
      const strand = this.#strands.find(
        ({ end, next }) => end.kind === "open" && TipsetKey.equals(next.key, lowest.parents),
      );
      if (strand === undefined) return;
      await this.#extend(strand, window, signal);
    }
  }

  /** The tipsets of a head that are not of the stored chain, newest first. */
  *chain(from: TipsetKey): Generator<LinkedTipset> {
    let at = this.#tipsets.get(TipsetKey.key(from));
    while (at !== undefined) {
      yield at;
      at = this.#tipsets.get(TipsetKey.key(at.parents));
    }
  }

  /** What the chain below a head ends in. */
  endOf(from: TipsetKey): StrandEnd {
    return this.#bottom(from)?.end ?? { kind: "joined" };
  }

  /** The strand that the chain below a head ends in: its own, or the one it joined. */
  #bottom(from: TipsetKey): Strand | undefined {
    const own = this.#strands.find(({ head }) => TipsetKey.equals(head.key, from));
    if (own?.end.kind !== "joined") return own;
    const below = [...this.chain(from)].at(-1)?.parents ?? from;
    if (this.#needs.reader.isCanonical(below)) return own;
    return this.#strands.find(({ next }) => TipsetKey.equals(next.key, below)) ?? own;
  }

  #knows(key: TipsetKey): boolean {
    return this.#needs.reader.isCanonical(key) || this.#tipsets.has(TipsetKey.key(key));
  }

  async #extend(strand: Strand, count: number, signal: AbortSignal): Promise<void> {
    if (strand.end.kind !== "open") return;
    if (strand.length >= longest || strand.bytes >= mostBytes || this.#bytes >= mostBytesOfAll) {
      strand.end = { kind: "long", why: `it parts from the others more than ${strand.length} tipsets down` };
      return;
    }
    if (strand.ms > slowest.base + slowest.each * strand.length) {
      strand.end = { kind: "unserved", why: `it took ${Math.round(strand.ms / 1000)} s for ${strand.length} tipsets` };
      return;
    }
    const from = strand.next;
    let why = "nobody is there to ask";
    const ask = async (peer: string, enough: AbortSignal): Promise<boolean> => {
      try {
        if (await this.#take(strand, from, peer, count, AbortSignal.any([signal, enough]))) return true;
        why = "what was served for it does not link";
      } catch (error) {
        signal.throwIfAborted();
        if (enough.aborted) return false;
        if (!isCopseError(error)) throw error;
        why = error.message;
      }
      return false;
    };
    const peers = this.#askable(strand.head.supporters);
    for (let next = 0; next < peers.length; next += next === 0 ? 1 : askedAtOnce) {
      const enough = new AbortController();
      const asked = peers.slice(next, next === 0 ? 1 : next + askedAtOnce);
      const got = await someTrue(asked.map((peer) => ask(peer, enough.signal)));
      enough.abort();
      if (got) return;
    }
    // another walk of it may have got on meanwhile
    if (strand.next === from && strand.end.kind === "open") strand.end = { kind: "unserved", why };
  }

  /** All supporters, those first that gave something before, then a few others. */
  #askable(supporters: readonly string[]): readonly string[] {
    const ranked = this.#needs.pool.ranked(new Set()).map(({ id }) => id);
    const served = (ids: readonly string[]): readonly string[] => [
      ...ids.filter((id) => this.#served.has(id)),
      ...ids.filter((id) => !this.#served.has(id)),
    ];
    const own = [...new Set([...ranked.filter((id) => supporters.includes(id)), ...supporters])];
    return [...served(own), ...served(ranked.filter((id) => !supporters.includes(id))).slice(0, mostOthers)];
  }

  /** Takes a window of one peer. @returns whether the strand got on, or was found broken */
  async #take(strand: Strand, from: LinkTarget, peer: string, count: number, signal: AbortSignal): Promise<boolean> {
    const { pool, rules } = this.#needs;
    const either = AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]);
    const begun = this.#needs.now();
    const { value } = await askOne<readonly HeaderSlices[]>(pool, peer, (one) =>
      one.headers(from.key, count, { signal: either }),
    );
    if (strand.next !== from || strand.end.kind !== "open") return true; // another was faster
    const run = linkRun(from, value, rules);
    if (run.linked.length > 0) this.#served.add(peer);
    strand.ms += this.#needs.now() - begun;
    for (const tipset of run.linked) {
      if (this.#knows(tipset.key)) {
        strand.end = { kind: "joined" };
        return true;
      }
      this.#tipsets.set(TipsetKey.key(tipset.key), tipset);
      strand.length++;
      const bytes = tipset.headers.reduce((sum, { length }) => sum + length, 0);
      strand.bytes += bytes;
      this.#bytes += bytes;
      strand.lowest = tipset.height;
    }
    strand.next = run.linked.length === 0 ? from : run.next;
    if (run.reachedGenesis) strand.end = { kind: "genesis" };
    else if (this.#knows(strand.next.key)) strand.end = { kind: "joined" };
    else if (run.fault !== undefined) {
      const error = chainError(run.fault);
      if (isSourceFalse(run, value, rules)) pool.report(peer, { kind: "lied", error });
      else strand.end = { kind: "broken", error };
    }
    return run.linked.length > 0 || strand.end.kind === "broken";
  }
}

/** Whether any of them comes to be true; does not wait for the others then. */
function someTrue(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const answer of answers) {
      answer.then((isTrue) => {
        if (isTrue) resolve(true);
      }, reject);
    }
    Promise.all(answers).then(() => resolve(false), reject);
  });
}
