import { type ChainReader, type LinkedTipset, lookbackFor } from "@copse/chain";
import { type Network, networkVersion, TipsetKey } from "@copse/types";

/** What a chain is read through that leaders are checked on: the store's, or one with tipsets beside it. */
export type BranchReader = Pick<ChainReader, "tipset" | "tipsetAt" | "isCanonical" | "ancestors">;

/** The tipsets whose headers name the states that a tipset's leaders are looked up in. */
export interface LeaderPlaces {
  /** Parent state: worker keys and power. */
  readonly lookback: LinkedTipset | undefined;
  /** Parent state: least power. The lookback tipset. */
  readonly leastPower: LinkedTipset | undefined;
  /** Parent state: standing. The parents. */
  readonly standing: LinkedTipset;
}

/**
 * The first tipset at or above a height on the way down from a tipset, which may stand beside the canonical chain;
 * `undefined` where the way is not known so far down, or the tipset itself is lower.
 */
export function firstFrom(reader: BranchReader, from: LinkedTipset, height: number): LinkedTipset | undefined {
  let above: LinkedTipset | undefined;
  for (let at: LinkedTipset | undefined = from; at !== undefined; at = reader.tipset(at.parents)) {
    if (at.height < height) return above;
    if (reader.isCanonical(at.key)) return reader.tipsetAt(height, "next");
    if (at.height === 0) return at;
    above = at;
  }
  return undefined;
}

/**
 * Where the leaders of a tipset are looked up, on its own branch: not on what happens to be canonical. `undefined` where its
 * parents are not known.
 */
export function leaderPlaces(network: Network, tipset: LinkedTipset, reader: BranchReader): LeaderPlaces | undefined {
  const standing = reader.tipset(tipset.parents);
  if (standing === undefined) return undefined;
  const { height } = tipset;
  const place = lookbackFor(height, standing.height, networkVersion(network, height));
  // Where the rules name none, the check says so, and looks at no state.
  const lookback = place.kind === "below" ? firstFrom(reader, standing, place.next) : tipset;
  return { standing, lookback, leastPower: lookback && reader.tipset(lookback.parents) };
}

/**
 * A reader that knows tipsets beside those of another: branches that peers told of and that are not stored. They are not
 * canonical.
 */
export function withTipsets(reader: BranchReader, beside: ReadonlyMap<string, LinkedTipset>): BranchReader {
  const tipset = (key: TipsetKey): LinkedTipset | undefined => beside.get(TipsetKey.key(key)) ?? reader.tipset(key);
  return {
    tipset,
    tipsetAt: (height, nulls) => reader.tipsetAt(height, nulls),
    isCanonical: (key) => reader.isCanonical(key),
    *ancestors(key) {
      for (let at = beside.get(TipsetKey.key(key)); at !== undefined; at = beside.get(TipsetKey.key(key))) {
        yield at;
        key = at.parents;
      }
      yield* reader.ancestors(key);
    },
  };
}
