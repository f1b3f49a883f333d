import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "@copse/blockstore";
import { type CatchUpResult, type CertificateSource, catchUp, findPowerTable, pollInterval } from "@copse/f3/exchange";
import { createF3Pool, type F3Pool } from "@copse/f3/pool";
import type { CertificateStore } from "@copse/f3/store";
import type { Host, NetworkLog, NetworkMetrics } from "@copse/network";
import { serveCertExchange } from "@copse/network/f3-exchange";
import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import { errorFacts } from "../output.ts";
import type { SourcePool } from "../sync/sources.ts";
import { CertificatePeers } from "./certificate-peers.ts";
import { type F3Head, foundCertificates, headOf, openCertificates, servedCertificates } from "./certificates.ts";
import type { F3Settings } from "./settings.ts";

/** Everything following certificates may touch. */
export interface F3ClientNeeds {
  readonly settings: F3Settings;
  readonly database: Database;
  readonly host: Host;
  /** Ranks peers, and bars those that lie. */
  readonly pool: SourcePool;
  /** Threads that check signatures; 0 for as many as there are cores. */
  readonly workers: number;
  readonly log: Logger;
  readonly networkLog: NetworkLog;
  readonly metrics: NetworkMetrics;
  /** Waits, or stops waiting when the signal fires; never throws. Default: by the machine's clock. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What the status says of F3. */
export interface F3Status {
  readonly network: string;
  readonly instance: number | undefined;
  readonly head: { readonly height: number; readonly cids: readonly string[] } | undefined;
  /** CID of the power table that validates the next instance. */
  readonly powerTable: string | undefined;
  /** The next instance to be finalized, as peers say. */
  readonly pending: number | undefined;
  readonly caughtUp: boolean;
}

/** After so long it is not waited for peers that have certificates. Unit: ms. */
const nobodyMs = 3000;
/** How long to wait where nobody is there to ask, unless somebody comes. Unit: ms. */
const lonelyMs = 10_000;
/** How long to wait after what nobody foresaw. Unit: ms. */
const brokenMs = 60_000;

/**
 * Keeps a repository's certificates up to date from peers, and serves them to others.
 *
 * Every certificate is verified before it is stored; peers that send false ones are dropped as any liar is.
 */
export class F3Client {
  readonly #needs: F3ClientNeeds;
  readonly #sources: CertificatePeers;
  readonly #listeners = new Set<() => void>();
  readonly #over = new AbortController();
  #certificates: CertificateStore | undefined;
  #threads: F3Pool | undefined;
  #server: { stop(): Promise<void> } | undefined;
  #running: Promise<void> | undefined;
  #last: CatchUpResult | undefined;

  private constructor(needs: F3ClientNeeds, certificates: CertificateStore | undefined) {
    this.#needs = needs;
    this.#certificates = certificates;
    this.#sources = new CertificatePeers(needs);
  }

