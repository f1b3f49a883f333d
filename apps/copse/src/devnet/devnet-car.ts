import type { CarEntry } from "@copse/car";
import type { CarOutput } from "@copse/car/edit";
import { messageBlocks } from "@copse/chain";
import { type CidBytes, cidKey, cidOf } from "@copse/ipld";
import type { MadeDevnet } from "./make-devnet.ts";

const batchSize = 256;

/**
 * A local chain as a CAR: the head's blocks are its roots. Headers and messages come first, newest first, as in snapshots;
 * then those of forks; then state, receipts and the code of the actors. Each block once.
 */
export function devnetCar(made: MadeDevnet): CarOutput {
  const entries = entriesOf(made);
  return { roots: made.roots, batches: batchesOf(entries), blocks: { [Symbol.asyncIterator]: () => later(entries) } };
}

function* entriesOf({ tipsets, forks, state }: MadeDevnet): Generator<CarEntry, void> {
  const seen = new Set<string>();
  const once = function* (blocks: Iterable<readonly [CidBytes, Uint8Array]>): Generator<CarEntry, void> {
    for (const [cid, bytes] of blocks) {
      const key = cidKey(cid);
      if (seen.has(key)) continue;
      seen.add(key);
      yield { cid, bytes };
    }
  };
  for (const blocks of [...tipsets.toReversed(), ...forks]) {
    for (const { bytes, messages } of blocks) {
      yield* once([[cidOf(bytes), bytes]]);
      yield* once(messageBlocks(messages).blocks);
    }
  }
  yield* once(state);
}

async function* later(entries: Iterable<CarEntry>): AsyncGenerator<CarEntry, void> {
  yield* entries;
}

async function* batchesOf(entries: Iterable<CarEntry>): AsyncGenerator<readonly CarEntry[], void> {
  let batch: CarEntry[] = [];
  for (const entry of entries) {
    batch.push(entry);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
