import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { AttoFil } from "@copse/types";
import { CID } from "multiformats/cid";
import { amountField, cidField, listOf, numberField, orNull } from "../field-codecs.ts";
import { struct } from "../struct.ts";

/** Funds that a miner gets at an epoch. */
export interface VestingFund {
  readonly epoch: number;
  readonly amount: AttoFil;
}

/** The first of the funds to vest, and the list of the others. */
export interface VestingHead {
  readonly head: VestingFund;
  readonly tail: CID;
}

/** A miner's funds that vest: a link to all of them up to actors v15; since v16 the first and a link, or `null` for none. */
export type VestingRoot = CID | VestingHead | null;

const fundsField = listOf(struct<VestingFund>("vesting fund", { epoch: numberField, amount: amountField }));
const tableCodec = struct<{ readonly funds: readonly VestingFund[] }>("vesting funds", { funds: fundsField });
const headField: Codec<VestingHead | null> = orNull(
  struct<VestingHead>("vesting funds", {
    head: struct("vesting fund", { epoch: numberField, amount: amountField }),
    tail: cidField,
  }),
);

/** How a miner's state holds funds that vest: told apart by what they are in CBOR. */
export const vestingRootField: Codec<VestingRoot> = {
  encode(writer, root) {
    if (CID.asCID(root) === null) headField.encode(writer, root as VestingHead | null);
    else cidField.encode(writer, root as CID);
  },
  decode: (reader) => (reader.peekMajor() === 6 ? cidField : (headField as Codec<VestingRoot>)).decode(reader),
};

/**
 * The funds of a miner that have yet to vest, by epoch.
 *
 * Shape of the block: `[funds]` up to actors v15, the list itself since. A head that penalties have used up is left out.
 *
 * @throws {StateError} `state/layout-unknown`
 * @see builtin-actors:actors/miner/src/vesting_state.rs
 * @example
 * const funds = runSync(vestingFunds(runSync(minerState(tree, miner), store)), store);
 */
export function* vestingFunds(state: { readonly vestingFunds: VestingRoot }): Fetching<readonly VestingFund[]> {
  const root = state.vestingFunds;
  if (root === null) return [];
  const whole = CID.asCID(root);
  if (whole !== null) return decode(tableCodec, yield fromCid(whole)).funds;
  const { head, tail } = root as VestingHead;
  const others = decode(fundsField, yield fromCid(tail));
  return head.amount > 0n ? [head, ...others] : others;
}
