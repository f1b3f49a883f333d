import type { Database } from "@copse/blockstore";
import {
  blockError,
  type ChainStore,
  coversRange,
  type LinkedTipset,
  readStoredMessages,
  verdictOf,
} from "@copse/chain";
import { checkExecuted } from "@copse/chain/execute";
import { BlockError } from "@copse/chain/validate";
import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, abortFault, isCopseError } from "@copse/primitives";
import { type Network, TipsetKey } from "@copse/types";
import { NodeError } from "../errors.ts";
import type { CountsTable } from "../sync/counts.ts";
import { decodeTipset } from "../sync/decode-tipset.ts";
import { retreat } from "../sync/retreat.ts";
import { sendersByState } from "../sync/sender-check.ts";
import { runStage } from "../sync/stage.ts";
import type { StateBase } from "./base.ts";
import { executedStage } from "./executed-stage.ts";
import type { Executor } from "./executor.ts";
import type { Executed } from "./executor-task.ts";
import type { ExecutedTable } from "./results.ts";

/** What executing works with. */
export interface ExecutionNeeds {
  readonly network: Network;
  readonly store: ChainStore;
  readonly database: Pick<Database, "commit">;
  readonly executor: Executor;
  readonly results: ExecutedTable;
  readonly counts: CountsTable;
  /** Says where it begins, where nothing is executed yet. */
  readonly base: StateBase;
  /** Unit: ms, of any clock. */
  readonly now: () => number;
  /** Told of each change of `state`. */
  readonly onState: (state: ExecutionState) => void;
  /** Told of each tipset. */
  readonly onExecuted: (done: {
    readonly height: number;
    readonly executed: Executed;
    readonly tookMs: number;
  }) => void;
}

/** Where execution stands. */
export type ExecutionState =
  | { readonly kind: "idle" | "running" }
  /** There is no state to begin with, and why; or a tipset lacks a block, whose messages may be on their way. */
  | { readonly kind: "waiting"; readonly reason: string; readonly at?: number; readonly error?: unknown }
  /** This machine failed at a tipset: nothing is concluded about the chain. */
  | { readonly kind: "stopped"; readonly at: number; readonly error: unknown };

/** Tipsets of a fork that are executed for one judgement, at most. */
const longestFork = 64;
/** After so long a tipset that lacked a block is tried again; each time twice as long, up to a bound. Unit: ms. */
const retryMs = 1000;
const maxRetryMs = 300_000;

/** A tipset that lacked a block. */
interface Lack {
  readonly key: TipsetKey;
  readonly height: number;
  /** Whether its messages were checked, so that it is no use to wait for them. */
  readonly hadMessages: boolean;
  readonly times: number;
  /** When it is tried again, at the latest. */
  readonly until: number;
}

/**
 * Executes the stored chain, tipset by tipset, and holds it against what the headers say.
 *
 * A tipset is *executed* when its state and receipts were computed here and its child, where there is one, names them.
 * A child that names others is bad. What this machine fails at stops execution, and nothing else; for a block that it
 * lacks execution waits.
 */
export class Execution {
  readonly #needs: ExecutionNeeds;
  readonly #flights = new Map<string, Promise<Executed>>();
  #state: ExecutionState = { kind: "idle" };
  #stoppedAt: TipsetKey | undefined;
  #lack: Lack | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #news: () => void = () => {};

  constructor(needs: ExecutionNeeds) {
    this.#needs = needs;
  }

  /** Where it stands. */
  get state(): ExecutionState {
    return this.#state;
  }

