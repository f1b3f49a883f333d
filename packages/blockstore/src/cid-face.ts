import { type CidBytes, fromCid, toCid } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, concatBytes } from "@copse/primitives";
import type { InputPair, Pair } from "interface-blockstore";
import type { CID } from "multiformats/cid";
import { NotFoundError } from "./errors.ts";
import type { BlockEntry, BlockTable, Store } from "./store.ts";

/** Entries gathered before a `putMany` of the CID face writes them: one disk flush each would cost more than the work. */
const batchEntries = 1024;
const batchBytes = 4 << 20;

/**
 * Gives a table of blocks both faces of {@link Store}.
 *
 * @example
 * const store = storeOf(table);
 */
export function storeOf(table: BlockTable): Store {
  return new TwoFacedStore(table);
}

class TwoFacedStore implements Store {
  readonly #table: BlockTable;

  constructor(table: BlockTable) {
    this.#table = table;
  }

  getSync(cid: CidBytes): Uint8Array | undefined {
    return this.#table.getSync(cid);
  }

  hasSync(cid: CidBytes): boolean {
    return this.#table.hasSync(cid);
  }

  putSync(cid: CidBytes, bytes: Uint8Array): void {
    this.#table.putManySync([[cid, bytes]]);
  }

  putManySync(entries: Iterable<BlockEntry>): void {
    this.#table.putManySync(entries);
  }

  deleteSync(cid: CidBytes): void {
    this.#table.deleteManySync([cid]);
  }

  async getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined> {
    assertNotAborted(options?.signal);
    return this.#table.getSync(cid);
  }

  async has(cid: CID, options?: AbortOptions): Promise<boolean> {
    assertNotAborted(options?.signal);
    return this.#table.hasSync(fromCid(cid));
  }

  async put(cid: CID, value: InputPair["bytes"], options?: AbortOptions): Promise<CID> {
    assertNotAborted(options?.signal);
    const bytes = value instanceof Uint8Array ? value : await gather(value, options);
    await this.#table.putMany([[fromCid(cid), bytes]]);
    return cid;
  }

  /** Writes in batches; a CID is yielded once its block is durable. */
  async *putMany(source: Iterable<InputPair> | AsyncIterable<InputPair>, options?: AbortOptions): AsyncGenerator<CID> {
    let batch: BlockEntry[] = [];
    let cids: CID[] = [];
    let size = 0;
    for await (const { cid, bytes: value } of source) {
      assertNotAborted(options?.signal);
      const bytes = value instanceof Uint8Array ? value : await gather(value, options);
      batch.push([fromCid(cid), bytes]);
      cids.push(cid);
      size += bytes.length;
      if (batch.length < batchEntries && size < batchBytes) continue;
      await this.#table.putMany(batch);
      yield* cids;
      batch = [];
      cids = [];
      size = 0;
    }
    await this.#table.putMany(batch);
    yield* cids;
  }

  /** One chunk: the whole block. @throws {NotFoundError} */
  async *get(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    assertNotAborted(options?.signal);
    const bytes = this.#table.getSync(fromCid(cid));
    if (bytes === undefined) throw new NotFoundError(cid.toString());
    yield bytes;
  }

  async *getMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<Pair> {
    for await (const cid of source) yield { cid, bytes: this.get(cid, options) };
  }

  async *getAll(options?: AbortOptions): AsyncGenerator<Pair> {
    for (const [cid, bytes] of this.#table.entries()) {
      assertNotAborted(options?.signal);
      yield { cid: toCid(cid), bytes: once(bytes) };
    }
  }

  async delete(cid: CID, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    this.#table.deleteManySync([fromCid(cid)]);
  }

  async *deleteMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<CID> {
    for await (const cid of source) {
      await this.delete(cid, options);
      yield cid;
    }
  }
}

function* once(bytes: Uint8Array): Generator<Uint8Array> {
  yield bytes;
}

async function gather(
  value: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: AbortOptions | undefined,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of value) {
    assertNotAborted(options?.signal);
    parts.push(part);
  }
  return concatBytes(...parts);
}
