import type { ChainReader } from "@copse/chain";
import { asExact, type StateAtHand, stateAtHand } from "@copse/chain/validate";
import { cidKey, runAsync } from "@copse/ipld";
import { type AbortOptions, abortFault, isCopseError } from "@copse/primitives";
import { loadStateTree } from "@copse/state";
import { decodeBlockHeader } from "@copse/types";
import type { CID } from "multiformats/cid";
import type { StateSource } from "./state-source.ts";

/** States kept open at once. */
const maxStates = 64;
/** After so many roots in a row that nobody had, only one in `probeEvery` is asked for. */
const usualPatience = 3;
const probeEvery = 128;
/** How much older than the state that is wanted a stand-in may be. Unit: epochs, two days of mainnet. */
export const maxStateAge = 5760;

/** A state being opened for all who asked for it: it goes on until the last of them has left. */
interface Opening {
  readonly state: Promise<StateAtHand | undefined>;
  readonly over: AbortController;
  callers: number;
}

/**
 * States by root, opened over blocks at hand and blocks of peers. Peers keep few old states, so a root that is not to be
 * had is remembered, and an earlier state stands in for it.
 */
export class StateCache {
  readonly #source: StateSource;
  readonly #reader: ChainReader;
  readonly #patience: number;
  readonly #open = new Map<string, StateAtHand>();
  readonly #opening = new Map<string, Opening>();
  #missed = 0;
  #lastMissed: string | undefined;

  constructor(source: StateSource, reader: ChainReader, patience: number = usualPatience) {
    this.#source = source;
    this.#reader = reader;
    this.#patience = patience;
  }

  /**
   * The state of a root, named by the headers of an epoch; `undefined` where nobody has it.
   *
   * @throws {HostFault} `host/aborted` by the caller's own signal alone, whoever else waits for the same state
   */
  async exact(root: CID, epoch: number, options: AbortOptions): Promise<StateAtHand | undefined> {
    const key = cidKey(root.bytes);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    // nobody may have had it before we computed it ourselves
    const isHeld = this.#source.held.getSync(root.bytes) !== undefined;
    if (!isHeld && this.#source.isAbsent(root.bytes)) return undefined;
    const underWay = this.#opening.get(key);
    if (underWay !== undefined) return await this.#join(key, underWay, options);
    if (!isHeld && this.#missed >= this.#patience && this.#missed++ % probeEvery !== 0) return undefined;
    const over = new AbortController();
    const opening = { state: this.#openState(root, epoch, { signal: over.signal }), over, callers: 0 };
    this.#opening.set(key, opening);
    return await this.#join(key, opening, options);
  }

  async #join(key: string, opening: Opening, { signal }: AbortOptions): Promise<StateAtHand | undefined> {
    opening.callers++;
    try {
      return await unlessAborted(opening.state, signal);
    } finally {
      // one that is settled or ended is joined by nobody
      if (--opening.callers === 0) {
        if (this.#opening.get(key) === opening) this.#opening.delete(key);
        opening.over.abort(new Error("nobody waits for it"));
      }
    }
  }

  async #openState(root: CID, epoch: number, options: AbortOptions): Promise<StateAtHand | undefined> {
    try {
      const state = stateAtHand(await runAsync(loadStateTree(root), this.#source, options), epoch, true);
      if (this.#open.size >= maxStates) this.#open.delete(this.#open.keys().next().value ?? "");
      this.#open.set(cidKey(root.bytes), state);
      this.#missed = 0;
      return state;
    } catch (error) {
      if (!isCopseError(error) || error.code !== "host/block-missing") throw error;
      const key = cidKey(root.bytes);
      if (key !== this.#lastMissed) this.#missed++; // one that is asked for again is no other root
      this.#lastMissed = key;
      return undefined;
    }
  }

  /** The newest open state that is no newer than an epoch, as one that is not exact; genesis at last. */
  async older(epoch: number, options: AbortOptions): Promise<StateAtHand | undefined> {
    let best: StateAtHand | undefined;
    for (const state of this.#open.values()) {
      if (state.epoch > epoch || (best !== undefined && state.epoch <= best.epoch)) continue;
      if (this.#isOurs(state)) best = state;
    }
    if (best === undefined && epoch <= maxStateAge) {
      const genesis = this.#reader.tipsetAt(0)?.headers[0];
      const root = genesis && decodeBlockHeader(genesis).parentStateRoot;
      best = root && (await this.exact(root, 0, options));
    }
    return best === undefined || epoch - best.epoch > maxStateAge ? undefined : asExact(best, false);
  }

  /** Whether our chain names a state: those that forks name are open too, and whoever made one may have made it up. */
  #isOurs({ tree, epoch }: StateAtHand): boolean {
    const header = this.#reader.tipsetAt(epoch)?.headers[0];
    return header !== undefined && decodeBlockHeader(header).parentStateRoot.equals(tree.root);
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortFault(signal));
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    if (signal.aborted) stop();
  });
}
