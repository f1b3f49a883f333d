export {
  type Bitswap,
  type BitswapLimits,
  type BitswapNeeds,
  type BitswapSession,
  startBitswap,
} from "./bitswap.ts";
export type { BlockSource } from "./bitswap-server.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  type BlockMessages,
  type CompactedMessages,
  compactMessages,
  expandMessages,
  type ListedMessage,
  type ListedMessages,
} from "./compacted.ts";
export { type Fault, faultOf, NetworkError, type NetworkFacts } from "./errors.ts";
export {
  createExchangeClient,
  type ExchangeAnswer,
  type ExchangeAsk,
  type ExchangeClient,
  type ExchangeLimits,
} from "./exchange-client.ts";
export { exchangeStatus, maxExchangeTipsets, type RawTipset } from "./exchange-codec.ts";
export {
  type ChainSource,
  type ExchangeServer,
  emptyChainSource,
  type SourceTipset,
  serveExchange,
} from "./exchange-server.ts";
export { createGossip, type Gossip, type GossipNeeds, type GossipVerdict } from "./gossip.ts";
export type { Verdict } from "./gossip-params.ts";
export type { GossipBlock, GossipMessage, MessageRoot } from "./gossip-verdicts.ts";
export { type HelloService, type PeerHead, serveHello } from "./hello.ts";
export type { Hello } from "./hello-codec.ts";
export { createHost, type Host } from "./host.ts";
export type { ConnectedPeer, HostEvent, HostLimits, HostOptions } from "./host-options.ts";
export { type NetworkLog, type NetworkMetrics, networkCounters } from "./metrics.ts";
export { type Ban, PeerBook, type PeerBookOptions, type PeerStanding } from "./peer-book.ts";
export { keepPeers, type PeerKeeper } from "./peer-keeper.ts";
export { generatePrivateKey, peerIdOf } from "./private-key.ts";
