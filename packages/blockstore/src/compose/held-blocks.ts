import { cidKey } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import type { BlockEntry } from "../store.ts";
import { ownBytes } from "./layer.ts";

/**
 * What one block in memory costs beside its bytes: the key's text, the slot of the map, the array and its buffer, the
 * entry. Measured in Node.js 26 as resident memory, with blocks of 100 to 700 B: 620 to 700 B a block, more than half of
 * it outside the heap (bench/README.md).
 */
export const blockOverhead = 640;

/** Blocks in memory by {@link cidKey}, in the order they came, with their bytes counted; `null` says that one is gone. */
export class HeldBlocks {
  readonly #blocks = new Map<string, Uint8Array | null>();
  #bytes = 0;

  /** Entries, marks of what is gone included. */
  get count(): number {
    return this.#blocks.size;
  }

  /** Memory it takes, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Uint8Array | null | undefined {
    return this.#blocks.get(key);
  }

  /** Puts a copy of a block, unless it is held; a mark that it is gone makes way. */
  put(key: string, bytes: Uint8Array): void {
    const held = this.#blocks.get(key);
    if (held) return;
    if (held === null) this.remove(key);
    const own = ownBytes(bytes);
    this.#blocks.set(key, own);
    this.#bytes += costOf(key, own);
  }

  /** Marks a block as gone. */
  mark(key: string): void {
    this.remove(key);
    this.#blocks.set(key, null);
    this.#bytes += costOf(key, null);
  }

  remove(key: string): void {
    const held = this.#blocks.get(key);
    if (held === undefined) return;
    this.#bytes -= costOf(key, held);
    this.#blocks.delete(key);
  }

  /** Removes the entry that `key` had before, unless another has come since. */
  removeIf(key: string, held: Uint8Array | null): void {
    if (this.#blocks.get(key) === held) this.remove(key);
  }

  /** The entries as they are now, oldest first; what changes later is not seen. */
  snapshot(): [key: string, held: Uint8Array | null][] {
    return Array.from(this.#blocks);
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
  }
}

/** What an entry of that key and bytes takes in memory. */
export function costOf(key: { readonly length: number }, bytes: Uint8Array | null): number {
  return key.length + blockOverhead + (bytes?.length ?? 0);
}

/** What a batch will take. */
export function costOfAll(entries: readonly BlockEntry[]): number {
  let bytes = 0;
  for (const [cid, block] of entries) bytes += costOf(cid, block);
  return bytes;
}

/** The blocks of a snapshot first, then those of `below` that it says nothing about. */
export function* listedOver(
  snapshot: readonly (readonly [key: string, held: Uint8Array | null])[],
  below: Iterable<BlockEntry>,
): Generator<BlockEntry> {
  for (const [key, bytes] of snapshot) if (bytes !== null) yield [fromLatin1(key), bytes];
  const above = new Set(snapshot.map(([key]) => key));
  for (const entry of below) if (!above.has(cidKey(entry[0]))) yield entry;
}

/** {@link listedOver}, of a store that lists later. */
export async function* listedOverLater(
  snapshot: readonly (readonly [key: string, held: Uint8Array | null])[],
  below: AsyncIterable<BlockEntry>,
): AsyncGenerator<BlockEntry> {
  yield* listedOver(snapshot, []);
  const above = new Set(snapshot.map(([key]) => key));
  for await (const entry of below) if (!above.has(cidKey(entry[0]))) yield entry;
}
