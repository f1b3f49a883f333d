import { type AbortOptions, HostFault } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";

/** Headers of one tipset as their canonical bytes, in canonical order. */
export interface HeaderSlices {
  readonly headers: readonly Uint8Array[];
}

/** Messages of one tipset, per block in canonical order: bare messages, then signed ones, as their bytes. */
export interface TipsetMessages {
  readonly blocks: readonly { readonly bls: readonly Uint8Array[]; readonly secp: readonly Uint8Array[] }[];
}

/** Something that holds a chain: a peer, or a file that was imported. */
export interface ChainSourcePort {
  /** Peer id, or the name of the file. */
  readonly id: string;
  /** Tipsets from `head` towards genesis, newest first; at most `count`, at least one. */
  headers(head: TipsetKey, count: number, options: AbortOptions): Promise<readonly HeaderSlices[]>;
  /** Messages of the tipsets from `head` towards genesis, newest first; at most `count`, at least one. */
  messages(head: TipsetKey, count: number, options: AbortOptions): Promise<readonly TipsetMessages[]>;
}

/** How an answer or its absence counts. */
export type Outcome =
  | { readonly kind: "served"; readonly ms: number; readonly bytes: number }
  /** It sent something false or unreadable: it is dropped. */
  | { readonly kind: "lied"; readonly error: unknown }
  /** We ended the request: another source was faster, or nobody wants the answer any more. */
  | { readonly kind: "ended" }
  /** It did not answer, or not in time: its rank falls. */
  | { readonly kind: "failed"; readonly error: unknown };

/** What ranks sources and pays them: the network's peer manager, or nothing for a file. */
export interface SourceRanking {
  /** Sources that may be asked now, in the order in which to try them. */
  rank(ids: readonly string[]): readonly string[];
  /** A question goes out; an outcome follows. */
  began(id: string): void;
  /** Counts an outcome. */
  report(id: string, outcome: Outcome): void;
}

/** Liars remembered; past it the first is forgotten, and the peer book's ban alone keeps it away. */
const maxDropped = 1024;

/** The sources that are connected now, with waiters for more. */
export class SourcePool {
  readonly #ranking: SourceRanking;
  readonly #sources = new Map<string, ChainSourcePort>();
  readonly #dropped = new Map<string, unknown>();
  readonly #waiters = new Set<() => void>();

  constructor(ranking: SourceRanking) {
    this.#ranking = ranking;
  }

  /** Adds a source, unless it was dropped for lying. */
  add(source: ChainSourcePort): void {
    if (this.#dropped.has(source.id)) return;
    this.#sources.set(source.id, source);
    for (const wake of this.#waiters) wake();
  }

  /** Takes a source away: it is gone, and may come back. */
  remove(id: string): void {
    this.#sources.delete(id);
    for (const wake of this.#waiters) wake();
  }

  /** Sources at hand. */
  get size(): number {
    return this.#sources.size;
  }

  /** Sources that were caught lying, with what they did. */
  get dropped(): ReadonlyMap<string, unknown> {
    return this.#dropped;
  }

  /** Where no source is left and some were caught lying: what the first of them did. */
  get onlyLie(): unknown {
    return this.#sources.size === 0 ? [...this.#dropped.values()][0] : undefined;
  }

  /** The source of that id, if it is at hand. */
  get(id: string): ChainSourcePort | undefined {
    return this.#sources.get(id);
  }

  /** Sources in order of rank, without those in `tried`. */
  ranked(tried: ReadonlySet<string>): ChainSourcePort[] {
    const ids = [...this.#sources.keys()].filter((id) => !tried.has(id));
    return this.#ranking.rank(ids).flatMap((id) => this.#sources.get(id) ?? []);
  }

  /** A question goes out to a source; {@link report} follows. */
  began(id: string): void {
    this.#ranking.began(id);
  }

  /** Counts an outcome; a liar is dropped for good. */
  report(id: string, outcome: Outcome): void {
    // several questions may have been under way: a liar is told of once
    const again = outcome.kind === "lied" && this.#dropped.has(id);
    this.#ranking.report(id, again ? { kind: "ended" } : outcome);
    if (again || outcome.kind !== "lied") return;
    this.#dropped.set(id, outcome.error);
    if (this.#dropped.size > maxDropped) this.#dropped.delete(this.#dropped.keys().next().value ?? "");
    this.remove(id);
  }

  /**
   * Resolves when a source comes or goes.
   *
   * @returns false when `ms` passed first
   * @throws {HostFault} `host/aborted`
   */
  changed(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const wake = (): void => done(() => resolve(true));
      const abort = (): void => done(() => reject(new HostFault("host/aborted", { reason: String(signal.reason) })));
      const timer = setTimeout(() => done(() => resolve(false)), ms);
      this.#waiters.add(wake);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });
  }
}
