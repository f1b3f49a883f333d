export type { AsyncBlockWriter, SyncBlockWriter } from "@copse/ipld";
export { type KamtFlush, kamtRoot } from "./build.ts";
export { KamtCursor, type KamtEntry, type KamtRange } from "./cursor.ts";
export { diffKamt, type KamtAsyncOptions, KamtDiff } from "./diff.ts";
export { KamtError, type KamtFacts } from "./errors.ts";
export { evmStorage, u256Codec } from "./evm.ts";
export { createKamt, Kamt, loadKamt } from "./kamt.ts";
export type { KamtCodec, KamtKeys, KamtOptions } from "./layout.ts";
export type { KamtChange } from "./pairs.ts";
