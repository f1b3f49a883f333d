import type { LinkedTipset } from "@copse/chain";
import { decodeBlockHeader, type Tipset, TipsetKey } from "@copse/types";

/** A linked tipset with its headers read. Order and agreement were checked when it was linked. */
export function decodeTipset({ key, parents, height, headers }: LinkedTipset): Tipset {
  return { key, parents, height, cids: TipsetKey.cids(key), blocks: headers.map(decodeBlockHeader) };
}
