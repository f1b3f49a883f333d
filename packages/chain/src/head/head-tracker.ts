import { equalBytes, latin1, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import type { LinkedTipset } from "../link/link-types.ts";
import type { ChainReader } from "../store/chain-reader.ts";
import type { ChainStore } from "../store/chain-store.ts";
import type { Head, HeadChange } from "../store/head-change.ts";
import { BlockTable } from "./block-table.ts";
import { chooseHead, searchDepth } from "./choose-head.ts";

/** Is told of every move of the head, in order. */
export type HeadListener = (change: HeadChange) => void;

/** What came of verified tipsets. */
export interface HeadDecision {
  /** The head's move, if it moved. */
  readonly change: HeadChange | undefined;
  /** Why a heavier tipset was not taken: its fork is too long, or leaves out the checkpoint. */
  readonly refused: ChainError | undefined;
}

/** Heights of blocks that are kept for late siblings. */
const tableDepth = 900;
/** Forks that are remembered as refused. */
const mostRefused = 256;
/** Epochs between two rounds of forgetting tipsets beside the chain. */
const pruneEvery = 100;

/**
 * Chooses the head among verified tipsets, as Lotus does, and has the store follow.
 *
 * Blocks enter one by one, whatever tipset they came in, so late siblings make their tipset heavier, and all blocks of a
 * miner with two at one height are left out, even where that makes the head lighter.
 *
 * @see lotus chain/store/store.go `RefreshHeaviestTipSet`
 * @example
 * const tracker = new HeadTracker(store);
 * const stop = tracker.onChange(({ revert, apply }) => follow(revert, apply));
 * await tracker.consider(assembler.ready());
 */
export class HeadTracker {
  readonly #store: ChainStore;
  readonly #table: BlockTable = new BlockTable();
  readonly #listeners = new Set<HeadListener>();
  /** The head whose blocks are in the table. */
  #known: TipsetKey | undefined;
  /** Lowest tipsets of the forks that may not be followed: they are too long or leave out the checkpoint, for good. */
  readonly #refused = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: ChainStore) {
    this.#store = store;
  }

  /** The head. */
  get head(): Head | undefined {
    return this.#store.head;
  }

  /** Tells a listener of every change from now on. @returns stops that */
  onChange(listener: HeadListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes verified tipsets, parents before children, each on one that is stored or before it; stores them, and moves the
   * head where they give a heavier one. One call after another, in order.
   *
   * @throws {ChainError} `chain/tipset-unknown` for a tipset on none that is known
   */
  consider(tipsets: readonly LinkedTipset[]): Promise<HeadDecision> {
    return this.#inTurn(() => this.#consider(tipsets));
  }

  /**
   * Moves the head to a stored tipset whatever its weight, if its chain does not hold it, and sets the checkpoint there. A
   * checkpoint above it on the same chain stays: what no fork could take back must not come within reach of one.
   *
   * @throws {ChainError} `chain/tipset-unknown`, `chain/fork-too-long`, `chain/behind-checkpoint`
   */
  checkpoint(key: TipsetKey): Promise<HeadDecision> {
    return this.#inTurn(async () => {
      const { head, reader } = this.#store;
      const tipset = reader.tipset(key);
      const isBelow =
        tipset !== undefined && head !== undefined && tipset.height <= head.height && reader.isCanonical(key);
      const change = isBelow ? undefined : await this.#store.switchHead(key);
      const { checkpoint } = this.#store;
      const stays =
        isBelow && checkpoint !== undefined && checkpoint.height >= tipset.height && reader.isCanonical(checkpoint.key);
      if (!stays) await this.#store.setCheckpoint(key);
      if (change !== undefined) this.#tell(change);
      return { change, refused: undefined };
    });
  }

  /** Passes on a change the store made by itself, when a span joined an older one. */
  tell(change: HeadChange): void {
    this.#tell(change);
  }

  async #consider(tipsets: readonly LinkedTipset[]): Promise<HeadDecision> {
    const { reader } = this.#store;
    this.#refill();
    const fresh = new Map<string, LinkedTipset>();
    const find = (key: TipsetKey): LinkedTipset | undefined => fresh.get(latin1(key)) ?? reader.tipset(key);
    const heights = new Set<number>();
    const aside: LinkedTipset[] = [];
    for (const tipset of tipsets) {
      if (find(tipset.parents) === undefined && tipset.height > 0) {
        throw new ChainError("chain/tipset-unknown", { tipset: toHex(tipset.parents) });
      }
      for (const header of tipset.headers) this.#table.add(header);
      heights.add(tipset.height);
      if (reader.tipset(tipset.key) === undefined) {
        fresh.set(latin1(tipset.key), tipset);
        aside.push(tipset);
      }
    }
    if (aside.length > 1) await this.#store.keepAside(aside); // also those not chosen: a child may be, later
    let refused: ChainError | undefined;
    for (;;) {
      const head = this.#store.head;
      const isRefused = (tipset: LinkedTipset): boolean => this.#isRefused(tipset, find);
      const choice = { table: this.#table, heights, find, isRefused };
      const best = chooseHead({ ...choice, head: head && find(head.key) })?.tipset;
      const [only] = aside;
      if (only !== undefined && aside.length === 1 && !(best !== undefined && equalBytes(best.key, only.key))) {
        await this.#store.keepAside(aside);
      }
      if (best === undefined || (head !== undefined && equalBytes(head.key, best.key))) {
        return { change: undefined, refused };
      }
      try {
        const change = await this.#store.switchHead(best.key, [best]);
        await this.#moved(change);
        return { change, refused };
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
        if (error.code !== "chain/fork-too-long" && error.code !== "chain/behind-checkpoint") throw error;
        refused = error;
        this.#refuse(rootOf(this.#store.reader, best, find)); // and the next best is looked for
      }
    }
  }

  async #moved(change: HeadChange): Promise<void> {
    this.#known = change.to.key;
    const below = change.to.height - tableDepth;
    this.#table.prune(below);
    if (change.to.height % pruneEvery === 0) await this.#store.pruneAside(below);
    this.#tell(change);
  }

  #isRefused(tipset: LinkedTipset, find: (key: TipsetKey) => LinkedTipset | undefined): boolean {
    return this.#refused.size > 0 && this.#refused.has(latin1(rootOf(this.#store.reader, tipset, find)));
  }

  #refuse(root: TipsetKey): void {
    this.#refused.add(latin1(root));
    if (this.#refused.size <= mostRefused) return;
    for (const oldest of this.#refused) {
      this.#refused.delete(oldest);
      return;
    }
  }

  /** Blocks of a head that came from elsewhere (a restart, a span) enter the table, and of those that may follow it. */
  #refill(): void {
    const head = this.#store.head;
    if (head === undefined || (this.#known !== undefined && equalBytes(this.#known, head.key))) return;
    this.#known = head.key;
    for (const { height, headers } of this.#store.reader.ancestors(head.key)) {
      if (height < head.height - searchDepth.below) return;
      for (const header of headers) this.#table.add(header);
    }
  }

  #tell(change: HeadChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** The lowest tipset on the way to this one that is not canonical: a fork by name. */
function rootOf(
  reader: ChainReader,
  tipset: LinkedTipset,
  find: (key: TipsetKey) => LinkedTipset | undefined,
): TipsetKey {
  let root = tipset;
  for (;;) {
    const parent = reader.isCanonical(root.parents) ? undefined : find(root.parents);
    if (parent === undefined) return root.key;
    root = parent;
  }
}
