import type { ChainView } from "@copse/chain/execute";
import { type Tipset, TipsetKey } from "@copse/types";

/** Tipsets in memory, of a chain and its forks, found by key. */
export class HeldChain {
  readonly #parents: Map<string, Tipset | undefined> = new Map();

  /** Adds a tipset; its parents were added before, or it is a genesis. */
  add(tipset: Tipset, parents: Tipset | undefined): void {
    this.#parents.set(TipsetKey.key(tipset.key), parents);
  }

  /** The chain that ends in a tipset which was added. */
  viewFrom(head: Tipset): ChainView {
    const parentsOf = (tipset: Tipset): Tipset | undefined => this.#parents.get(TipsetKey.key(tipset.key));
    return {
      head,
      parentsOf,
      atOrAbove(height) {
        let at = head;
        for (let below = parentsOf(at); below !== undefined && below.height >= height; below = parentsOf(at))
          at = below;
        return at;
      },
    };
  }
}
