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
  const { bytes, parentsAt, parentsEnd, parentCount } = skim;
  const head = parentCount < 24 ? 1 : parentCount < 256 ? 2 : 3;
  const stride = chainCidLength + 5;
  if (parentsEnd - parentsAt !== head + parentCount * stride) return new Uint8Array(0) as TipsetKey;
  const key = new Uint8Array(parentCount * chainCidLength);
  for (let i = 0, at = parentsAt + head + 5; i < parentCount; i++, at += stride) {
    key.set(bytes.subarray(at, at + chainCidLength), i * chainCidLength);
  }
  return key as TipsetKey;
}
