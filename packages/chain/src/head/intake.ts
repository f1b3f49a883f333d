import { type CidBytes, cidOf } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { cidText } from "../link/key-text.ts";
import type { LinkFault } from "../link/link-errors.ts";
import { linkTipset } from "../link/link-tipset.ts";
import type { LinkedTipset, LinkRules } from "../link/link-types.ts";
import type { BadBlocks, BadReason } from "./bad-blocks.ts";
import { SeenCache } from "./seen-cache.ts";

/** What became of a header or tipset that came in. */
export type IntakeResult =
  /** It holds as far as it can be judged alone. */
  | { readonly kind: "candidate"; readonly tipset: LinkedTipset }
  /** It came before. */
  | { readonly kind: "seen" }
  /** It or a parent broke a rule before. */
  | { readonly kind: "bad"; readonly reason: BadReason }
  /**
   * It breaks a rule now. A block is marked bad where its own header does. Where blocks do not go together none is: anybody
   * may put an invented block beside an honest one, and each of them may be sound alone.
   */
  | { readonly kind: "broken"; readonly fault: LinkFault }
  /** Its time has not come; {@link Intake.due} gives it back then, if there was room to keep it. */
  | { readonly kind: "early"; readonly kept: boolean }
  /** Too far below the head, or above any height there can be by now. */
  | { readonly kind: "out-of-range"; readonly height: number };

/** What the intake needs; time and head are told with each call. */
export interface IntakeOptions {
  readonly rules: LinkRules;
  readonly bad: BadBlocks;
  /** Most tipsets kept until their time comes; 64 unless told. */
  readonly maxEarly?: number;
  /** Heights below the head that are looked at; 900 unless told. */
  readonly finality?: number;
}

/** The moment something came in. */
export interface IntakeMoment {
  /** Unit: seconds since 1970. */
  readonly now: number;
  readonly headHeight: number;
}

/** What waited until its time. */
export interface DueTipset {
  readonly tipset: LinkedTipset;
  /** Who brought it, where that was told. */
  readonly from: string | undefined;
}

/** Seconds a block may be ahead of our clock. @see lotus build `AllowableClockDriftSecs` */
const clockDrift = 1;
/** Rules that a header breaks by itself, whatever it comes with. A wrong hash is none: those bytes are the sender's lie. */
const ownFaults: ReadonlySet<LinkFault["code"]> = new Set<LinkFault["code"]>([
  "chain/header-malformed",
  "chain/header-not-canonical",
  "chain/field-missing",
  "chain/win-count-out-of-range",
  "chain/timestamp-wrong",
]);
/** Epochs above the clock's that are not even kept. @see lotus chain/sync.go `MaxHeightDrift` */
const heightDrift = 5;

/**
 * Takes headers from gossip and heads from hello, and gives candidates: new, not bad, in range, linked in themselves.
 * Touches no network and no clock.
 *
 * @example
 * intake.offerBlock(header, { now, headHeight }) // => { kind: "candidate", tipset }
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #seen: SeenCache = new SeenCache();
  /** By time, soonest first. */
  #early: DueTipset[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** A single block, as gossip brings it. `from`: who does, for {@link due}. */
  offerBlock(header: Uint8Array, moment: IntakeMoment, from?: string): IntakeResult {
    return this.offerTipset(cidOf(header) as TipsetKey, [header], moment, from);
  }

  /** A tipset under the key a peer named for it. `from`: that peer, for {@link due}. */
  offerTipset(key: TipsetKey, headers: readonly Uint8Array[], moment: IntakeMoment, from?: string): IntakeResult {
    const { rules, bad } = this.#options;
    if (key.length > 0 && this.#seen.has(key)) return { kind: "seen" };
    const linked = linkTipset({ key }, headers, rules);
    if ("code" in linked) {
      if (ownFaults.has(linked.code)) {
        const named = (linked.facts as { readonly block?: string }).block;
        for (const cid of headers.map(cidOf)) if (named === cidText(cid)) bad.add(cid, linked);
      }
      return { kind: "broken", fault: linked };
    }
    const reason = bad.reasonOf(key, linked.parents);
    if (reason !== undefined) return { kind: "bad", reason };
    const { height, timestamp } = linked;
    const newest = Math.floor((moment.now - rules.genesisTime) / rules.blockDelay) + heightDrift;
    if (height < moment.headHeight - (this.#options.finality ?? 900) || height > newest) {
      return { kind: "out-of-range", height };
    }
    if (timestamp > moment.now + clockDrift) return { kind: "early", kept: this.#keep({ tipset: linked, from }) };
    this.#seen.add(key);
    return { kind: "candidate", tipset: linked };
  }

  /** The early tipsets whose time has come, soonest first. */
  due(now: number): DueTipset[] {
    const ready = this.#early.filter(({ tipset }) => tipset.timestamp <= now + clockDrift);
    if (ready.length === 0) return ready;
    this.#early = this.#early.filter(({ tipset }) => tipset.timestamp > now + clockDrift);
    return ready.filter(({ tipset }) => this.#seen.add(tipset.key));
  }

  /** When the next early tipset is due, in seconds since 1970; `undefined` when none waits. */
  get nextDue(): number | undefined {
    const [soonest] = this.#early;
    return soonest && soonest.tipset.timestamp - clockDrift;
  }

  /** Lets a tipset come in again: it was dropped for a reason that passes. */
  forget(key: CidBytes): void {
    this.#seen.delete(key);
  }

  #keep(early: DueTipset): boolean {
    const known = this.#early.some(({ tipset }) => equalBytes(tipset.key, early.tipset.key));
    if (known) return true;
    this.#early.push(early);
    this.#early.sort((a, b) => a.tipset.timestamp - b.tipset.timestamp);
    // full: the one that waits longest goes
    return this.#early.length <= (this.#options.maxEarly ?? 64) || this.#early.pop() !== early;
  }
}
