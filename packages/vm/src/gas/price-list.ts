import { fvmVersion } from "../fvm-version.ts";
import type { PriceList } from "./price-table.ts";
import { hygge } from "./prices/hygge.ts";
import { skyr } from "./prices/skyr.ts";
import { teep } from "./prices/teep.ts";
import { watermelon } from "./prices/watermelon.ts";

/**
 * The prices of a network version.
 *
 * @throws {VmError} `vm/network-version-unsupported`
 * @see ref-fvm:fvm/src/gas/price_list.rs price_list_by_network_version
 * @example
 * priceList(18).syscall // => 14_000_000
 */
export function priceList(networkVersion: number): PriceList {
  const version = fvmVersion(networkVersion);
  if (version === 2) return skyr;
  if (version === 3) return hygge;
  return networkVersion >= 25 ? teep : watermelon;
}
