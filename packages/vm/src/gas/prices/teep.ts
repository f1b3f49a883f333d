import { gas, type PriceList } from "../price-table.ts";
import { interactive, nonInteractive } from "./aggregates.ts";
import { watermelon } from "./watermelon.ts";

/**
 * Prices of network versions 25 to 28: those of Watermelon but for proofs of seals.
 *
 * @see ref-fvm master:fvm/src/gas/price_list.rs TEEP_PRICES
 */
export const teep: PriceList = {
  ...watermelon,
  name: "teep",
  verifySeal: gas(42_000_000), // FIP-0076
  aggregateSeals: new Map([...interactive, ...nonInteractive]), // FIP-0092
};
