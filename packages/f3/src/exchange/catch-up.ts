import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import { decodeCertificate } from "../certificate.ts";
import type { CertificateCheck } from "../store/certificate-check.ts";
import type { CertificateStore } from "../store/certificate-store.ts";
import type { FinalityCertificate } from "../types.ts";
import { askSource } from "./ask-source.ts";
import { type CertificateSource, faultKind, type SourceFault } from "./certificate-source.ts";
import { F3ExchangeError } from "./errors.ts";
import { type Delivery, nextEvent, type Window, WindowQueue } from "./windows.ts";

/** How far a catch-up has come. */
export interface CatchUpProgress {
  /** The next instance to be verified. */
  readonly nextInstance: number;
  /** The next instance to be finalized, as the sources say that are still listened to. */
  readonly pending: number;
  /** Certificates stored since the catch-up began. */
  readonly accepted: number;
}

/** What a catch-up works with. */
export interface CatchUpOptions extends AbortOptions {
  /** Peers to ask, the best first. */
  readonly sources: readonly CertificateSource[];
  /** Where verified certificates go; what it holds is never replaced. */
  readonly store: Pick<CertificateStore, "position" | "put">;
  /** Verifies them. */
  readonly check: CertificateCheck;
  /** Certificates of one request. Default 256, the most a server of go-f3 counts. */
  readonly window?: number;
  /** Windows that are asked for, or wait for those before them. Default 8. */
  readonly ahead?: number;
  /** Most milliseconds of one source for one window. Default 15,000. */
  readonly patienceMs?: number;
  /** Most milliseconds of one source to tell what is pending. Default 5,000. */
  readonly probeMs?: number;
  /** After so many milliseconds the next window is asked of a second source as well. Default 3,000. */
  readonly hedgeMs?: number;
  /** Told of each source that is listened to no more, once. */
  readonly onFault?: (fault: SourceFault) => void;
  /** Told after each batch that is stored, of 64 certificates at most. */
  readonly onProgress?: (progress: CatchUpProgress) => void;
}

/** What came of a catch-up. */
export interface CatchUpResult extends CatchUpProgress {
  /** Sources that told what is pending and were not caught. */
  readonly answered: number;
  /** At least one source answered, and nothing that any of them holds is missing. */
  readonly caughtUp: boolean;
}

/**
 * Brings a certificate store to where its sources are. Windows are fetched from several at once, verified in order and
 * stored as they are verified; whoever sends something false, or is late, is not asked again and reported.
 *
 * A source that says it holds what nobody has is found out when it is asked for it. What was stored before a failure stays.
 *
 * Bound: `ahead` windows of certificates in memory, of which 32 MiB wait for others; 64 certificates or 512 KiB are decoded at
 * once, each slice behind the verification of the one before.
 *
 * @throws {HostFault} `host/aborted`, and what the store throws
 * @see go-f3 certexchange/polling/poller.go, which asks one peer after another and knows no base
 * @example
 * const { caughtUp, nextInstance } = await catchUp({ sources, store, check: pool, signal });
 */
export async function catchUp(options: CatchUpOptions): Promise<CatchUpResult> {
  const { nextInstance } = await options.store.position(options);
  const over = new AbortController();
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal]);
  try {
    return await new CatchUp(options, nextInstance, signal).run();
  } catch (error) {
    assertNotAborted(options.signal);
    throw error;
  } finally {
    over.abort(new Error("the catch-up is over"));
  }
}

/** A source, and what is known of it. */
interface Peer {
  readonly source: CertificateSource;
  /** What it says is pending; undefined until it has said so. */
  pending: number | undefined;
  /** Its place among those that may be asked: the one that waited longest comes first. */
  turn: number;
  busy: boolean;
}

/** Certificates verified and stored at once: with 1,500 members that is some seconds of work, which a kill loses at most. */
const putLength = 64;
/** Bytes of them, but for a single one: changes of whole tables take a hundred times what others do. */
const putBytes = 512 << 10;

