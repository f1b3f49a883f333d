import { free, gas, type PriceList } from "../price-table.ts";
import { hygge } from "./hygge.ts";

// per byte, as in FIP-0057
const copyAndAllocate = 400 + gas(2);
const digest = gas(10);

/** A link that becomes reachable, and one whose reachability is asked for. @see FIP-0071 */
const linkTracked = gas(300);
const linkChecked = gas(300);

/** Of walking the chain back: 19 steps of 20 epochs, the answer, and the call of the node. @see FIP-0075 */
const lookback = gas(5_800 * 19 + 15_000 + 21_000);
const perEpoch = gas(75);

/** Of a byte of an event's estimated size: three times in memory, and hashed. @see FIP-0072 */
const eventByte = 3 * copyAndAllocate + digest;
/** Bytes an event and an entry add to their contents at most. */
const eventOverhead = 12;
const entryOverhead = 9;

/**
 * Prices of network versions 21 to 24: those of FIP-0057, with FIP-0071 (reachability), 0072 (events), 0075 (randomness)
 * and 0079 (aggregated signatures).
 *
 * @see ref-fvm master:fvm/src/gas/price_list.rs WATERMELON_PRICES
 */
export const watermelon: PriceList = {
  ...hygge,
  name: "watermelon",

  // FIP-0071
  returnLink: linkTracked,
  invocation: { ...hygge.invocation, perParamLink: linkTracked },
  getRoot: linkTracked,
  setRoot: linkChecked,
  blockOpenBase: hygge.blockOpenBase + linkChecked,
  blockOpenName: "OnBlockOpen",
  block: { ...hygge.block, perLink: linkTracked }, // opened: tracked; created: checked, at the same price
  blockLink: { flat: hygge.blockLink.flat + linkTracked, perUnit: hygge.blockLink.perUnit },
  scanField: gas(35),
  scanLink: gas(400),

  // FIP-0079
  blsPairing: gas(8_299_302),
  blsHashing: gas(7),

  // FIP-0075
  randomness: { flat: lookback, perUnit: perEpoch },
  tipsetCid: { latest: lookback, older: lookback, perEpoch },

  // FIP-0072
  eventValidate: free,
  eventAccept: free,
  event: {
    flat: eventOverhead * eventByte + gas(2_000) + gas(500),
    perEntry: entryOverhead * eventByte + gas(1_400),
    perKeyByte: eventByte + gas(16), // UTF-8 is checked
    perValueByte: eventByte,
  },
};
