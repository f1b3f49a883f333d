export type { KeyValueStore } from "./key-value-store.ts";
