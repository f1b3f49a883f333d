import type { ComponentLogger, Metrics, Stream } from "@libp2p/interface";
import type { NetworkLog, NetworkMetrics } from "./metrics.ts";
import type { TransportFactory } from "./quic.ts";

/** How much the host lets itself be used. */
export interface HostLimits {
  /** Most connections; past it libp2p closes the least useful ones. Default 180. */
  readonly maxConnections: number;
  /** Most connections of one peer. Default 4. */
  readonly maxConnectionsPerPeer: number;
  /** Most new inbound connections a second from one address. Default 20. */
  readonly inboundPerSecond: number;
  /** Most inbound connections that are not yet encrypted and multiplexed. Default 32. */
  readonly maxPendingInbound: number;
  /** Most dials at once. Default 16. */
  readonly maxParallelDials: number;
  /** Most milliseconds of one dial, all its addresses together. Default 15,000. */
  readonly dialMs: number;
  /** Most inbound streams of one connection, all protocols together. Default 256. */
  readonly maxInboundStreams: number;
}

/** Limits of a host that is told nothing. */
export const defaultHostLimits: HostLimits = {
  maxConnections: 180,
  maxConnectionsPerPeer: 4,
  inboundPerSecond: 20,
  maxPendingInbound: 32,
  maxParallelDials: 16,
  dialMs: 15_000,
  maxInboundStreams: 256,
};

/** What {@link createHost} takes. */
export interface HostOptions {
  /** The network's p2p name: `testnetnet` for mainnet. It is part of the topics and of kad's protocol id. */
  readonly networkName: string;
  /** Identity, as {@link generatePrivateKey} makes it; a fresh one when absent. */
  readonly privateKey?: Uint8Array;
  /** Multiaddrs to listen on. Default none: dial only. */
  readonly listen?: readonly string[];
  /** Multiaddrs to tell others, where they differ from `listen`. */
  readonly announce?: readonly string[];
  /** Multiaddrs of peers that know others: `/dnsaddr/…`, `/dns/…`, `/ip4/…`. Never charged, never banned. */
  readonly bootstrap?: readonly string[];
  readonly limits?: Partial<HostLimits>;
  /** libp2p transports instead of TCP and QUIC: WebTransport or WebSockets in a browser. */
  readonly transports?: readonly TransportFactory[];
  /** What identify says we are. Default `copse`. Must not begin with `nebula/` or `hermes`: Forest takes those for crawlers. */
  readonly userAgent?: string;
  /** Join the network's Kademlia table. Default true. */
  readonly kad?: boolean;
  /** `client` asks only, `server` answers too, `auto` serves when publicly reachable. Default `auto`. */
  readonly kadMode?: "auto" | "client" | "server";
  /** Keep private addresses in Kademlia and let peers share one IP: for networks of one machine. Default false. */
  readonly privateNetwork?: boolean;
  /** Refuses a peer: a ban list. Asked before and after each handshake. */
  readonly denies?: (peer: string) => boolean;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
  /** libp2p's own metrics, such as `@libp2p/prometheus-metrics`. */
  readonly libp2pMetrics?: (components: { readonly logger: ComponentLogger }) => Metrics;
}

/** A peer that is connected and told us who it is. */
export interface ConnectedPeer {
  /** Peer id, as text. */
  readonly peer: string;
  /** What it calls itself, at most 256 characters. */
  readonly agent: string;
  /** Protocols it speaks. */
  readonly protocols: ReadonlySet<string>;
  /** Address of the connection it was identified on. */
  readonly address: string;
  readonly direction: "inbound" | "outbound";
}

/** What a host tells. `joined` comes after identify, `left` when the last connection ended. */
export type HostEvent =
  | { readonly type: "joined"; readonly peer: ConnectedPeer }
  | { readonly type: "left"; readonly peer: string };

/** Answers a stream that a peer opened. Its promise ends the stream's handling; a rejection resets the stream. */
export type StreamHandler = (stream: Stream, peer: string) => Promise<void>;

/** Opening and answering streams: all that the protocols here need of a host. */
export interface Streams {
  /**
   * Opens a stream on an existing connection.
   *
   * @throws {NetworkError} `network/peer-gone`, `network/protocol-missing`, `network/answer-late`
   * @throws {HostFault} `host/aborted`
   */
  open(peer: string, protocols: readonly string[], options?: OpenOptions): Promise<Stream>;
  /** Answers a protocol, at most `maxInboundStreams` streams a connection. */
  handle(protocols: readonly string[], handler: StreamHandler, options?: HandleOptions): Promise<void>;
  /** Stops answering. */
  unhandle(protocols: readonly string[]): Promise<void>;
}

/** Options of {@link Streams.open}. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Most milliseconds to agree on the protocol. Default 10,000. */
  readonly openMs?: number;
}

/** Options of {@link Streams.handle}. */
export interface HandleOptions {
  readonly maxInboundStreams?: number;
  readonly maxOutboundStreams?: number;
}