  /**
   * Opens the certificates there are and registers the protocol, which is best done before the host starts: identify tells
   * it then. Nothing is asked for yet.
   *
   * @throws {F3Error} | {F3StoreError} where what is kept has another root than is trusted
   */
  static async open(needs: F3ClientNeeds): Promise<F3Client> {
    const { settings, database, host, networkLog, metrics } = needs;
    const client = new F3Client(needs, await openCertificates(database, settings));
    const { networkName, certificateExchange } = settings.manifest;
    client.#server = await serveCertExchange(
      { host, networkName, source: servedCertificates(() => client.#certificates), log: networkLog, metrics },
      { totalMs: certificateExchange.serverRequestTimeoutMs },
    );
    return client;
  }

  /** The certificates; undefined until the trusted table is at hand. */
  get certificates(): CertificateStore | undefined {
    return this.#certificates;
  }

  /** The newest tipset that is final. */
  get head(): F3Head | undefined {
    const latest = this.#certificates?.latest;
    return latest && headOf(latest);
  }

  /** Whether the last round left nothing to be had. */
  get caughtUp(): boolean {
    return this.#last?.caughtUp ?? false;
  }

  status(): F3Status {
    const { head } = this;
    return {
      network: this.#needs.settings.manifest.networkName,
      instance: head?.instance,
      head: head && { height: head.height, cids: TipsetKey.cids(head.key).map(String) },
      powerTable: head?.powerTable ?? this.#certificates?.initialPowerTable.cid.toString(),
      pending: this.#last?.pending,
      caughtUp: this.caughtUp,
    };
  }

  /** Calls when there are further certificates, and after each round. @returns stops that */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Begins to ask peers, and goes on until it is closed. */
  start(): void {
    this.#running ??= this.#runForEver(this.#over.signal);
  }

  /** Waits until it has caught up with its peers, or for so long; not long where no peer has certificates. @returns whether it has */
  async settled(ms: number, signal: AbortSignal): Promise<boolean> {
    const either = AbortSignal.any([signal, this.#over.signal]);
    const started = performance.now();
    while (!this.caughtUp && !either.aborted) {
      const waited = performance.now() - started;
      const most = this.#sources.ready().length > 0 ? ms : Math.min(ms, nobodyMs);
      if (waited >= most) break;
      await this.#event(Math.min(500, most - waited), either);
    }
    return this.caughtUp;
  }

  async close(): Promise<void> {
    this.#over.abort(new Error("the node stops"));
    await this.#running;
    await this.#server?.stop();
    await this.#threads?.close();
  }

  /** What nobody foresaw must not end finality for the life of the process. */
  async #runForEver(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#run(signal);
      } catch (error) {
        if (signal.aborted) return;
        const facts = { ...errorFacts(error), againMs: brokenMs };
        this.#needs.log.error(facts, "certificates of F3 could not be followed: once more in a while");
        await this.#pause(brokenMs, signal);
        if (!signal.aborted) await this.#renew(true);
      }
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { manifest } = this.#needs.settings;
    let waitMs: number | undefined;
    while (!signal.aborted) {
      const sources = this.#sources.ready();
      if (this.#certificates === undefined) await this.#found(sources, signal);
      if (this.#certificates !== undefined && sources.length > 0) {
        const result = await this.#round(this.#certificates, sources, signal).catch((error: unknown) =>
          this.#failed(error, signal),
        );
        this.#last = result;
        this.#tell();
        if (result?.caughtUp === false && result.accepted > 0) continue;
        if (result?.caughtUp === true) {
          waitMs = pollInterval(waitMs, result.accepted, manifest.certificateExchange);
          await this.#sleep(waitMs, false, signal);
          continue;
        }
      }
      await this.#sleep(lonelyMs, true, signal);
    }
  }

  #round(store: CertificateStore, sources: readonly CertificateSource[], signal: AbortSignal): Promise<CatchUpResult> {
    const { workers, log } = this.#needs;
    this.#threads ??= createF3Pool(workers > 0 ? { workers } : {});
    return catchUp({
      sources,
      store,
      check: this.#threads,
      signal,
      onFault: (fault) => this.#sources.report(fault),
      onProgress: ({ nextInstance, pending, accepted }) => {
        if (accepted % 2560 < 256) log.info({ instance: nextInstance - 1, pending }, "certificates of F3");
        this.#tell();
      },
    });
  }

  /** A worker died, or the disk refused: nothing is concluded, and it is done again, with new workers. */
  async #failed(error: unknown, signal: AbortSignal): Promise<undefined> {
    if (signal.aborted || !isCopseError(error)) throw error;
    this.#needs.log.error(errorFacts(error), "certificates of F3 could not be verified or stored");
    await this.#renew(error.code === "f3/store-changed" || error.code === "host/store-failed");
    return undefined;
  }

  /** Leaves the workers there are, and looks anew what is stored: another may have written, or half of it went wrong. */
  async #renew(reopen: boolean): Promise<void> {
    const { settings, database, log } = this.#needs;
    const threads = this.#threads;
    this.#threads = undefined;
    try {
      await threads?.close();
      if (!reopen) return;
      const table = this.#certificates?.initialPowerTable;
      this.#certificates = await (table === undefined
        ? openCertificates(database, settings)
        : foundCertificates(database, { ...settings, table }));
    } catch (error) {
      // what is open stays: the next round fails as this one did, or goes well
      log.error(errorFacts(error), "certificates of F3 could not be opened again");
    }
  }

  /** Gets the table that the manifest names, from whoever has it. */
  async #found(sources: readonly CertificateSource[], signal: AbortSignal): Promise<void> {
    const { settings, database, log } = this.#needs;
    const { manifest } = settings;
    const cid = manifest.initialPowerTable;
    if (cid === undefined || sources.length === 0) return;
    try {
      const wanted = { instance: manifest.initialInstance, cid };
      const table = await findPowerTable(sources, wanted, { signal, onFault: (fault) => this.#sources.report(fault) });
      this.#certificates = await foundCertificates(database, { manifest, table });
    } catch (error) {
      if (!isCopseError(error, "f3/")) throw error;
      log.warn({ reason: error.message }, "the initial power table of F3 is not to be had yet");
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return (this.#needs.pause ?? pause)(ms, signal);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Waits; where nobody was there to ask, only until somebody comes. */
  async #sleep(ms: number, wakes: boolean, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const unlisten = wakes ? this.#needs.host.on(({ type }) => type === "joined" && woken.abort()) : undefined;
    await this.#pause(ms, AbortSignal.any([signal, woken.signal]));
    unlisten?.();
  }

  async #event(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const unlisten = this.onChange(() => woken.abort());
    await this.#pause(ms, AbortSignal.any([signal, woken.signal]));
    unlisten();
  }
}

/** Waits, or stops waiting when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}
