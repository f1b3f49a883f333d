import { type CidBytes, cidKey } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";
import { type BlockstoreMetrics, noMetrics } from "../metrics.ts";
import type { AsyncStore, BlockEntry } from "../store.ts";
import { AbsentKeys, type AbsentOptions } from "./absent-keys.ts";
import { CacheTable } from "./cache-table.ts";
import { type Composed, composedOver, type Face } from "./face.ts";
import { Flights } from "./flights.ts";
import { type Known, Layer } from "./layer.ts";
import { after, type Maybe } from "./maybe.ts";

/** How a cache keeps blocks. */
export interface BlockCacheOptions {
  /** Most bytes of memory, overhead (640 B a block) and remembered keys included. */
  readonly maxBytes: number;
  /** Remembers which blocks the base lacks. Default: nothing is remembered. */
  readonly absent?: AbsentOptions | undefined;
  /** Whether a block put is kept as if it had been read. Default true. */
  readonly keepPuts?: boolean | undefined;
  readonly metrics?: BlockstoreMetrics | undefined;
}

/** What a cache did since it was made, and holds now. */
export interface BlockCacheStats {
  /** Reads answered by the cache, with a block. */
  readonly hits: number;
  /** Reads answered by the cache: the base lacks the block. */
  readonly absentHits: number;
  /** Reads that went to the base. */
  readonly misses: number;
  /** Reads that waited for another's read of the same block. */
  readonly joined: number;
  /** Blocks dropped for want of room. */
  readonly evicted: number;
  readonly blocks: number;
  /** Memory taken, overhead included. */
  readonly bytes: number;
}

/** A store with a cache before it. */
export interface BlockCache<Base extends AsyncStore = AsyncStore> {
  readonly blocks: Composed<Base>;
  stats(): BlockCacheStats;
  /** Forgets a block: for a base that changed in some other way. */
  forget(cid: CidBytes): void;
  /** Forgets everything. */
  clear(): void;
}

/**
 * Keeps what is read from a base in memory, within a bound of bytes, by S3-FIFO (a walk that reads each block once does
 * not push out what is read often). Asynchronous reads of one block share one read of the base. Writes go through.
 *
 * Cost: a hit is a map look-up and no move. Bound: `maxBytes`; a block past a quarter of it is not kept.
 *
 * @see forest src/db/blockstore_with_read_cache.rs
 * @example
 * const cache = createBlockCache(store, { maxBytes: 256 << 20 });
 * cache.blocks.getSync(cid);
 * cache.stats().misses // => 1
 */
export function createBlockCache<Base extends AsyncStore>(base: Base, options: BlockCacheOptions): BlockCache<Base> {
  const state = new CacheState(options);
  return {
    blocks: composedOver(base, (face, waits) => new CacheFace(face, state, waits)),
    stats: () => state.stats(),
    forget(cid) {
      state.changed([cid]);
    },
    clear() {
      state.changed([]);
      state.table.clear();
      state.absent.clear();
    },
  };
}

const reads = "copse_blockstore_cache_reads_total";

class CacheState {
  readonly table: CacheTable;
  readonly absent: AbsentKeys;
  readonly keepPuts: boolean;
  readonly metrics: BlockstoreMetrics;
  readonly flights = new Flights<Uint8Array | undefined>();
  /** Counts writes: what was read before one may be out of date after it, and is then not kept. */
  writes = 0;
  hits = 0;
  absentHits = 0;
  misses = 0;
  joined = 0;

  constructor({ maxBytes, absent, keepPuts, metrics }: BlockCacheOptions) {
    this.metrics = metrics ?? noMetrics;
    this.table = new CacheTable(maxBytes, () => this.metrics.count("copse_blockstore_cache_evicted_total", 1));
    this.absent = new AbsentKeys(absent);
    this.keepPuts = keepPuts ?? true;
  }

  stats(): BlockCacheStats {
    const { hits, absentHits, misses, joined, table } = this;
    const bytes = table.bytes + this.absent.bytes;
    return { hits, absentHits, misses, joined, evicted: table.evicted, blocks: table.count, bytes };
  }

  known(key: string): Known {
    const bytes = this.table.get(key);
    if (bytes !== undefined) return bytes;
    return this.absent.has(key) ? null : undefined;
  }

  hit(known: Uint8Array | null): Uint8Array | undefined {
    if (known === null) this.absentHits++;
    else this.hits++;
    this.metrics.count(reads, 1, known === null ? "absent" : "hit");
    return known ?? undefined;
  }

