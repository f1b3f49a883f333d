// The subpath `@copse/vm/tipset`: a whole tipset, executed as the chain has it.
export { type AppliedTipset, applyTipset, type TipsetContext } from "./apply-tipset.ts";
export { type BlockAward, cronMessage, implicitGasLimit, rewardMessage } from "./implicit-messages.ts";
export { type ReceiptsRoot, receiptsRoot } from "./receipts-root.ts";
