export { Amt, type AmtFlush, createAmt, loadAmt } from "./amt.ts";
export { AmtCursor, type AmtEntry } from "./cursor.ts";
export { amtRoot } from "./dense.ts";
export { AmtError, type AmtFacts } from "./errors.ts";
export { type AmtOptions, type AmtVersion, maxBitWidth } from "./layout.ts";
