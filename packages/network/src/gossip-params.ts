import { blake2b256 } from "@copse/crypto";
import type { GossipsubOpts, TopicValidatorResult } from "@libp2p/gossipsub";
import {
  createPeerScoreParams,
  createTopicScoreParams,
  type PeerScoreParams,
  type PeerScoreThresholds,
  type TopicScoreParams,
} from "@libp2p/gossipsub/score";
import { blocksTopic, messagesTopic } from "./protocols.ts";

/** Most bytes of one gossip message, and of one RPC that carries some. @see go-libp2p-pubsub `DefaultMaxMessageSize` */
export const maxGossipBytes: number = 1 << 20;
/** Most bytes we publish: room for the envelope around the payload. @see lotus build/buildconstants `BlockMessageLimit` */
export const maxPublishBytes: number = maxGossipBytes - (32 << 10);
/** Most subscriptions a peer may name in one RPC. @see lotus node/modules/lp2p/pubsub.go */
const maxSubscriptions = 100;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Factor per decay interval (1 s) that leaves 1 % after `overMs`. @see go-libp2p-pubsub `ScoreParameterDecay` */
export const decayOver = (overMs: number): number => 0.01 ** (second / overMs);

/** Scores below which a peer gets less. @see lotus node/modules/lp2p/pubsub.go */
export const scoreThresholds: PeerScoreThresholds = {
  gossipThreshold: -500,
  publishThreshold: -1_000,
  graylistThreshold: -2_500,
  acceptPXThreshold: 1_000,
  opportunisticGraftThreshold: 3.5,
};

/** What both topics share: mesh delivery scores off, one invalid message costs 0.1 x 1000. */
const topicBase: Partial<TopicScoreParams> = {
  topicWeight: 0.1,
  timeInMeshQuantum: second,
  timeInMeshCap: 1,
  invalidMessageDeliveriesWeight: -1_000,
  invalidMessageDeliveriesDecay: decayOver(hour),
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
};

/** Score of `/fil/blocks`. */
export const blocksScore: TopicScoreParams = createTopicScoreParams({
  ...topicBase,
  timeInMeshWeight: 0.00027,
  firstMessageDeliveriesWeight: 5,
  firstMessageDeliveriesDecay: decayOver(hour),
  firstMessageDeliveriesCap: 100,
});

/** Score of `/fil/msgs`. */
export const messagesScore: TopicScoreParams = createTopicScoreParams({
  ...topicBase,
  timeInMeshWeight: 0.0002778,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: decayOver(10 * minute),
  firstMessageDeliveriesCap: 100,
});

/**
 * Peer score parameters of a network.
 *
 * @param appScore score that the application gives a peer: Lotus gives its bootstrappers 2,500
 * @see lotus node/modules/lp2p/pubsub.go
 */
export function peerScoreParams(networkName: string, appScore: (peer: string) => number): PeerScoreParams {
  return createPeerScoreParams({
    topics: { [blocksTopic(networkName)]: blocksScore, [messagesTopic(networkName)]: messagesScore },
    topicScoreCap: 0,
    appSpecificScore: appScore,
    appSpecificWeight: 1,
    IPColocationFactorThreshold: 5,
    IPColocationFactorWeight: -100,
    IPColocationFactorWhitelist: new Set<string>(),
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyWeight: -10,
    behaviourPenaltyDecay: decayOver(hour),
    decayInterval: second,
    decayToZero: 0.01,
    retainScore: 6 * hour,
  });
}

/** What a network decides of its router; the rest is {@link gossipsubOptions}. */
export interface GossipTuning {
  readonly networkName: string;
  /** Peers with a score of their own: bootstrappers. */
  readonly trusted?: ReadonlySet<string>;
  /** Addresses that many peers may share without penalty: 127.0.0.1 on a test network. */
  readonly sharedAddresses?: readonly string[];
}

/**
 * Everything gossipsub is told: Filecoin's message id, Lotus' mesh degrees, scores and limits. Nothing is forwarded
 * before it was judged (`asyncValidation`): one invalid message forwarded costs us 100 points at every neighbour.
 *
 * @see lotus node/modules/lp2p/pubsub.go, go-libp2p-pubsub gossipsub.go
 */
export function gossipsubOptions(tuning: GossipTuning): Partial<GossipsubOpts> {
  const { networkName, trusted } = tuning;
  const scoreParams = peerScoreParams(networkName, (peer) => (trusted?.has(peer) ? 2_500 : 0));
  for (const address of tuning.sharedAddresses ?? []) scoreParams.IPColocationFactorWhitelist.add(address);
  return {
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dscore: 6,
    Dout: 3,
    Dlazy: 12,
    gossipFactor: 0.1,
    mcacheLength: 10,
    mcacheGossip: 3,
    heartbeatInterval: second,
    seenTTL: 2 * minute,
    gossipsubIWantFollowupMs: 5 * second,
    floodPublish: true,
    fallbackToFloodsub: false,
    doPX: false,
    asyncValidation: true,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: false,
    globalSignaturePolicy: "StrictSign",
    msgIdFn: (message) => blake2b256(message.data),
    allowedTopics: [blocksTopic(networkName), messagesTopic(networkName)],
    maxInboundDataLength: maxGossipBytes,
    maxOutboundBufferSize: 8 * maxGossipBytes,
    decodeRpcLimits: {
      maxSubscriptions,
      maxMessages: 1_024,
      maxIhaveMessageIDs: 5_000,
      maxIwantMessageIDs: 5_000,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 1_024,
      maxPeerInfos: 64,
    },
    scoreParams,
    scoreThresholds,
  };
}

/** What a validator may say of a payload: pass it on, drop it, or drop it and charge the sender. */
export type Verdict = "accept" | "ignore" | "reject";

/** A verdict as the router spells it. */
export const routerVerdict = (verdict: Verdict): TopicValidatorResult => verdict as TopicValidatorResult;
