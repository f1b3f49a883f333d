import { fromHex, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { TipsetRef } from "./span.ts";

/** The chosen head of the chain, with its weight. */
export interface Head extends TipsetRef {
  readonly weight: bigint;
}

/** A move of the head: plain data. */
export interface HeadChange {
  readonly from: Head | undefined;
  readonly to: Head;
  /** Tipsets that left the chain below the old head, newest first. */
  readonly revert: readonly TipsetRef[];
  /** Tipsets that joined it up to the new head, oldest first. */
  readonly apply: readonly TipsetRef[];
  /** True where tipsets between the two heads are left out of `apply`: there is no old head, or it is too far below. */
  readonly gap: boolean;
}

/** A head as JSON. */
export function formatHead(head: TipsetRef & { readonly weight?: bigint }): string {
  return JSON.stringify({ key: toHex(head.key), height: head.height, weight: String(head.weight ?? 0n) });
}

/** Reads {@link formatHead} back, parsed from JSON. */
export function parseHead(json: unknown): Head | undefined {
  if (json === undefined) return undefined;
  const { key, height, weight } = json as { key: string; height: number; weight: string };
  return { key: fromHex(key) as TipsetKey, height, weight: BigInt(weight) };
}
