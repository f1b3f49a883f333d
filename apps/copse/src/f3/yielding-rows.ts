import { setImmediate as nextTurn } from "node:timers/promises";
import type { KeyValueStore } from "@copse/f3/store";

/** Rows after which the event loop gets its turn: those of a batch take about 10 ms to put together. */
const turnEvery = 128;

/** A key-value store that lets everything else have its turn between batches of many rows that are read. */
export function yieldingRows(rows: KeyValueStore): KeyValueStore {
  let read = 0;
  return {
    async get(key) {
      read = (read + 1) % turnEvery;
      if (read === 0) await nextTurn();
      return rows.get(key);
    },
    batch: (changes) => rows.batch(changes),
    batchIf: rows.batchIf?.bind(rows),
  };
}
