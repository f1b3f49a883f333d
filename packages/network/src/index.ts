export { resolveAddresses } from "./addresses.ts";
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
export { type HelloService, type PeerHead, serveHello } from "./hello.ts";
export type { Hello } from "./hello-codec.ts";
export { createHost, type Host } from "./host.ts";
export type { ConnectedPeer, HostEvent, HostLimits, HostOptions } from "./host-options.ts";
export { type NetworkLog, type NetworkMetrics, networkCounters } from "./metrics.ts";
export { decodePrivateKey, encodePrivateKey, generatePrivateKey, peerIdOf } from "./private-key.ts";
