import {
  type ChainReader,
  chainError,
  type LinkedTipset,
  type LinkRules,
  type LinkTarget,
  linkRun,
} from "@copse/chain";
import { chainFinality } from "@copse/chain/rules";
import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { askOne } from "./ask.ts";
import { isAbort } from "./assemble.ts";
import { isSourceFalse } from "./blame.ts";
import type { HeaderSlices, SourcePool } from "./sources.ts";

/** Tipsets asked for at once when a parent is missing. */
const parentWindow = 16;
/** After so long a peer has not given parents. Unit: ms. */
const fetchMs = 5000;

/** Parents fetched at once. */
export const mostFetches = 8;

/** What fetching parents may touch, and whom it tells. */
export interface ParentFetchesNeeds {
  readonly pool: SourcePool;
  readonly rules: LinkRules;
  readonly store: { readonly head: { readonly height: number } | undefined; readonly reader: ChainReader };
  /** Takes a parent that came, and who gave it. */
  readonly offer: (tipset: LinkedTipset, from: string) => void;
  /** Nobody has the parents, or they are of no use. */
  readonly onLacking: (target: LinkTarget, reason: string) => void;
  /** A fetch is over. */
  readonly onEnd: () => void;
}

/** Fetches the parents of what came in beside all else: a peer that takes its time holds up nobody's blocks. */
export class ParentFetches {
  readonly #needs: ParentFetchesNeeds;
  readonly #fetching = new Set<string>();
  #broken: { readonly error: unknown } | undefined;

  constructor(needs: ParentFetchesNeeds) {
    this.#needs = needs;
  }

  /** Whether they are asked for now. */
  has(key: TipsetKey): boolean {
    return this.#fetching.has(TipsetKey.key(key));
  }

  /** Following begins: what a fetch failed with before is over. */
  begin(): void {
    this.#broken = undefined;
  }

  /** Throws what a fetch failed with that is no fault of a peer: a bug. */
  assertSound(): void {
    if (this.#broken !== undefined) throw this.#broken.error;
  }

  /**
   * Begins to fetch, unless that is under way or too many are.
   *
   * @param bringer - the peer that brought their child: it is the one to ask
   */
  start(target: LinkTarget, bringer: string | undefined, signal: AbortSignal): void {
    const name = TipsetKey.key(target.key);
    if (this.#fetching.has(name) || this.#fetching.size >= mostFetches) return;
    this.#fetching.add(name);
    this.#fetch(target, bringer, signal)
      .catch((error: unknown) => {
        // who ends following may give any error for it
        if (!signal.aborted && !isAbort(error)) this.#broken = { error };
      })
      .finally(() => {
        this.#fetching.delete(name);
        this.#needs.onEnd();
      });
  }

  /**
   * Asks for parents the peer that brought their child, for it must have them, and one other; invented ones must not
   * have everybody asked, and nobody who lacks them blamed.
   */
  async #fetch(target: LinkTarget, bringer: string | undefined, signal: AbortSignal): Promise<void> {
    const { pool, rules, store, offer, onLacking } = this.#needs;
    const others = pool.ranked(new Set(bringer === undefined ? [] : [bringer])).map(({ id }) => id);
    let reason: unknown = "nobody to ask";
    for (const id of [...(bringer === undefined ? [] : [bringer]), ...others].slice(0, 2)) {
      try {
        const either = AbortSignal.any([signal, AbortSignal.timeout(fetchMs)]);
        const { value } = await askOne<readonly HeaderSlices[]>(pool, id, (one) =>
          one.headers(target.key, parentWindow, { signal: either }),
        );
        const run = linkRun(target, value, rules);
        const { linked, fault } = run;
        if (fault !== undefined && isSourceFalse(run, value, rules)) {
          pool.report(id, { kind: "lied", error: chainError(fault) });
        }
        const final = (store.head?.height ?? 0) - chainFinality;
        for (const tipset of linked) {
          if (store.reader.tipset(tipset.key) !== undefined) break;
          if (tipset.height < final) return onLacking(target, "it forks off too deep");
          offer({ ...tipset, log2Power: -1 }, id); // its power is what a child claims that nobody has verified
        }
        if (linked.length > 0) return;
      } catch (error) {
        if (signal.aborted) return;
        if (!isCopseError(error)) throw error;
        reason = error.message;
      }
    }
    onLacking(target, String(reason));
  }
}
