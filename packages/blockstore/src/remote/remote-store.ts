import { type CidBytes, cidKey, toCid, verifyBlock } from "@copse/ipld";
import { type AbortOptions, abortFault, assertNotAborted } from "@copse/primitives";
import { Flights } from "../compose/flights.ts";
import { inlineBlock } from "../compose/identity.ts";
import { type BlockstoreMetrics, noMetrics } from "../metrics.ts";
import type { AsyncBlockSource, AsyncStore } from "../store.ts";
import { asyncReadOnlyStoreOf } from "../store-of.ts";
import { machineClock, pause, type RemoteClock } from "./clock.ts";
import { RemoteError } from "./errors.ts";
import { Slots } from "./slots.ts";
import { RankedSource, ranked, type SourceStanding } from "./source-ranks.ts";

/** What a source is told beside the CID. */
export interface FetchOptions {
  /** Fires when nobody waits any more, or time is up. */
  readonly signal: AbortSignal;
  /** The longest block taken: a source that streams stops there. */
  readonly maxBytes: number;
}

/** Gets a block from elsewhere; `undefined` says that it is not there. The bytes are not trusted. */
export type BlockFetch = (cid: CidBytes, options: FetchOptions) => Promise<Uint8Array | undefined>;

/** A place to get blocks from. */
export interface RemoteSource {
  /** For errors and figures: an address. */
  readonly name: string;
  readonly fetch: BlockFetch;
}

/** Everything a remote store may touch. */
export interface RemoteNeeds {
  /** The only source, where there is one. */
  readonly fetch?: BlockFetch | undefined;
  /** Several sources, ranked by how they do. */
  readonly sources?: readonly RemoteSource[] | undefined;
  /** Looked into first, and given each block fetched. */
  readonly local?: AsyncStore | undefined;
  /** Told of each failure of a source, and, as `"local"`, of the local store's to take a block. */
  readonly onFailure?: ((source: string, error: unknown) => void) | undefined;
  /** Default: the machine's. */
  readonly clock?: RemoteClock | undefined;
  /** 0 to 1, spreads retries; default: no spread. */
  readonly random?: (() => number) | undefined;
  readonly metrics?: BlockstoreMetrics | undefined;
}

/** Bounds of a remote store. */
export interface RemoteLimits {
  /** The longest block. Default 2 MiB, what bitswap carries. */
  readonly maxBlockBytes: number;
  /** Fetches under way at once. Default 32. */
  readonly maxInFlight: number;
  /** Fetches that wait for their turn. Default 4,096. */
  readonly maxWaiting: number;
  /** Most milliseconds of one attempt. Default 10,000. */
  readonly attemptMs: number;
  /** Most milliseconds of one block, all attempts together. Default 60,000. */
  readonly totalMs: number;
  /** Rounds over the sources after the first. Default 2. */
  readonly retries: number;
  /** Pause before the first retry; doubles with each. Default 250. */
  readonly backoffMs: number;
  /** The longest pause between rounds. Default 10,000. */
  readonly maxBackoffMs: number;
  /** How long a source that lied comes last. Default 600,000. */
  readonly barMs: number;
}

const defaultLimits: RemoteLimits = {
  maxBlockBytes: 2 << 20,
  maxInFlight: 32,
  maxWaiting: 4_096,
  attemptMs: 10_000,
  totalMs: 60_000,
  retries: 2,
  backoffMs: 250,
  maxBackoffMs: 10_000,
  barMs: 600_000,
};

const attemptsTotal = "copse_blockstore_remote_attempts_total";

/** Blocks from elsewhere, as a store for reading. */
export interface RemoteStore extends AsyncStore {
  /** How the sources do, best first. */
  standings(): SourceStanding[];
}

/**
 * A store over sources nobody has to trust: each block is checked against its CID before anyone sees it. Reads of one
 * block at the same time share one fetch. Sources are asked one after another, the best first; what may pass (no answer,
 * a busy server) is tried again after a pause. A block is only called absent when every source said so.
 *
 * Read-only, and unlisted: `blockstore/read-only`, `blockstore/unlisted`. To write beside it:
 * `unionStoreOf([local, remote], { writeTo: local, heal: local })`.
 *
 * Bound: `maxInFlight` blocks of `maxBlockBytes`.
 *
 * @throws {RemoteError} `remote/unavailable`, whose `cause` is the last failure; `remote/too-many-requests`
 * @throws {HostFault} `host/aborted`
 * @throws {CidError} `cid/malformed`, `cid/hash-unsupported`: a block that nobody could check is not fetched
 * @example
 * const store = createRemoteStore({ fetch: (cid, { signal }) => askSomewhere(cid, signal) });
 * await store.getBytes(cid);
 */
