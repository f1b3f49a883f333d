// Type and functions under one name: `Address` the type, `Address.parse` the function.
import * as address from "./address-names.ts";
import * as attoFil from "./atto-fil.ts";
import * as tipsetKey from "./tipset-key.ts";

/** An address in its chain form; see `Address.parse`, `.format`, `.fromBytes`, `.id` and the others. */
export type Address = address.Address;
/** Functions on addresses. */
export const Address: typeof address = address;

/** Native tokens, in attoFIL; see `AttoFil.parse`, `.format`, `.encode`, `.decode` and the others. */
export type AttoFil = attoFil.AttoFil;
/** Functions on amounts. */
export const AttoFil: typeof attoFil = attoFil;

/** The CIDs of a tipset's blocks, concatenated; see `TipsetKey.fromCids`, `.cids`, `.cid` and the others. */
export type TipsetKey = tipsetKey.TipsetKey;
/** Functions on tipset keys. */
export const TipsetKey: typeof tipsetKey = tipsetKey;
