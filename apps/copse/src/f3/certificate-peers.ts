import type { CertificateSource, SourceFault } from "@copse/f3/exchange";
import type { Host, NetworkMetrics } from "@copse/network";
import { type CertExchangeClient, createCertExchangeClient } from "@copse/network/f3-exchange";
import type { Logger } from "pino";
import type { SourcePool } from "../sync/sources.ts";
import type { F3Settings } from "./settings.ts";

/** Peers asked in one round. */
const mostSources = 8;
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

  constructor(needs: CertificatePeersNeeds) {
    const { host, metrics, settings } = needs;
    const { networkName, certificateExchange } = settings.manifest;
    this.#needs = needs;
    const limits = { totalMs: certificateExchange.clientRequestTimeoutMs };
    this.#exchange = createCertExchangeClient({ host, networkName, metrics }, limits);
  }

  /** Peers that speak the protocol, those of better rank first. */
  ready(): CertificateSource[] {
    const { host, pool } = this.#needs;
    const { protocol } = this.#exchange;
    const speaking = new Set(host.peers().flatMap(({ peer, protocols }) => (protocols.has(protocol) ? [peer] : [])));
    const now = performance.now();
    for (const [peer, until] of this.#paused) if (until < now) this.#paused.delete(peer);
    const ranked = pool.ranked(new Set()).map(({ id }) => id);
    const all = [...new Set([...ranked, ...speaking])].filter((peer) => speaking.has(peer) && !pool.dropped.has(peer));
    const ready = all.filter((peer) => !this.#paused.has(peer));
    return (ready.length > 0 ? ready : all).slice(0, mostSources).map((peer) => ({
      peer,
      fetch: (ask, options) => this.#exchange.request(peer, ask, options),
    }));
  }

  /** A peer that lied is dropped, as for any lie; one that failed is left in peace for a while. */
  report({ peer, kind, error }: SourceFault): void {
    const { pool, log } = this.#needs;
    log.debug({ peer, kind, reason: error.message }, "a peer failed to give certificates");
    if (kind === "lie") pool.report(peer, { kind: "lied", error });
    else this.#paused.set(peer, performance.now() + pauseMs);
  }
}