export function createRemoteStore(needs: RemoteNeeds, limits: Partial<RemoteLimits> = {}): RemoteStore {
  const blocks = new RemoteBlocks(needs, { ...defaultLimits, ...limits });
  return Object.assign(asyncReadOnlyStoreOf(blocks), { standings: () => blocks.standings() });
}

class RemoteBlocks implements AsyncBlockSource {
  readonly #needs: RemoteNeeds;
  readonly #limits: RemoteLimits;
  readonly #clock: RemoteClock;
  readonly #metrics: BlockstoreMetrics;
  readonly #sources: readonly RankedSource<RemoteSource>[];
  readonly #flights = new Flights<Uint8Array | undefined>();
  readonly #slots: Slots;

  constructor(needs: RemoteNeeds, limits: RemoteLimits) {
    this.#needs = needs;
    this.#limits = limits;
    this.#clock = needs.clock ?? machineClock;
    this.#metrics = needs.metrics ?? noMetrics;
    const sources = [
      ...(needs.fetch === undefined ? [] : [{ name: "remote", fetch: needs.fetch }]),
      ...(needs.sources ?? []),
    ];
    this.#sources = sources.map((source) => new RankedSource(source, source.name));
    this.#slots = new Slots(limits.maxInFlight, limits.maxWaiting);
  }

