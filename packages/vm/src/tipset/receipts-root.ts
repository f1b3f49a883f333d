import { amtRoot } from "@copse/amt";
import type { BlockPair, CidBytes } from "@copse/ipld";
import type { Receipt } from "@copse/types";
import { receiptCodec } from "@copse/types/codecs";

/** The root of a tipset's receipts and the blocks below it. */
export interface ReceiptsRoot {
  readonly root: CidBytes;
  readonly blocks: readonly BlockPair[];
}

/**
 * What a child's headers name as `parentMessageReceipts`: an AMT of the first version, which headers keep for ever.
 *
 * @see lotus:chain/consensus/compute_state.go ApplyBlocks
 * @example
 * toCid(receiptsRoot([]).root).toString() // => "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6"
 */
export function receiptsRoot(receipts: readonly Receipt[]): ReceiptsRoot {
  return amtRoot(receipts, receiptCodec, { version: 0 });
}
