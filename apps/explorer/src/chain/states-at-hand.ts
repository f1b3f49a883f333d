import { type LeaderStates, lookbackFor } from "@copse/chain";
import { asExact, type StateAtHand, stateAtHand } from "@copse/chain/validate";
import { cidKey, runSync, type SyncBlockReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import { type Network, networkVersion, type Tipset } from "@copse/types";
import type { CID } from "multiformats/cid";

/** States kept open at once. */
const maxStates = 64;
/** How much older than the state that is wanted a stand-in may be. Unit: epochs, two days of mainnet. */
const maxStateAge = 5760;
/** Epochs of the chain that are kept below the tipset that is checked: the deepest lookback, and some null rounds. */
const keptEpochs = 1000;

/** The states that a file holds, and the part of the chain that leads to them. */
export class StatesAtHand {
  readonly #network: Network;
  readonly #store: SyncBlockReader;
  /** By root; `undefined` where the file does not hold it. */
  readonly #states = new Map<string, StateAtHand | undefined>();
  #genesis: StateAtHand | undefined;
  #newest: StateAtHand | undefined;
  /** Oldest first, each the parent of the next. */
  #chain: Tipset[] = [];

  constructor(network: Network, store: SyncBlockReader) {
    this.#network = network;
    this.#store = store;
  }

  /** Takes the next tipset of the chain: the next ones may look back on it. */
  add(tipset: Tipset): void {
    if (tipset.height === 0) {
      const [genesis] = tipset.blocks;
      this.#genesis = genesis && this.exact(genesis.parentStateRoot, 0);
    }
    this.#chain.push(tipset);
    if (this.#chain.length <= 2 * keptEpochs) return;
    this.#chain = this.#chain.filter(({ height }) => height >= tipset.height - keptEpochs);
  }

  /** The state of a root, named by the headers of an epoch; `undefined` where the file does not hold it. */
  exact(root: CID, epoch: number): StateAtHand | undefined {
    const key = cidKey(root.bytes);
    if (this.#states.has(key)) return this.#states.get(key);
    const state = this.#open(root, epoch);
    const oldest = this.#states.keys().next().value;
    if (this.#states.size >= maxStates && oldest !== undefined) this.#states.delete(oldest);
    this.#states.set(key, state);
    if (state !== undefined) this.#newest = state;
    return state;
  }

  /** The three states that the rules on the leaders of a tipset name, or what stands in for them. */
  forLeaders(tipset: Tipset, base: Tipset): LeaderStates | undefined {
    const { height } = tipset;
    const place = lookbackFor(height, base.height, networkVersion(this.#network, height));
    // The lookback state is the parent state that `next` names; the lookback tipset is its parents.
    const at = place.kind === "below" ? this.#firstFrom(place.next) : -1;
    const next = place.kind === "below" ? this.#chain[at] : tipset;
    const stateOf = (named: Tipset | undefined): StateAtHand | undefined =>
      named?.blocks[0] && this.exact(named.blocks[0].parentStateRoot, named.height);
    const lookback = stateOf(next) ?? this.#older(next?.height ?? height);
    if (lookback === undefined) return undefined;
    const below = place.kind === "below" ? this.#chain[at - 1] : base;
    return { lookback, leastPower: stateOf(below), standing: stateOf(base) };
  }

  /** Index of the first tipset at or above a height. */
  #firstFrom(height: number): number {
    let [low, high] = [0, this.#chain.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chain[middle] as Tipset).height < height) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** An earlier state that stands in for one of an epoch. */
  #older(epoch: number): StateAtHand | undefined {
    const newest = this.#newest !== undefined && this.#newest.epoch <= epoch ? this.#newest : this.#genesis;
    if (newest === undefined || epoch - newest.epoch > maxStateAge) return undefined;
    return asExact(newest, false);
  }

  #open(root: CID, epoch: number): StateAtHand | undefined {
    try {
      return stateAtHand(runSync(loadStateTree(root), this.#store), epoch, true);
    } catch (error) {
      if (isCopseError(error, "host/block-missing")) return undefined;
      throw error;
    }
  }
}
