export type { AheadOptions } from "./ahead.ts";
export { Amt } from "./amt.ts";
export { AmtCursor, type AmtEntry, type AmtRange, type AmtStart, type AmtVisited } from "./cursor.ts";
export { amtRoot } from "./dense.ts";
export { type AmtChange, AmtDiff, diffAmt } from "./diff.ts";
export { AmtError, type AmtFacts } from "./errors.ts";
export { type AmtOptions, type AmtVersion, maxBitWidth } from "./layout.ts";
export { createAmt, loadAmt } from "./open.ts";
export type { AmtFlush, AsyncBlockWriter, SyncBlockWriter } from "./trunk.ts";
