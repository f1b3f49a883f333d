export { type HamtFlush, hamtRoot } from "./build.ts";
export { HamtCursor, type HamtEntry } from "./cursor.ts";
export { HamtError, type HamtFacts } from "./errors.ts";
export { createHamt, Hamt, loadHamt } from "./hamt.ts";
export { bucketSize, type HamtOptions, type HamtVersion } from "./layout.ts";
