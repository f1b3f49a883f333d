import type { CertificateSource, SourceFault } from "@copse/f3/exchange";
import type { Host, NetworkMetrics } from "@copse/network";
import { type CertExchangeClient, createCertExchangeClient } from "@copse/network/f3-exchange";
import type { Logger } from "pino";
import type { SourcePool } from "../sync/sources.ts";
import type { F3Settings } from "./settings.ts";

/** Peers asked in one round. */
const mostSources = 8;
/** Of these, so many are for those asked longest ago, or never: where the best are stuck or lie in wait, others get a turn. */
const reserved = 3;
/** Peers of which it is remembered when they were asked. */
const mostRemembered = 1024;
/** How long a peer that stalled or failed is not asked while there are others. Unit: ms. */
const pauseMs = 60_000;

/** What asking peers for certificates may touch. */
export interface CertificatePeersNeeds {
  readonly settings: F3Settings;
  readonly host: Host;
  /** Ranks peers, and bars those that lie. */
  readonly pool: SourcePool;
  readonly log: Logger;
  readonly metrics: NetworkMetrics;
}

/** The peers of a node as sources of certificates. */
export class CertificatePeers {
  readonly #needs: CertificatePeersNeeds;
  readonly #exchange: CertExchangeClient;
  readonly #paused = new Map<string, number>();
  /** Who was asked; the one asked last comes last. */
  readonly #asked = new Set<string>();

  constructor(needs: CertificatePeersNeeds) {
    const { host, metrics, settings } = needs;
    const { networkName, certificateExchange } = settings.manifest;
    this.#needs = needs;
    const limits = { totalMs: certificateExchange.clientRequestTimeoutMs };
    this.#exchange = createCertExchangeClient({ host, networkName, metrics }, limits);
  }

  /** Peers that speak the protocol: those of better rank first, then some that were not asked for long. */
  ready(): CertificateSource[] {
    const { host, pool } = this.#needs;
    const { protocol } = this.#exchange;
    const speaking = new Set(host.peers().flatMap(({ peer, protocols }) => (protocols.has(protocol) ? [peer] : [])));
    const now = performance.now();
    for (const [peer, until] of this.#paused) if (until < now) this.#paused.delete(peer);
    const ranked = pool.ranked(new Set()).map(({ id }) => id);
    const all = [...new Set([...ranked, ...speaking])].filter((peer) => speaking.has(peer) && !pool.dropped.has(peer));
    const ready = all.filter((peer) => !this.#paused.has(peer));
    return this.#chosen(ready.length > 0 ? ready : all).map((peer) => ({
      peer,
      fetch: (ask, options) => {
        this.#remember(peer);
        return this.#exchange.request(peer, ask, options);
      },
    }));
  }

  /** The best, and of the others those that were not asked for longest. */
  #chosen(peers: readonly string[]): string[] {
    if (peers.length <= mostSources) return [...peers];
    const best = peers.slice(0, mostSources - reserved);
    const others = new Set(peers.slice(best.length));
    const longAgo = [...this.#asked].filter((peer) => others.has(peer));
    const never = [...others].filter((peer) => !this.#asked.has(peer));
    return [...best, ...[...never, ...longAgo].slice(0, reserved)];
  }

  #remember(peer: string): void {
    this.#asked.delete(peer);
    this.#asked.add(peer);
    const [oldest] = this.#asked.size > mostRemembered ? this.#asked : [];
    if (oldest !== undefined) this.#asked.delete(oldest);
  }

  /** A peer that lied is dropped, as for any lie; one that failed is left in peace for a while. */
  report({ peer, kind, error }: SourceFault): void {
    const { pool, log } = this.#needs;
    log.debug({ peer, kind, reason: error.message }, "a peer failed to give certificates");
    if (kind === "lie") pool.report(peer, { kind: "lied", error });
    else this.#paused.set(peer, performance.now() + pauseMs);
  }
}
