import { blake2b256 } from "@copse/crypto";
import { compareBytes } from "@copse/primitives";
import type { LinkedTipset } from "../link/link-types.ts";
import { skimHeader } from "../link/skim-header.ts";

/** A tipset that may become the head, with its weight. */
export interface HeadCandidate {
  readonly tipset: LinkedTipset;
  readonly weight: bigint;
}

/**
 * True when `a` should take the place of `b`: it is heavier, or as heavy and the first of its tickets that differs from
 * the one in the same place of `b` has the smaller hash. Without any such ticket `b` stays.
 *
 * @see lotus chain/store/store.go `breakWeightTie`
 */
export function isBetterHead(a: HeadCandidate, b: HeadCandidate): boolean {
  if (a.weight !== b.weight) return a.weight > b.weight;
  const shared = Math.min(a.tipset.headers.length, b.tipset.headers.length);
  for (let i = 0; i < shared; i++) {
    const order = compareBytes(ticketHash(a.tipset.headers[i]), ticketHash(b.tipset.headers[i]));
    if (order !== 0) return order < 0;
  }
  return false;
}

/** What orders blocks: the hash of the ticket's proof; of nothing, where genesis has none. */
export function ticketHash(header: Uint8Array | undefined): Uint8Array {
  if (header === undefined) return new Uint8Array(0);
  const { ticketAt, ticketEnd } = skimHeader(header);
  return blake2b256(header.subarray(Math.max(0, ticketAt), Math.max(0, ticketEnd)));
}
