import { type CidBytes, fromCid, toCid } from "@copse/ipld";
import { type AbortOptions, abortFault, assertNotAborted, joinBytes } from "@copse/primitives";
import type { InputPair, Pair } from "interface-blockstore";
import type { CID } from "multiformats/cid";
import { BlockstoreError, NotFoundError } from "./errors.ts";
import type { AsyncBlockTable, AsyncStore, BlockEntry } from "./store.ts";

/** Entries gathered before a `putMany` of the CID face writes them: one disk flush each would cost more than the work. */
const batchEntries = 1024;
const batchBytes = 4 << 20;

/** Both faces of {@link AsyncStore} over a table of raw bytes. Every method looks at the signal before it begins. */
export class CidFace implements AsyncStore {
  readonly #table: AsyncBlockTable;

  constructor(table: AsyncBlockTable) {
    this.#table = table;
  }

  getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined> {
    const signal = options?.signal;
    return signal?.aborted ? Promise.reject(abortFault(signal)) : this.#table.getBytes(cid, options);
  }

  async getManyBytes(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    assertNotAborted(options?.signal);
    if (this.#table.getManyBytes !== undefined) return this.#table.getManyBytes(cids, options);
    return Promise.all(cids.map((cid) => this.#table.getBytes(cid, options)));
  }

  hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean> {
    const signal = options?.signal;
    return signal?.aborted ? Promise.reject(abortFault(signal)) : this.#table.hasBytes(cid, options);
  }

  async putManyBytes(entries: Iterable<BlockEntry>, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    return this.#table.putManyBytes(entries, options);
  }

  async deleteManyBytes(cids: Iterable<CidBytes>, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    return this.#table.deleteManyBytes(cids, options);
  }

  async *entries(options?: AbortOptions): AsyncGenerator<BlockEntry> {
    assertNotAborted(options?.signal);
    if (this.#table.entries === undefined) throw new BlockstoreError("blockstore/unlisted", {});
    for await (const entry of this.#table.entries(options)) {
      yield entry;
      assertNotAborted(options?.signal);
    }
  }

  has(cid: CID, options?: AbortOptions): Promise<boolean> {
    return this.hasBytes(fromCid(cid), options);
  }

  async put(cid: CID, value: InputPair["bytes"], options?: AbortOptions): Promise<CID> {
    assertNotAborted(options?.signal);
    const bytes = value instanceof Uint8Array ? value : await gather(value, options);
    await this.#table.putManyBytes([[fromCid(cid), bytes]], options);
    return cid;
  }

  /** Writes in batches; a CID is yielded once its block is stored. */
  async *putMany(source: Iterable<InputPair> | AsyncIterable<InputPair>, options?: AbortOptions): AsyncGenerator<CID> {
    let batch: BlockEntry[] = [];
    let cids: CID[] = [];
    let size = 0;
    assertNotAborted(options?.signal);
    for await (const { cid, bytes: value } of source) {
      const bytes = value instanceof Uint8Array ? value : await gather(value, options);
      assertNotAborted(options?.signal);
      batch.push([fromCid(cid), bytes]);
      cids.push(cid);
      size += bytes.length;
      if (batch.length < batchEntries && size < batchBytes) continue;
      await this.#table.putManyBytes(batch, options);
      yield* cids;
      batch = [];
      cids = [];
      size = 0;
    }
    if (batch.length === 0) return;
    await this.#table.putManyBytes(batch, options);
    yield* cids;
  }

  /** One chunk: the whole block. @throws {NotFoundError} */
  async *get(cid: CID, options?: AbortOptions): AsyncGenerator<Uint8Array> {
    assertNotAborted(options?.signal);
    const bytes = await this.#table.getBytes(fromCid(cid), options);
    if (bytes === undefined) throw new NotFoundError(cid.toString());
    yield bytes;
  }

  async *getMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<Pair> {
    assertNotAborted(options?.signal);
    for await (const cid of source) {
      assertNotAborted(options?.signal);
      yield { cid, bytes: this.get(cid, options) };
    }
  }

  async *getAll(options?: AbortOptions): AsyncGenerator<Pair> {
    for await (const [cid, bytes] of this.entries(options)) yield { cid: toCid(cid), bytes: once(bytes) };
  }

  async delete(cid: CID, options?: AbortOptions): Promise<void> {
    assertNotAborted(options?.signal);
    await this.#table.deleteManyBytes([fromCid(cid)], options);
  }

  /** Deletes in batches; a CID is yielded once its block is gone. */
  async *deleteMany(source: Iterable<CID> | AsyncIterable<CID>, options?: AbortOptions): AsyncGenerator<CID> {
    let cids: CID[] = [];
    assertNotAborted(options?.signal);
    for await (const cid of source) {
      assertNotAborted(options?.signal);
      cids.push(cid);
      if (cids.length < batchEntries) continue;
      await this.#table.deleteManyBytes(cids.map(fromCid), options);
      yield* cids;
      cids = [];
    }
    if (cids.length === 0) return;
    await this.#table.deleteManyBytes(cids.map(fromCid), options);
    yield* cids;
  }
}

/** An asynchronous generator, as `getMany` gives: users treat the pairs of both alike. */
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
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
  return joinBytes(parts);
}
