import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { type CidBytes, cidKey } from "./cid.ts";
import { FetchError } from "./errors.ts";
import { type AsyncBlockReader, blockMissing, type Fetching, type SyncBlockReader } from "./fetching.ts";

/** Most that may be fetched. */
export interface FetchLimits {
  readonly maxBlocks: number;
  readonly maxBytes: number;
  /** Times that one waits for blocks, each for all that are wanted by then. */
  readonly maxRounds: number;
}

/** What was fetched. */
export interface FetchTally {
  readonly blocks: number;
  readonly bytes: number;
  readonly rounds: number;
}

/**
 * What fetching may still cost. One budget may serve several runs, which together stay within it.
 *
 * @example
 * const budget = new FetchBudget({ maxBlocks: 150, maxBytes: 4 << 20, maxRounds: 32 });
 * await runTogether(reads, store, { budget });
 * budget.spent.blocks // => 121
 */
export class FetchBudget {
  readonly limits: FetchLimits;
  #blocks = 0;
  #bytes = 0;
  #rounds = 0;

  /** What is not limited is not bounded. */
  constructor(limits: Partial<FetchLimits> = {}) {
    this.limits = { maxBlocks: Infinity, maxBytes: Infinity, maxRounds: Infinity, ...limits };
  }

  /** What was fetched so far. */
  get spent(): FetchTally {
    return { blocks: this.#blocks, bytes: this.#bytes, rounds: this.#rounds };
  }

  /**
   * Books a round of so many blocks, before they are asked for.
   *
   * @throws {FetchError} `fetch/over-budget`; nothing is booked then
   */
  ask(blocks: number): void {
    const { maxBlocks, maxBytes, maxRounds } = this.limits;
    if (this.#rounds + 1 > maxRounds) throw overBudget("rounds", this.#rounds + 1, maxRounds);
    if (this.#blocks + blocks > maxBlocks) throw overBudget("blocks", this.#blocks + blocks, maxBlocks);
    // how long blocks are shows when they are here: with none left of the bytes none is asked for
    if (this.#bytes >= maxBytes) throw overBudget("bytes", this.#bytes + 1, maxBytes);
    this.#rounds++;
    this.#blocks += blocks;
  }

  /**
   * Books the bytes that came.
   *
   * @throws {FetchError} `fetch/over-budget`
   */
  take(bytes: number): void {
    const { maxBytes } = this.limits;
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) throw overBudget("bytes", this.#bytes, maxBytes);
  }
}

function overBudget(what: keyof FetchTally, wanted: number, limit: number): FetchError<"fetch/over-budget"> {
  return new FetchError("fetch/over-budget", { what, wanted, limit });
}

/** How algorithms are run together. */
export interface TogetherOptions extends AbortOptions {
  /** Blocks at hand: looked into first, at no cost. */
  readonly held?: SyncBlockReader | undefined;
  readonly budget?: FetchBudget | undefined;
}

/** How one of several algorithms ended. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/**
 * Runs algorithms side by side over an asynchronous store: all go on until each waits for a block, then these are fetched
 * at once, each only once; and so on. Reads of many paths take as many round trips as the longest of them, and a store
 * that gathers what is asked for in one turn (bitswap does) sends one message a round.
 *
 * What one algorithm throws ends it alone. The budget, the signal and faults of the store end all.
 *
 * Memory: the blocks fetched, until the end. Bound: the budget.
 *
 * @returns how each ended, in their order
 * @throws {FetchError} `fetch/over-budget`
 * @throws {HostFault} `host/aborted`, and what the store throws
 * @example
 * const [claim, info] = await runTogether([powerClaim(tree, miner), minerInfo(tree, miner)], store, { budget });
 */
export async function runTogether<const All extends readonly Fetching<unknown>[]>(
  all: All,
  store: AsyncBlockReader,
  options: TogetherOptions = {},
): Promise<Outcomes<All>> {
  const { held, budget = new FetchBudget(), signal } = options;
  assertNotAborted(signal);
  const fetched = new Map<string, Uint8Array | undefined>();
  const known = (cid: CidBytes, key: string): Uint8Array | undefined => fetched.get(key) ?? held?.getSync(cid);
  const outcomes: Outcome<unknown>[] = [];
  let waiting: Waiting[] = [];
  for (const [at, steps] of all.entries()) waiting.push({ at, steps, cid: undefined });
  try {
    while (waiting.length > 0) {
      const wanted = new Map<string, CidBytes>();
      const next: Waiting[] = [];
      for (const one of waiting) {
        const cid = goOn(one, known, fetched, outcomes);
        if (cid === undefined) continue;
        const own = cid.slice(); // it may be a view of what the algorithm goes on with
        const key = cidKey(own);
        if (!wanted.has(key)) wanted.set(key, own);
        next.push({ ...one, cid: own });
      }
      waiting = next;
      if (wanted.size === 0) break;
      budget.ask(wanted.size);
      await Promise.all(
        Array.from(wanted, async ([key, cid]) => {
          const block = await store.getBytes(cid, { signal });
          fetched.set(key, block);
          if (block !== undefined) budget.take(block.length);
        }),
      );
      assertNotAborted(signal);
    }
  } finally {
    for (const { steps } of waiting) steps.return(undefined);
  }
  return outcomes as unknown as Outcomes<All>;
}

/** The outcome of each algorithm of a list. */
export type Outcomes<All extends readonly Fetching<unknown>[]> = {
  readonly [At in keyof All]: All[At] extends Fetching<infer T> ? Outcome<T> : never;
};

/** An algorithm that waits for a block, or to begin. */
interface Waiting {
  readonly at: number;
  readonly steps: Fetching<unknown>;
  readonly cid: CidBytes | undefined;
}

/** Lets an algorithm go on as far as blocks are at hand: gives the one it wants then, or notes how it ended. */
function goOn(
  { at, steps, cid }: Waiting,
  known: (cid: CidBytes, key: string) => Uint8Array | undefined,
  asked: ReadonlyMap<string, unknown>,
  outcomes: Outcome<unknown>[],
): CidBytes | undefined {
  try {
    let wanted = cid;
    let step = wanted === undefined ? steps.next() : undefined;
    for (;;) {
      if (step !== undefined) {
        if (step.done === true) {
          outcomes[at] = { ok: true, value: step.value };
          return undefined;
        }
        wanted = step.value;
      }
      const key = cidKey(wanted as CidBytes);
      const block = known(wanted as CidBytes, key);
      if (block !== undefined) step = steps.next(block);
      else if (asked.has(key)) step = steps.throw(blockMissing(wanted as CidBytes));
      else return wanted;
    }
  } catch (error) {
    outcomes[at] = { ok: false, error };
    return undefined;
  }
}