  /**
   * Executes everything up to the head that can be; where something keeps it from that, `state` says so.
   *
   * @throws {BlockError} a header that does not say what executing its parents gave; the head has gone back below it
   * @throws {HostFault} `host/aborted`
   */
  catchUp(signal: AbortSignal): Promise<void> {
    const turn = this.#turn.then(() => this.#catchUp(signal));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /**
   * Executes beside all else, whenever the head moves, until the signal fires.
   *
   * @param onFault is told of a bad block of the chain, once the head has gone back below it
   * @throws what `onFault` throws
   */
  async run(onFault: (error: BlockError) => void, signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.nudge(), { once: true });
    while (!signal.aborted) {
      const news = new Promise<void>((resolve) => {
        this.#news = resolve;
      });
      try {
        await this.catchUp(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof BlockError) onFault(error);
        // the store failed, or would not go back: it is tried again when there is news
        else this.#enter({ kind: "stopped", at: this.#needs.store.head?.height ?? 0, error });
      }
      const { until } = this.#lack ?? {};
      const again = until && setTimeout(() => this.nudge(), Math.max(1, until - this.#needs.now()));
      await news;
      clearTimeout(again);
    }
  }

  /** The head has moved: there may be more to do. */
  nudge(): void {
    this.#news();
  }

  /**
   * Waits until the parents of a tipset are executed, where they soon will be: then their state is at hand.
   *
   * @throws {BlockError} what is wrong with the parents
   */
  async ready(tipset: LinkedTipset, options: AbortOptions = {}): Promise<void> {
    if (this.#state.kind !== "idle" && this.#state.kind !== "running") return;
    const { store, results } = this.#needs;
    const way: LinkedTipset[] = [];
    for (let key = tipset.parents; results.get(key) === undefined; ) {
      const below = store.reader.tipset(key);
      if (below === undefined || way.length === longestFork) return;
      way.push(below);
      if (this.#needs.base.isAt(below)) break;
      if (below.height === 0) return; // genesis is executed first of all, by `catchUp`
      key = below.parents;
    }
    try {
      for (const one of way.reverse()) await unless(this.execute(one), options.signal);
    } catch (error) {
      if (!isCopseError(error) || error.code.startsWith("block/") || options.signal?.aborted) throw error;
      // whatever keeps a fork from being executed is no reason to stop the chain
    }
  }

  /**
   * Holds a tipset against what executing its parents gave, where that is known.
   *
   * @returns whether it was
   * @throws {BlockError} `block/parent-state-wrong`, `block/parent-receipts-wrong`, `block/base-fee-wrong`
   */
  async judge(tipset: LinkedTipset): Promise<boolean> {
    const executed = this.#needs.results.get(tipset.parents);
    if (executed === undefined) return false;
    await this.#compare(tipset, executed);
    return true;
  }

  /** Root of the state that executing a tipset gave, where it was executed here. */
  stateAfter(key: TipsetKey): CidBytes | undefined {
    return this.#needs.results.get(key)?.stateRoot;
  }

  /**
   * What executing a tipset gives; computed where it is not known. Its parents are executed, or it is where execution
   * begins.
   *
   * @throws {BlockError} it does not say what executing its parents gave
   */
  execute(tipset: LinkedTipset): Promise<Executed> {
    const known = this.#needs.results.get(tipset.key);
    if (known !== undefined) return Promise.resolve(known);
    const name = TipsetKey.key(tipset.key);
    const under = this.#flights.get(name);
    if (under !== undefined) return under;
    const flight = this.#inTurn(tipset).finally(() => this.#flights.delete(name));
    this.#flights.set(name, flight);
    return flight;
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    const { store, counts, base } = this.#needs;
    if (this.#state.kind === "stopped" && this.#stoppedAt !== undefined && store.reader.isCanonical(this.#stoppedAt)) {
      return; // it would only happen again
    }
    if (this.#isStillLacking()) return;
    for (;;) {
      const head = store.head;
      if (head === undefined) return;
      const lowest = store.assurance.executed[0]?.from;
      const found = lowest === undefined ? await base.find({ signal }) : { from: lowest };
      if ("reason" in found) {
        this.#enter({ kind: "waiting", reason: found.reason });
        return;
      }
      this.#enter({ kind: "running" });
      let at: LinkedTipset | undefined;
      const stage = executedStage(
        store.reader,
        (tipset) => {
          at = tipset;
          return this.execute(tipset);
        },
        (tipset) => this.judge(tipset),
      );
      try {
        await runStage(stage, store, counts, { from: found.from, to: head.height }, () => {}, signal);
        this.#lack = undefined;
        this.#enter({ kind: "idle" });
        if (store.head === undefined || TipsetKey.equals(store.head.key, head.key)) return;
      } catch (error) {
        this.#state = { kind: "idle" };
        if (signal.aborted) throw error;
        if (isCopseError(error, "block/")) {
          await retreat(store, (error.facts as { height: number }).height);
          throw error;
        }
        const isMoved = at !== undefined && !store.reader.isCanonical(at.key);
        if (isMoved || isCopseError(error, "chain/tipset-unknown")) continue; // another chain was chosen meanwhile
        if (at !== undefined && isCopseError(error, "host/block-missing")) {
          this.#awaitBlock(at, error);
          return;
        }
        this.#stoppedAt = at?.key;
        this.#enter({ kind: "stopped", at: at?.height ?? head.height, error });
        return;
      }
    }
  }

  /** Messages may be fetched while it executes: what lacks a block is tried again once they are all there, or later. */
  #awaitBlock({ key, height }: LinkedTipset, error: Error): void {
    const before = this.#lack;
    const times = before !== undefined && TipsetKey.equals(before.key, key) ? before.times + 1 : 1;
    const until = this.#needs.now() + Math.min(retryMs * 2 ** (times - 1), maxRetryMs);
    this.#lack = { key, height, hadMessages: this.#hasMessages(height), times, until };
    this.#enter({ kind: "waiting", reason: error.message, at: height, error });
  }

  #isStillLacking(): boolean {
    const { store, now } = this.#needs;
    if (this.#lack === undefined || now() >= this.#lack.until) return false;
    const { key, height, hadMessages } = this.#lack;
    return store.reader.isCanonical(key) && (hadMessages || !this.#hasMessages(height));
  }

  #hasMessages(height: number): boolean {
    return coversRange(this.#needs.store.assurance["messages-checked"], { from: height, to: height });
  }

  #enter(state: ExecutionState): void {
    const before = this.#state;
    this.#state = state;
    const isSame =
      state.kind === before.kind && (state.kind !== "waiting" || state.reason === (before as typeof state).reason);
    if (!isSame) this.#needs.onState(state);
  }

  async #inTurn(tipset: LinkedTipset): Promise<Executed> {
    const { height } = tipset;
    if (!(await this.judge(tipset)) && height > 0 && !this.#needs.base.isAt(tipset)) {
      throw new NodeError("copse/not-executed", { why: `the parents of the tipset at ${height} are not executed` });
    }
    this.#judgeSenders(tipset);
    return this.#compute(tipset);
  }

  /** Who sends in it is looked up in the state that its parents gave: messages were checked before that was known. */
  #judgeSenders(linked: LinkedTipset): void {
    const { network, store } = this.#needs;
    const root = this.stateAfter(linked.parents);
    if (root === undefined) return;
    const tipset = decodeTipset(linked);
    const messages = tipset.blocks.map((block) => readStoredMessages(store.reader, block.messages.bytes));
    if (messages.includes(undefined)) return; // whoever executes it says so
    const bytes = messages.map((lists) => ({
      bls: lists?.bls.map((one) => one.bytes) ?? [],
      secp: lists?.secp.map((one) => one.bytes) ?? [],
    }));
    const verdict = verdictOf(sendersByState(network, tipset, bytes, root, store.reader)?.checks.faults ?? []);
    if (verdict.kind !== "ok") throw blockError(verdict.fault);
  }

  async #compute(tipset: LinkedTipset): Promise<Executed> {
    const { executor, database, results, onExecuted } = this.#needs;
    const { executed, blocks, tookMs, stored } = await executor.execute(tipset.key);
    await database.commit({ blocks, rows: [results.row(tipset.key, executed)] });
    stored();
    onExecuted({ height: tipset.height, executed, tookMs });
    return executed;
  }

  async #compare(child: LinkedTipset, executed: Executed): Promise<void> {
    const tipset = decodeTipset(child);
    if (checkExecuted(tipset, executed).faults.length === 0) return;
    // a verdict that no peer can make good again is worth to be computed twice
    const parents = this.#needs.store.reader.tipset(child.parents);
    const again = parents === undefined || parents.height === 0 ? executed : await this.#compute(parents);
    const verdict = verdictOf(checkExecuted(tipset, again).faults);
    if (verdict.kind !== "ok") throw blockError(verdict.fault);
  }
}

function unless<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortFault(signal));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** What `--execute on` ends with where not all was executed. */
export function notExecuted(state: ExecutionState): unknown {
  if (state.kind === "stopped" || (state.kind === "waiting" && state.error !== undefined)) return state.error;
  return new NodeError("copse/not-executed", {
    why: state.kind === "waiting" ? state.reason : "the work was cut short",
  });
}
