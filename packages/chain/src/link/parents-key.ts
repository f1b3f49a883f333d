import { chainCidLength } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import type { HeaderSkim } from "./header-skim.ts";

/**
 * The key of a header's parents; empty when they are no chain CIDs (genesis).
 *
 * @example
 * parentsKey(skimHeader(bytes)).length % 38 // => 0
 */
export function parentsKey(skim: HeaderSkim): TipsetKey {
  const { bytes, parentCount } = skim;
  if (!hasParents(skim)) return new Uint8Array(0) as TipsetKey;
  const key = new Uint8Array(parentCount * chainCidLength);
  // byte by byte: a view for each CID costs more than its 38 bytes
  let from = skim.parentsAt + listHead(parentCount) + 5;
  for (let to = 0; to < key.length; from += 5) {
    for (const end = to + chainCidLength; to < end; to++) key[to] = bytes[from++] as number;
  }
  return key as TipsetKey;
}

/** Whether {@link parentsKey} is not empty: there are parents, and all are chain CIDs. */
export function hasParents({ parentsAt, parentsEnd, parentCount }: HeaderSkim): boolean {
  return parentCount > 0 && parentsEnd - parentsAt === listHead(parentCount) + parentCount * (chainCidLength + 5);
}

/** Bytes before the first item of a list. */
const listHead = (count: number): number => (count < 24 ? 1 : count < 256 ? 2 : 3);