  miss(count: number): void {
    this.misses += count;
    this.metrics.count(reads, count, "miss");
  }

  join(): void {
    this.joined++;
    this.metrics.count(reads, 1, "joined");
  }

  /** Forgets all about blocks that are being written or deleted. */
  changed(cids: readonly CidBytes[]): void {
    this.writes++;
    for (const cid of cids) {
      const key = cidKey(cid);
      this.table.remove(key);
      this.absent.remove(key);
      this.flights.forget(key);
    }
  }

  /** Takes note of what the base said, unless something was written since it was asked. */
  learn(key: string, bytes: Uint8Array | undefined, asked: number): void {
    if (asked !== this.writes) return;
    if (bytes === undefined) this.absent.add(key);
    else this.table.put(key, compact(bytes));
  }
}

class CacheFace extends Layer {
  readonly #state: CacheState;
  readonly #waits: boolean;

  constructor(base: Face, state: CacheState, waits: boolean) {
    super(base);
    this.#state = state;
    this.#waits = waits;
  }

  protected override peek(cid: CidBytes): Known {
    return this.#state.known(cidKey(cid));
  }

  override get(cid: CidBytes, options?: AbortOptions): Maybe<Uint8Array | undefined> {
    const state = this.#state;
    const key = cidKey(cid);
    const known = state.known(key);
    if (known !== undefined) return state.hit(known);
    if (this.#waits) return this.#getLater(key, cid, options);
    const asked = state.writes;
    state.miss(1);
    const bytes = this.base.get(cid) as Uint8Array | undefined;
    state.learn(key, bytes, asked);
    return bytes;
  }

  #getLater(key: string, cid: CidBytes, options: AbortOptions | undefined): Promise<Uint8Array | undefined> {
    const state = this.#state;
    if (state.flights.has(key)) state.join();
    else state.miss(1);
    const own = Uint8Array.from(cid); // the caller may go before the work does
    const begin = async (signal: AbortSignal): Promise<Uint8Array | undefined> => {
      const asked = state.writes;
      const bytes = await this.base.get(own, { signal });
      state.learn(key, bytes, asked);
      return bytes;
    };
    return state.flights.join(key, begin, options?.signal);
  }

  /** Blocks not known go to the base as one batch; those that are on their way already are waited for. */
  override getMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<(Uint8Array | undefined)[]> {
    const state = this.#state;
    const answers: Maybe<Uint8Array | undefined>[] = [];
    const ask: number[] = [];
    for (const [at, cid] of cids.entries()) {
      const key = cidKey(cid);
      const known = state.known(key);
      if (known !== undefined) answers[at] = state.hit(known);
      else if (this.#waits && state.flights.has(key)) {
        const joined = this.#getLater(key, cid, options);
        joined.catch(() => {}); // where the base fails first, nobody looks at it
        answers[at] = joined;
      } else ask.push(at);
    }
    if (ask.length > 0) state.miss(ask.length);
    const asked = state.writes;
    const wanted = ask.map((at) => cids[at] as CidBytes);
    const found = wanted.length === 0 ? [] : this.base.getMany(wanted, options);
    const learned = after(found, (blocks) => {
      for (const [nth, at] of ask.entries()) {
        answers[at] = blocks[nth];
        state.learn(cidKey(wanted[nth] as CidBytes), blocks[nth], asked);
      }
      return answers;
    });
    return this.#waits
      ? Promise.resolve(learned).then((all) => Promise.all(all))
      : (learned as (Uint8Array | undefined)[]);
  }

  putMany(entries: readonly BlockEntry[], options?: AbortOptions): Maybe<void> {
    const state = this.#state;
    const cids = entries.map(([cid]) => cid);
    state.changed(cids);
    return after(this.base.putMany(entries, options), () => {
      state.changed(cids);
      if (state.keepPuts) for (const [cid, bytes] of entries) state.table.put(cidKey(cid), Uint8Array.from(bytes));
    });
  }

  deleteMany(cids: readonly CidBytes[], options?: AbortOptions): Maybe<void> {
    this.#state.changed(cids);
    // Once more: a read of before may have kept what is gone now.
    return after(this.base.deleteMany(cids, options), () => this.#state.changed(cids));
  }
}

/** The array as it is, or a copy where it is a view of something larger: that would stay in memory, uncounted. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}
