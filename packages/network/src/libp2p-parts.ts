import { type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { type Identify, type IdentifyPush, identify, identifyPush } from "@libp2p/identify";
import type { PeerId } from "@libp2p/interface";
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from "@libp2p/kad-dht";
import { type Ping, ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import type { ServiceFactoryMap } from "libp2p";
import { gossipsubOptions } from "./gossip-params.ts";
import type { HostLimits, HostOptions } from "./host-options.ts";
import { kadProtocol } from "./protocols.ts";
import { quicTransport, type TransportFactory } from "./quic.ts";

/** libp2p's services as this package wires them. */
export type HostServices = {
  identify: Identify;
  identifyPush: IdentifyPush;
  ping: Ping;
  pubsub: GossipSub;
  kad?: KadDHT;
};

/**
 * The services of a host, not yet bound to a node.
 *
 * @param trusted peers that gossip scores as bootstrappers; may grow later
 */
export function services(options: HostOptions, trusted: ReadonlySet<string>): ServiceFactoryMap<HostServices> {
  const { networkName } = options;
  const sharedAddresses = options.privateNetwork ? ["127.0.0.1", "::1"] : [];
  const mode = options.kadMode ?? "auto";
  return {
    identify: identify({ maxMessageSize: 16 << 10 }),
    identifyPush: identifyPush({ maxMessageSize: 16 << 10 }),
    ping: ping(),
    pubsub: gossipsub(gossipsubOptions({ networkName, trusted, sharedAddresses })),
    ...(options.kad === false
      ? {}
      : {
          kad: kadDHT({
            protocol: kadProtocol(networkName),
            // peer routing only: without a validator no value is stored
            validators: {},
            selectors: {},
            ...(mode === "auto" ? {} : { clientMode: mode === "client" }),
            peerInfoMapper: options.privateNetwork ? passthroughMapper : removePrivateAddressesMapper,
          }),
        }),
  } as unknown as ServiceFactoryMap<HostServices>; // the optional service confuses the mapped type
}

/** Who may connect: nobody denied, and no peer more often than the limit. */
export function gater(options: HostOptions, limits: HostLimits, connections: (peer: PeerId) => number): object {
  const denies = (peer: PeerId): boolean => options.denies?.(peer.toString()) ?? false;
  const inbound = (peer: PeerId): boolean => denies(peer) || connections(peer) >= limits.maxConnectionsPerPeer;
  return { denyDialPeer: denies, denyInboundEncryptedConnection: inbound, denyDialMultiaddr: () => false };
}

/** Ways to reach others: those given, else TCP, and QUIC where its library loads. */
export async function transports(options: HostOptions): Promise<readonly TransportFactory[]> {
  if (options.transports !== undefined) return options.transports;
  const quic = await quicTransport();
  return quic === undefined ? [tcp()] : [tcp(), quic];
}
