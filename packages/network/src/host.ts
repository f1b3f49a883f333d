import { noise } from "@chainsafe/libp2p-noise";
import { type AbortOptions, abortFault, HostFault } from "@copse/primitives";
import type { Connection, IdentifyResult, Libp2p, PeerId, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { peerOf, resolveAddresses } from "./addresses.ts";
import { NetworkError, reasonOf } from "./errors.ts";
import {
  type ConnectedPeer,
  defaultHostLimits,
  type HandleOptions,
  type HostEvent,
  type HostLimits,
  type HostOptions,
  type OpenOptions,
  type StreamHandler,
  type Streams,
} from "./host-options.ts";
import { gater, type HostServices, services, transports } from "./libp2p-parts.ts";
import { type NetworkLog, noLog, noMetrics } from "./metrics.ts";
import { decodePrivateKey } from "./private-key.ts";
import { exchangeProtocol, helloProtocol } from "./protocols.ts";
import { sturdyYamux } from "./yamux-muxer.ts";

/** A node on the network: connections, streams, and who is there. */
export interface Host extends Streams {
  /** Our peer id, as text. */
  readonly peer: string;
  /** The libp2p node beneath, for what this interface leaves out. */
  readonly libp2p: Libp2p<HostServices>;
  /**
   * Listens. Hello and chain exchange must be handled by then: Forest bans for an hour whoever does not name them in
   * the first identify.
   *
   * @throws {NetworkError} `network/protocol-unregistered`, `network/listen-failed`
   */
  start(): Promise<void>;
  /** Ends every connection and listener. Safe to call twice. */
  stop(): Promise<void>;
  /** Full multiaddrs that reach us. */
  addresses(): readonly string[];
  /** Connected and identified peers. */
  peers(): readonly ConnectedPeer[];
  /** Connects to a multiaddr (`/dnsaddr` is resolved: the first peer that answers), or to a peer id seen before. */
  dial(address: string, options?: AbortOptions): Promise<string>;
  /** Closes every connection of a peer. */
  disconnect(peer: string): Promise<void>;
  /** Milliseconds of one ping. */
  ping(peer: string, options?: AbortOptions): Promise<number>;
  /** Peers close to a random key, from Kademlia: `[peer id, multiaddrs]`. Empty without kad. */
  discover(options?: AbortOptions): AsyncIterable<{ readonly peer: string; readonly addresses: readonly string[] }>;
  /** Gives a peer the score of a bootstrapper in gossip: one found behind a `/dnsaddr` of the network. */
  trust(peer: string): void;
  /** Calls on every event; the result ends that. */
  on(listener: (event: HostEvent) => void): () => void;
}

/**
 * Makes a host: TCP (and QUIC where its library loads), noise, yamux, identify, ping, gossipsub, kad. It neither listens
 * nor dials before {@link Host.start}.
 *
 * @throws {NetworkError} `network/key-malformed`, `network/address-malformed`
 * @see lotus node/modules/lp2p, forest src/libp2p/service.rs
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const limits = { ...defaultHostLimits, ...options.limits };
  const key = options.privateKey;
  const trusted = new Set((options.bootstrap ?? []).map(peerOf).filter((peer) => peer !== undefined));
  const libp2p: Libp2p<HostServices> = await createLibp2p<HostServices>({
    ...(key === undefined ? {} : { privateKey: decodePrivateKey(key) }),
    start: false,
    nodeInfo: { userAgent: options.userAgent ?? "copse" },
    addresses: {
      listen: [...(options.listen ?? [])],
      ...(options.announce === undefined ? {} : { announce: [...options.announce] }),
    },
    transports: (await transports(options)) as never,
    connectionEncrypters: [noise()],
    streamMuxers: [sturdyYamux({ maxInboundStreams: limits.maxInboundStreams })],
    connectionManager: {
      maxConnections: limits.maxConnections,
      maxParallelDials: limits.maxParallelDials,
      dialTimeout: limits.dialMs,
      inboundConnectionThreshold: limits.inboundPerSecond,
      maxIncomingPendingConnections: limits.maxPendingInbound,
      reconnectRetries: 0, // the peer keeper redials, by its own ranking
    },
    connectionGater: gater(options, limits, (id): number => libp2p.getConnections(id).length),
    ...(options.libp2pMetrics === undefined ? {} : { metrics: options.libp2pMetrics as never }),
    services: services(options, trusted),
  });
  return new Libp2pHost(libp2p, options, limits, trusted);
}

class Libp2pHost implements Host {
  readonly peer: string;
  readonly libp2p: Libp2p<HostServices>;
  readonly #limits: HostLimits;
  readonly #options: HostOptions;
  readonly #log: NetworkLog;
  readonly #peers = new Map<string, ConnectedPeer>();
  readonly #listeners = new Set<(event: HostEvent) => void>();
  readonly #handled = new Set<string>();
  readonly #trusted: Set<string>;

  constructor(libp2p: Libp2p<HostServices>, options: HostOptions, limits: HostLimits, trusted: Set<string>) {
    this.#trusted = trusted;
    this.libp2p = libp2p;
    this.peer = libp2p.peerId.toString();
    this.#limits = limits;
    this.#options = options;
    this.#log = options.log ?? noLog;
    libp2p.addEventListener("peer:identify", (event) => this.#identified(event.detail));
    libp2p.addEventListener("peer:disconnect", (event) => this.#left(event.detail.toString()));
  }

  async start(): Promise<void> {
    for (const protocol of [helloProtocol, exchangeProtocol]) {
      if (!this.#handled.has(protocol)) throw new NetworkError("network/protocol-unregistered", { protocol });
    }
    try {
      await this.libp2p.start();
    } catch (cause) {
      await this.libp2p.stop();
      const listen = (this.#options.listen ?? []).join(", ");
      throw new NetworkError("network/listen-failed", { listen, reason: reasonOf(cause) }, { cause });
    }
    this.#log("info", "host started", { peer: this.peer, addresses: this.addresses() });
  }

  async stop(): Promise<void> {
    await this.libp2p.stop();
    for (const peer of [...this.#peers.keys()]) this.#left(peer);
  }

  addresses(): readonly string[] {
    return this.libp2p.getMultiaddrs().map(String);
  }

  peers(): readonly ConnectedPeer[] {
    return [...this.#peers.values()];
  }

  async dial(address: string, options?: AbortOptions): Promise<string> {
    this.#assertRunning();
    const signal = withDeadline(options?.signal, this.#limits.dialMs);
    const metrics = this.#options.metrics ?? noMetrics;
    let reason: unknown = "no address";
    try {
      for (const target of await this.#targets(address, signal)) {
        try {
          const connection = await this.libp2p.dial(target, { signal });
          metrics.count("copse_network_dials_total", 1, "ok");
          return connection.remotePeer.toString();
        } catch (error) {
          if (options?.signal?.aborted) throw abortFault(options.signal);
          reason = error;
        }
      }
    } catch (error) {
      if (error instanceof NetworkError || error instanceof HostFault) throw error;
      reason = error;
    }
    metrics.count("copse_network_dials_total", 1, "failed");
    throw new NetworkError("network/dial-failed", { address, reason: reasonOf(reason) }, { cause: reason });
  }

  async #targets(address: string, signal: AbortSignal): Promise<readonly (Multiaddr | PeerId)[]> {
    if (!address.startsWith("/")) return [this.#peerId(address)];
    return (await resolveAddresses(address, signal)).map((text) => multiaddr(text));
  }

  async disconnect(peer: string): Promise<void> {
    const id = this.#peerId(peer);
    try {
      await this.libp2p.hangUp(id, { signal: AbortSignal.timeout(1_000) });
    } catch {
      for (const connection of this.libp2p.getConnections(id)) this.#abort(connection);
    }
  }

  async ping(peer: string, options?: AbortOptions): Promise<number> {
    const signal = withDeadline(options?.signal, 10_000);
    try {
      return await this.libp2p.services.ping.ping(this.#peerId(peer), { signal });
    } catch (cause) {
      throw this.#streamError(peer, ["/ipfs/ping/1.0.0"], cause, options?.signal);
    }
  }

  async *discover(options?: AbortOptions): AsyncGenerator<{ peer: string; addresses: readonly string[] }> {
    const kad = this.libp2p.services.kad;
    if (kad === undefined || this.libp2p.status !== "started") return;
    const key = crypto.getRandomValues(new Uint8Array(32));
    const signal = withDeadline(options?.signal, 60_000);
    try {
      for await (const event of kad.getClosestPeers(key, { signal })) {
        const found = event.name === "PEER_RESPONSE" ? event.closer : event.name === "FINAL_PEER" ? [event.peer] : [];
        for (const { id, multiaddrs } of found) yield { peer: id.toString(), addresses: multiaddrs.map(String) };
      }
    } catch (error) {
      if (options?.signal?.aborted) throw abortFault(options.signal);
      this.#log("debug", "kad walk ended early", { reason: reasonOf(error) });
    }
  }

  trust(peer: string): void {
    this.#trusted.add(peer);
  }

  on(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async open(peer: string, protocols: readonly string[], options?: OpenOptions): Promise<Stream> {
    this.#assertRunning();
    const connection = this.#connection(peer);
    const protocol = protocols.join(", ");
    if (connection === undefined)
      throw new NetworkError("network/peer-gone", { peer, protocol, reason: "not connected" });
    const known = this.#peers.get(peer)?.protocols;
    if (known !== undefined && !protocols.some((name) => known.has(name))) {
      throw new NetworkError("network/protocol-missing", { peer, protocol });
    }
    const waitedMs = options?.openMs ?? 10_000;
    const deadline = AbortSignal.timeout(waitedMs);
    const signal = options?.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    try {
      return await connection.newStream([...protocols], { signal });
    } catch (cause) {
      if (deadline.aborted && !options?.signal?.aborted) {
        throw new NetworkError("network/answer-late", { protocol, received: 0, waitedMs }, { cause });
      }
      throw this.#streamError(peer, protocols, cause, options?.signal);
    }
  }

  async handle(protocols: readonly string[], handler: StreamHandler, options?: HandleOptions): Promise<void> {
    for (const protocol of protocols) this.#handled.add(protocol);
    const answer = async (stream: Stream, connection: Connection): Promise<void> => {
      const peer = connection.remotePeer.toString();
      try {
        await handler(stream, peer);
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)));
        this.#log("debug", "stream handler ended", { peer, protocol: stream.protocol, reason: reasonOf(error) });
      }
    };
    await this.libp2p.handle([...protocols], answer, {
      maxInboundStreams: options?.maxInboundStreams ?? 32,
      maxOutboundStreams: options?.maxOutboundStreams ?? 64,
    });
  }

  async unhandle(protocols: readonly string[]): Promise<void> {
    for (const protocol of protocols) this.#handled.delete(protocol);
    await this.libp2p.unhandle([...protocols]);
  }

  /** The youngest open connection: an older one of the same peer may be about to end. */
  #connection(peer: string): Connection | undefined {
    return this.libp2p.getConnections(this.#peerId(peer)).findLast((connection) => connection.status === "open");
  }

  #peerId(peer: string): PeerId {
    try {
      return peerIdFromString(peer);
    } catch (cause) {
      throw new NetworkError("network/address-malformed", { address: peer, reason: reasonOf(cause) }, { cause });
    }
  }

  /** Ends a connection, also one that can not be told so any more: then its muxer throws, and leaves the rest undone. */
  #abort(connection: Connection): void {
    try {
      connection.abort(new Error("dropped"));
    } catch (error) {
      const peer = connection.remotePeer.toString();
      this.#log("debug", "a connection did not end well", { peer, reason: reasonOf(error) });
    }
  }

  #assertRunning(): void {
    const state = this.libp2p.status;
    if (state !== "started") throw new NetworkError("network/host-not-running", { state });
  }

  #streamError(peer: string, protocols: readonly string[], cause: unknown, signal?: AbortSignal): Error {
    if (signal?.aborted) return abortFault(signal);
    const protocol = protocols.join(", ");
    if (cause instanceof Error && cause.name === "UnsupportedProtocolError") {
      return new NetworkError("network/protocol-missing", { peer, protocol }, { cause });
    }
    return new NetworkError("network/peer-gone", { peer, protocol, reason: reasonOf(cause) }, { cause });
  }

  #identified(result: IdentifyResult): void {
    const peer = result.peerId.toString();
    if (result.connection.status !== "open") return; // it left while it told us who it is
    const known = this.#peers.has(peer);
    const about: ConnectedPeer = {
      peer,
      agent: (result.agentVersion ?? "").slice(0, 256),
      protocols: new Set(result.protocols),
      address: result.connection.remoteAddr.toString(),
      direction: result.connection.direction,
    };
    this.#peers.set(peer, about); // identify-push updates what a peer speaks
    if (!known) this.#tell({ type: "joined", peer: about });
  }

  #left(peer: string): void {
    if (this.#peers.delete(peer)) this.#tell({ type: "left", peer });
  }

  #tell(event: HostEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // libp2p tells us by events: what is thrown in one ends the process, whoever joined or left
        this.#log("warn", "listener failed", { event: event.type, reason: reasonOf(error) });
      }
    }
  }
}

function withDeadline(signal: AbortSignal | undefined, afterMs: number): AbortSignal {
  const deadline = AbortSignal.timeout(afterMs);
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}
