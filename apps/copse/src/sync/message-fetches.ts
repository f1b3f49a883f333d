import type { LinkedTipset } from "@copse/chain";
import { cidKey } from "@copse/ipld";
import { Address, TipsetKey } from "@copse/types";
import { decodeTipset } from "./decode-tipset.ts";
import type { StageResult } from "./stage.ts";

/** Tipsets whose messages are fetched at once. */
const mostAtOnce = 6;
/** Of these, such as may well have none: a miner's further blocks at a height, and what is below the head. */
const mostLateAtOnce = 2;
/** Tipsets that wait. */
const mostWaiting = 256;
/** Of these, such as hold different blocks of one miner at one height. */
const mostVariants = 16;
/** Miners and heights of which it is remembered what was asked for. */
const mostSlots = 1024;

/** What came of a tipset: its messages hold, or why that can not be said. */
export type MessagesFetched =
  | { readonly tipset: LinkedTipset; readonly blocks: NonNullable<StageResult["blocks"]> }
  | { readonly tipset: LinkedTipset; readonly error: unknown };

/** What fetching messages may touch, and whom it tells. */
export interface MessageFetchesNeeds {
  /** Fetches the messages of a tipset and checks them: the stage that does so. */
  readonly check: (tipset: LinkedTipset, signal: AbortSignal) => Promise<StageResult>;
  /** A tipset is done. */
  readonly onEnd: () => void;
}

/** A block, and whose at which height it is. */
interface Slotted {
  readonly slot: string;
  readonly cid: string;
}

interface Waiting {
  readonly tipset: LinkedTipset;
  readonly blocks: readonly Slotted[];
  state: "waiting" | "running" | "late" | "done";
}

/**
 * Has the messages of tipsets fetched and checked beside all else: what lacks them holds up nobody.
 *
 * Who won a block may sign any number of others for the same height, and name messages in them that do not exist; each costs
 * all our patience. So a miner's first block at a height goes before its others, and those have few places.
 */
export class MessageFetches {
  readonly #needs: MessageFetchesNeeds;
  readonly #waiting = new Map<string, Waiting>();
  /** What was asked for of a miner at a height. */
  readonly #asked = new Map<string, Set<string>>();
  #done: MessagesFetched[] = [];

  constructor(needs: MessageFetchesNeeds) {
    this.#needs = needs;
  }

  /** Whether a tipset waits here, and was not taken out. */
  has(key: TipsetKey): boolean {
    return this.#waiting.has(TipsetKey.key(key));
  }

  /**
   * Takes a tipset in, sound but for its messages.
   *
   * @returns the tipset that there is no room for, if any: this one, or one that would come after it
   */
  add(tipset: LinkedTipset): LinkedTipset | undefined {
    const name = TipsetKey.key(tipset.key);
    if (this.#waiting.has(name)) return undefined;
    const { blocks, cids } = decodeTipset(tipset);
    const slotted = blocks.map(({ miner, height }, i) => ({
      slot: `${Address.format(miner)}@${height}`,
      cid: cidKey(cids[i]?.bytes ?? tipset.key),
    }));
    if (this.#isCrowded(slotted)) return tipset;
    this.#waiting.set(name, { tipset, blocks: slotted, state: "waiting" });
    if (this.#waiting.size <= mostWaiting) return undefined;
    const last = this.#inOrder(Number.POSITIVE_INFINITY).at(-1);
    if (last !== undefined) this.#waiting.delete(TipsetKey.key(last.tipset.key));
    return last?.tipset;
  }

  /** Begins with as many as there are places for. What the signal ends waits for the next call. */
  start(headHeight: number, signal: AbortSignal): void {
    const count = (state: Waiting["state"]): number =>
      [...this.#waiting.values()].filter((one) => one.state === state).length;
    let late = count("late");
    let free = mostAtOnce - late - count("running");
    while (free > 0) {
      // each that begins may make others of its miner late
      const next = this.#inOrder(headHeight).find((one) => late < mostLateAtOnce || !this.#isLate(one, headHeight));
      if (next === undefined) return;
      next.state = this.#isLate(next, headHeight) ? "late" : "running";
      if (next.state === "late") late++;
      free--;
      for (const { slot, cid } of next.blocks) this.#noteAsked(slot, cid);
      void this.#fetch(next, signal);
    }
  }

  /** Takes out what is done. */
  take(): MessagesFetched[] {
    const done = this.#done;
    this.#done = [];
    for (const { tipset } of done) this.#waiting.delete(TipsetKey.key(tipset.key));
    return done;
  }

  async #fetch(one: Waiting, signal: AbortSignal): Promise<void> {
    const { tipset } = one;
    const { check, onEnd } = this.#needs;
    try {
      const { blocks = [] } = await check(tipset, signal);
      this.#done.push({ tipset, blocks });
      one.state = "done";
    } catch (error) {
      if (!signal.aborted) this.#done.push({ tipset, error });
      one.state = signal.aborted ? "waiting" : "done";
    }
    onEnd();
  }

  /** Those that wait, the next first. */
  #inOrder(headHeight: number): Waiting[] {
    return [...this.#waiting.values()]
      .filter(({ state }) => state === "waiting")
      .map((one) => ({ one, late: this.#isLate(one, headHeight), rank: this.#rank(one) }))
      .sort((a, b) => Number(a.late) - Number(b.late) || a.rank - b.rank || b.one.tipset.height - a.one.tipset.height)
      .map(({ one }) => one);
  }

  #isLate(one: Waiting, headHeight: number): boolean {
    return one.tipset.height < headHeight || this.#rank(one) > 0;
  }

  /** How many other blocks of one miner at one height were asked for. */
  #rank({ blocks }: Waiting): number {
    const others = ({ slot, cid }: Slotted): number => {
      const asked = this.#asked.get(slot);
      return asked === undefined ? 0 : asked.size - (asked.has(cid) ? 1 : 0);
    };
    return Math.max(0, ...blocks.map(others));
  }

  #noteAsked(slot: string, cid: string): void {
    const asked = this.#asked.get(slot) ?? new Set();
    this.#asked.delete(slot);
    this.#asked.set(slot, asked.size < mostVariants ? asked.add(cid) : asked);
    if (this.#asked.size > mostSlots) this.#asked.delete(this.#asked.keys().next().value ?? "");
  }

  #isCrowded(blocks: readonly Slotted[]): boolean {
    const others = new Map(blocks.map(({ slot }) => [slot, new Set<string>()]));
    for (const one of this.#waiting.values()) for (const { slot, cid } of one.blocks) others.get(slot)?.add(cid);
    return blocks.some(({ slot, cid }) => {
      const known = others.get(slot) as Set<string>;
      return known.size >= mostVariants && !known.has(cid);
    });
  }
}