class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #signal: AbortSignal;
  readonly #peers: Map<string, Peer>;
  readonly #windows: WindowQueue;
  readonly #news = new EventTarget();
  #next: number;
  #accepted = 0;
  #turn = 0;
  #probing = 0;
  #broken: { readonly error: unknown } | undefined;

  constructor(options: CatchUpOptions, next: number, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#next = next;
    this.#windows = new WindowQueue(next, options.window ?? 256, options.ahead ?? 8);
    this.#peers = new Map(
      options.sources.map((source, turn) => [source.peer, { source, pending: undefined, turn, busy: false }]),
    );
    this.#turn = this.#peers.size;
  }

  async run(): Promise<CatchUpResult> {
    for (const peer of this.#peers.values()) this.#start(this.#probe(peer));
    for (;;) {
      if (this.#broken !== undefined) throw this.#broken.error;
      assertNotAborted(this.#signal);
      this.#windows.fill(this.#goal);
      const hedge = this.#assign();
      const first = this.#windows.takeReady();
      if (first !== undefined) {
        await this.#deliver(first);
        continue;
      }
      if (this.#probing === 0 && this.#windows.idle) break;
      await nextEvent(this.#news, hedge, this.#signal);
    }
    const answered = [...this.#peers.values()].filter(({ pending }) => pending !== undefined).length;
    return { ...this.#progress, answered, caughtUp: answered > 0 && this.#next >= this.#goal };
  }

  get #goal(): number {
    return Math.max(0, ...[...this.#peers.values()].map(({ pending = 0 }) => pending));
  }

  get #progress(): CatchUpProgress {
    return { nextInstance: this.#next, pending: Math.max(this.#goal, this.#next), accepted: this.#accepted };
  }

  /** Runs beside the loop, which looks again when it is done. */
  #start(work: Promise<void>): void {
    work
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#broken ??= { error };
      })
      .finally(() => this.#news.dispatchEvent(new Event("news")));
  }

  async #probe(peer: Peer): Promise<void> {
    this.#probing++;
    peer.busy = true;
    try {
      const ask = { first: this.#next, limit: 0 };
      const { pending } = await askSource(peer.source, ask, this.#options.probeMs ?? 5000, { signal: this.#signal });
      peer.pending = pending;
    } catch (error) {
      this.#fault(peer, error);
    } finally {
      peer.busy = false;
      this.#probing--;
    }
  }

  /** Gives windows to sources that are free. @returns milliseconds until the first window is asked for once more */
  #assign(): number | undefined {
    const hedgeMs = this.#options.hedgeMs ?? 3000;
    const now = performance.now();
    let hedge: number | undefined;
    for (const window of this.#windows.open) {
      const waits = window.askedAt === undefined ? 0 : window.askedAt + hedgeMs - now;
      const overdue = window === this.#windows.first && waits <= 0;
      if (window.asked.size > 0 && !overdue) {
        if (window === this.#windows.first) hedge = waits;
        continue;
      }
      const peer = this.#freeFor(window);
      if (peer === undefined) continue;
      window.asked.add(peer.source.peer);
      window.askedAt = now;
      if (window === this.#windows.first) hedge = hedgeMs;
      this.#start(this.#fetch(peer, window));
    }
    return hedge;
  }

  #freeFor({ first, asked }: Window): Peer | undefined {
    let best: Peer | undefined;
    for (const peer of this.#peers.values()) {
      if (peer.busy || (peer.pending ?? 0) <= first || asked.has(peer.source.peer)) continue;
      if (best === undefined || peer.turn < best.turn) best = peer;
    }
    return best;
  }

  async #fetch(peer: Peer, window: Window): Promise<void> {
    const { source } = peer;
    const { first, count } = window;
    peer.busy = true;
    peer.turn = this.#turn++;
    try {
      const patienceMs = this.#options.patienceMs ?? 15_000;
      const answer = await askSource(source, { first, limit: count }, patienceMs, { signal: this.#signal });
      peer.pending = answer.pending;
      if (answer.certificates.length > 0) this.#windows.came(window, source.peer, answer.certificates);
      if (answer.failure !== undefined) this.#fault(peer, answer.failure);
      else if (answer.certificates.length === 0) {
        const facts = { peer: source.peer, first, pending: answer.pending };
        if (answer.pending > first) this.#fault(peer, new F3ExchangeError("f3/source-empty", facts));
      }
    } catch (error) {
      this.#fault(peer, error);
    } finally {
      window.asked.delete(source.peer);
      peer.busy = false;
    }
  }

  /** Verifies and stores a window, whose turn it is: a slice after the other, so that what is behind a lie is not read. */
  async #deliver({ first, peer: from, certificates }: Delivery): Promise<void> {
    let lie: Error | undefined;
    for (let at = 0; at < certificates.length && lie === undefined; ) {
      const end = endOfSlice(certificates, at);
      const { decoded, garbage } = decodeSlice(certificates.slice(at, end), first + at, from);
      lie = (await this.#put(decoded)) ?? garbage;
      at = end;
      // a check on this thread would keep whatever else goes on from running
      if (at < certificates.length) await new Promise<void>((resolve) => setTimeout(resolve));
    }
    this.#windows.advance(this.#next);
    const peer = this.#peers.get(from);
    if (lie !== undefined && peer !== undefined) this.#fault(peer, lie);
  }

  /** @returns what is wrong with the first that is not good */
  async #put(certificates: readonly FinalityCertificate[]): Promise<Error | undefined> {
    if (certificates.length === 0) return undefined;
    const { store, check } = this.#options;
    const { position, error } = await store.put(certificates, check, { signal: this.#signal });
    const fresh = Math.max(0, position.nextInstance - this.#next);
    this.#accepted += fresh;
    this.#next += fresh;
    if (fresh > 0) this.#options.onProgress?.(this.#progress);
    return error;
  }

  /** A source that failed is left out until the next catch-up: there are others, or nobody. */
  #fault({ source }: Peer, error: unknown): void {
    if (this.#signal.aborted) return;
    if (!isCopseError(error)) throw error;
    if (!this.#peers.delete(source.peer)) return; // told of once
    this.#options.onFault?.({ peer: source.peer, kind: faultKind(error), error });
  }
}

/** Where the slice that begins at a certificate ends: it has one at least. */
function endOfSlice(certificates: readonly Uint8Array[], at: number): number {
  let end = at;
  let bytes = 0;
  while (end < certificates.length && end - at < putLength) {
    bytes += (certificates[end] as Uint8Array).length;
    if (end > at && bytes > putBytes) break;
    end++;
  }
  return end;
}

/** Certificates up to the first that is none; what that one is. */
function decodeSlice(
  certificates: readonly Uint8Array[],
  first: number,
  peer: string,
): { readonly decoded: readonly FinalityCertificate[]; readonly garbage: F3ExchangeError | undefined } {
  const decoded: FinalityCertificate[] = [];
  for (const bytes of certificates) {
    try {
      decoded.push(decodeCertificate(bytes));
    } catch (error) {
      if (!isCopseError(error)) throw error;
      const facts = { peer, instance: first + decoded.length, why: error.message };
      return { decoded, garbage: new F3ExchangeError("f3/source-garbage", facts, { cause: error }) };
    }
  }
  return { decoded, garbage: undefined };
}
