export type { BlockstoreMetrics } from "./metrics.ts";
export { machineClock, type RemoteClock } from "./remote/clock.ts";
export { RemoteError, type RemoteFacts, type SourceFault } from "./remote/errors.ts";
export { type GatewayOptions, gatewaySource } from "./remote/gateway.ts";
export type { HttpBody, HttpFetch, HttpResponse } from "./remote/http.ts";
export {
  type BlockFetch,
  createRemoteStore,
  type FetchOptions,
  type RemoteLimits,
  type RemoteNeeds,
  type RemoteSource,
  type RemoteStore,
} from "./remote/remote-store.ts";
export type { SourceStanding } from "./remote/source-ranks.ts";
export { gatewaySubtree, type SubtreeOptions } from "./remote/subtree.ts";
