import type { F3Tipset, PowerTable } from "@copse/f3";
import { TipsetKey } from "@copse/types";

/** A tipset in words. */
export function tipsetText(tipset: F3Tipset | undefined): string {
  return tipset === undefined ? "none" : `epoch ${tipset.epoch}, ${TipsetKey.cids(tipset.key).join(" ")}`;
}

/** The power of all members: bytes, quality-adjusted. */
export function totalPower(table: PowerTable): bigint {
  return table.entries.reduce((sum, { power }) => sum + power, 0n);
}