  standings(): SourceStanding[] {
    return ranked(this.#sources, this.#clock).map(({ standing }) => ({ ...standing, faults: { ...standing.faults } }));
  }

  async getBytes(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array | undefined> {
    const inline = inlineBlock(cid);
    if (inline !== undefined) return inline.slice();
    const own = Uint8Array.from(cid);
    return this.#flights.join(cidKey(own), (signal) => this.#get(own, signal), options?.signal);
  }

  /** A word of a source is not enough: the block is fetched. */
  async hasBytes(cid: CidBytes, options?: AbortOptions): Promise<boolean> {
    return (await this.getBytes(cid, options)) !== undefined;
  }

  /** As many at once as may be under way, so that a long list is no reason to refuse others. */
  async getManyBytes(cids: readonly CidBytes[], options?: AbortOptions): Promise<(Uint8Array | undefined)[]> {
    const blocks: (Uint8Array | undefined)[] = cids.map(() => undefined);
    const failed = new AbortController();
    const signal = options?.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < cids.length; at = next++)
        blocks[at] = await this.getBytes(cids[at] as CidBytes, { signal });
    };
    const workers = Array.from({ length: Math.min(this.#limits.maxInFlight, cids.length) }, worker);
    try {
      await Promise.all(workers);
    } finally {
      failed.abort();
    }
    return blocks;
  }

  async #get(cid: CidBytes, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { local, onFailure } = this.#needs;
    const held = await local?.getBytes(cid, { signal });
    if (held !== undefined) return held;
    verifyBlock(cid, new Uint8Array(0)); // refuses what could not be checked when it came
    const bytes = await this.#fetch(cid, signal);
    if (bytes !== undefined && local !== undefined) {
      // A full disk is no reason to withhold the block.
      await local.putManyBytes([[cid, bytes]]).catch((error: unknown) => onFailure?.("local", error));
    }
    return bytes;
  }

  async #fetch(cid: CidBytes, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { retries, totalMs, maxBackoffMs } = this.#limits;
    const began = this.#clock.now();
    const name = toCid(cid).toString();
    const reasons = new Map<string, RemoteError>();
    let asked = this.#sources;
    let attempts = 0;
    for (let round = 0; ; round++) {
      const again: RankedSource<RemoteSource>[] = [];
      for (const ranking of ranked(asked, this.#clock)) {
        assertNotAborted(signal);
        const left = totalMs - (this.#clock.now() - began);
        if (left <= 0) break;
        const resting = ranking.resting(name, this.#clock.now());
        if (resting !== undefined) {
          reasons.set(ranking.source.name, resting);
          again.push(ranking);
          continue;
        }
        attempts++;
        const answer = await this.#slots.run(() => this.#ask(ranking, cid, name, left, signal), signal);
        if (answer instanceof Uint8Array) return answer;
        if (answer === undefined) reasons.delete(ranking.source.name);
        else {
          reasons.set(ranking.source.name, answer);
          if (mayPass(answer)) again.push(ranking);
        }
      }
      const wait = this.#pauseBefore(round, again);
      if (round >= retries || wait > maxBackoffMs || this.#clock.now() - began + wait >= totalMs) break;
      asked = again;
      await pause(this.#clock, wait, signal);
      assertNotAborted(signal);
    }
    if (reasons.size === 0) return undefined;
    const facts = { cid: name, attempts, reasons: Array.from(reasons.values(), ({ message }) => message) };
    throw new RemoteError("remote/unavailable", facts, { cause: Array.from(reasons.values()).at(-1) });
  }

  /** One attempt: the block, `undefined` for its absence, or what went wrong. */
  async #ask(
    ranking: RankedSource<RemoteSource>,
    cid: CidBytes,
    name: string,
    leftMs: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined | RemoteError> {
    const began = this.#clock.now();
    const { source } = ranking;
    try {
      const bytes = await this.#inTime(source, cid, name, Math.min(this.#limits.attemptMs, leftMs), signal);
      if (bytes !== undefined) {
        const limit = this.#limits.maxBlockBytes;
        const facts = { source: source.name, cid: name, length: bytes.length };
        if (bytes.length > limit) throw new RemoteError("remote/block-too-long", { ...facts, limit });
        if (!verifyBlock(cid, bytes)) throw new RemoteError("remote/block-mismatch", facts);
      }
      ranking.answered(bytes?.length, this.#clock.now() - began);
      this.#metrics.count(attemptsTotal, 1, bytes === undefined ? "absent" : "block");
      if (bytes !== undefined) this.#metrics.count("copse_blockstore_remote_received_bytes_total", bytes.length);
      return bytes;
    } catch (cause) {
      assertNotAborted(signal);
      const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      const error =
        cause instanceof RemoteError
          ? cause
          : new RemoteError("remote/source-failed", { source: source.name, cid: name, reason }, { cause });
      ranking.failed(error, this.#clock.now(), this.#limits.barMs);
      this.#metrics.count(attemptsTotal, 1, error.fault ?? "gone");
      this.#needs.onFailure?.(source.name, error);
      return error;
    }
  }

  /** Ends the wait when time is up or nobody wants the block any more, whether or not the source minds the signal. */
  #inTime(
    source: RemoteSource,
    cid: CidBytes,
    name: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const ended = new AbortController();
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        cancel();
        signal.removeEventListener("abort", onAbort);
        settle();
        ended.abort();
      };
      const onAbort = (): void => end(() => reject(abortFault(signal)));
      const late = (): void =>
        end(() => reject(new RemoteError("remote/answer-late", { source: source.name, cid: name, waitedMs: waitMs })));
      const cancel = this.#clock.after(waitMs, late);
      signal.addEventListener("abort", onAbort, { once: true });
      const fetching = async (): Promise<Uint8Array | undefined> =>
        source.fetch(cid, { signal: ended.signal, maxBytes: this.#limits.maxBlockBytes });
      fetching().then(
        (bytes) => end(() => resolve(bytes)),
        (error: unknown) => end(() => reject(error)),
      );
    });
  }

  /** The pause of the round, or longer: until the first of the sources may be asked again. Endless where none may be. */
  #pauseBefore(round: number, again: readonly RankedSource<RemoteSource>[]): number {
    const { backoffMs, maxBackoffMs } = this.#limits;
    const spread = 1 + (this.#needs.random?.() ?? 0);
    const rest = Math.min(...again.map(({ standing }) => standing.restsUntil)) - this.#clock.now();
    return Math.max(Math.min(maxBackoffMs, backoffMs * 2 ** round * spread), rest);
  }
}

/** Whether asking the source again may help. */
function mayPass(error: RemoteError): boolean {
  return error.fault === "gone" || error.fault === "stall" || error.fault === "busy";
}
