import { type ChainReader, type LinkedTipset, lookbackFor } from "@copse/chain";
import { leaderReads, stateAtHand } from "@copse/chain/validate";
import { FetchBudget, type FetchLimits, type FetchTally, runTogether } from "@copse/ipld";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import { Address, decodeBlockHeader, type Network, networkVersion } from "@copse/types";
import type { CID } from "multiformats/cid";
import type { StateSource } from "./state-source.ts";

/** The states that the leaders of a tipset will be looked up in, by their roots. */
export interface StatesToCome {
  readonly lookback: CID;
  readonly leastPower: CID;
  readonly standing: CID;
}

/** Miners whose paths are read in one go: the budget is looked at between. */
const together = 32;

/**
 * Most that is fetched ahead of one tipset. To keep the paths of 768 miners at hand takes some 850 blocks (1.4 MB) each
 * epoch on mainnet; at first, when nothing is at hand, it takes some fifteen epochs to get there. See bench/README.md.
 */
export const aheadLimits: FetchLimits = { maxBlocks: 1280, maxBytes: 4 << 20, maxRounds: 512 };
/** Miners whose paths are fetched ahead, at most: those that won most. */
export const maxMinersAhead = 768;

/**
 * Fetches what the leader checks of some miners would read in states to come, the first miners first, until the budget is
 * spent. What nobody has is left out.
 *
 * @returns what was fetched
 * @throws {HostFault} `host/aborted`
 */
export async function fetchAhead(
  source: Pick<StateSource, "ahead" | "held">,
  roots: StatesToCome,
  miners: readonly Address[],
  { signal, ...limits }: Partial<FetchLimits> & AbortOptions = {},
): Promise<FetchTally> {
  const budget = new FetchBudget({ ...aheadLimits, ...limits });
  const options = { held: source.held, budget, signal };
  try {
    const trees = await runTogether(
      [loadStateTree(roots.lookback), loadStateTree(roots.leastPower), loadStateTree(roots.standing)],
      source.ahead,
      options,
    );
    // trees of their own, which go when this is done: what stays are blocks, within their bound
    const [lookback, leastPower, standing] = trees.map((tree) =>
      tree.ok ? stateAtHand(tree.value, 0, true) : undefined,
    );
    if (lookback === undefined || leastPower === undefined || standing === undefined) return budget.spent;
    for (let at = 0; at < miners.length; at += together) {
      const some = miners.slice(at, at + together);
      await runTogether(leaderReads({ lookback, leastPower, standing }, some), source.ahead, options);
    }
  } catch (error) {
    if (!isCopseError(error, "fetch/over-budget")) throw error;
  }
  return budget.spent;
}

/** What fetching ahead of the chain's head works with. */
export interface PrefetchNeeds {
  readonly network: Network;
  readonly reader: Pick<ChainReader, "tipset" | "tipsetAt">;
  readonly source: Pick<StateSource, "ahead" | "held">;
  readonly signal: AbortSignal;
  /** Told of each time it has fetched ahead. */
  readonly onFetched?: ((height: number, tally: FetchTally) => void) | undefined;
  /** Told of what went wrong; it goes on with the next head. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** Tipsets whose winners are counted. */
const winsBack = 900;

/**
 * Keeps the paths of miners that win often at hand, in the states in which the leaders of the next tipset will be looked
 * up: their roots are known as soon as its parents are, most of an epoch before it comes.
 */
export class StatePrefetch {
  readonly #needs: PrefetchNeeds;
  readonly #wins = new Map<string, { readonly miner: Address; count: number }>();
  #counted: LinkedTipset | undefined;
  #next: LinkedTipset | undefined;
  #running: Promise<void> | undefined;

  constructor(needs: PrefetchNeeds) {
    this.#needs = needs;
  }

  /** Tells of a new head; fetches ahead in the background. While it is at it, only the newest head waits. */
  head(tipset: LinkedTipset): void {
    this.#next = tipset;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    const { signal, source, onFetched, onFailure } = this.#needs;
    for (let tipset = this.#take(); tipset !== undefined && !signal.aborted; tipset = this.#take()) {
      try {
        const roots = this.statesAfter(tipset);
        if (roots === undefined) continue;
        this.#count(tipset);
        const tally = await fetchAhead(source, roots, this.likelyWinners(), { signal });
        onFetched?.(tipset.height, tally);
      } catch (error) {
        if (!signal.aborted) onFailure?.(error);
      }
    }
  }

  #take(): LinkedTipset | undefined {
    const tipset = this.#next;
    this.#next = undefined;
    return tipset;
  }

  /** The states that leaders of a tipset right above this one are looked up in; `undefined` where the chain does not reach. */
  statesAfter(base: LinkedTipset): StatesToCome | undefined {
    const { network, reader } = this.#needs;
    const height = base.height + 1;
    const place = lookbackFor(height, base.height, networkVersion(network, height));
    const next = place.kind === "below" ? reader.tipsetAt(place.next, "next") : undefined;
    const below = next && reader.tipset(next.parents);
    if (next === undefined || below === undefined) return undefined;
    return { lookback: rootOf(next), leastPower: rootOf(below), standing: rootOf(base) };
  }

  /** Miners by how often they won of late, the most frequent first. */
  likelyWinners(): Address[] {
    const ranked = [...this.#wins.values()].sort((a, b) => b.count - a.count);
    return ranked.slice(0, maxMinersAhead).map(({ miner }) => miner);
  }

  /** Counts winners from the last that were counted, or from `winsBack` tipsets below; older wins count ever less. */
  #count(head: LinkedTipset): void {
    const { reader } = this.#needs;
    const last = this.#counted?.height ?? -1;
    let left = winsBack;
    for (let at: LinkedTipset | undefined = head; at !== undefined && at.height > last && left > 0; left--) {
      for (const header of at.headers) {
        const { miner } = decodeBlockHeader(header);
        const key = Address.key(miner);
        const won = this.#wins.get(key);
        if (won === undefined) this.#wins.set(key, { miner, count: 1 });
        else won.count++;
      }
      at = reader.tipset(at.parents);
    }
    this.#counted = head;
    if (this.#wins.size <= 4 * maxMinersAhead) return;
    for (const [key, won] of this.#wins) {
      won.count /= 2;
      if (won.count < 1) this.#wins.delete(key);
    }
  }
}

function rootOf({ headers }: LinkedTipset): CID {
  return decodeBlockHeader(headers[0] as Uint8Array).parentStateRoot;
}
