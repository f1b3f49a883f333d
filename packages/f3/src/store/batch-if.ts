import { equalBytes } from "@copse/primitives";
import { inTurn } from "./in-turn.ts";
import type { KeyValueChange, KeyValueStore } from "./key-value-store.ts";

/**
 * {@link KeyValueStore.batchIf}, or the nearest to it where a store has none: among all who use this one object it is the
 * same, and another handle of the same rows may write between the look and the batch.
 */
export async function batchIf(
  kv: KeyValueStore,
  expected: readonly KeyValueChange[],
  changes: readonly KeyValueChange[],
): Promise<boolean> {
  if (kv.batchIf !== undefined) return kv.batchIf(expected, changes);
  return lookThenBatch(kv, kv, expected, changes);
}

/** Looks, and applies a batch where all is as expected; nobody else does so at this place meanwhile. */
export function lookThenBatch(
  place: object,
  kv: KeyValueStore,
  expected: readonly KeyValueChange[],
  changes: readonly KeyValueChange[],
): Promise<boolean> {
  return inTurn(place, async () => {
    for (const { key, value } of expected) {
      const found = await kv.get(key);
      const isSame = found === undefined || value === undefined ? found === value : equalBytes(found, value);
      if (!isSame) return false;
    }
    await kv.batch(changes);
    return true;
  });
}
