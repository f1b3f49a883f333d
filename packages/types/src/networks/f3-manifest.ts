import { CID } from "multiformats/cid";

/**
 * The rules of a network's F3: fast finality by certificates.
 *
 * Durations in milliseconds. Go's JSON form has nanoseconds.
 *
 * @see lotus:build/buildconstants/f3manifest_mainnet.json, go-f3:manifest/manifest.go
 */
export interface F3Manifest {
  readonly networkName: string;
  readonly protocolVersion: number;
  readonly initialInstance: number;
  /** Epoch; the first instance builds on the tipset `finality` epochs before it. */
  readonly bootstrapEpoch: number;
  /** CID of the power table the first instance starts with, where the network is fixed. */
  readonly initialPowerTable: CID | undefined;
  /** Instances between a power table and its use. */
  readonly committeeLookback: number;
  readonly catchUpAlignmentMs: number;
  readonly gpbft: {
    readonly deltaMs: number;
    readonly deltaBackOffExponent: number;
    readonly qualityDeltaMultiplier: number;
    readonly maxLookaheadRounds: number;
    readonly chainProposedLength: number;
    readonly rebroadcastBackoffBaseMs: number;
    readonly rebroadcastBackoffExponent: number;
    readonly rebroadcastBackoffSpread: number;
    readonly rebroadcastBackoffMaxMs: number;
  };
  readonly ec: {
    readonly periodMs: number;
    /** Epochs. */
    readonly finality: number;
    readonly delayMultiplier: number;
    readonly baseDecisionBackoffTable: readonly number[];
    readonly headLookback: number;
    readonly finalize: boolean;
  };
  readonly certificateExchange: {
    readonly clientRequestTimeoutMs: number;
    readonly serverRequestTimeoutMs: number;
    readonly minimumPollIntervalMs: number;
    readonly maximumPollIntervalMs: number;
  };
  readonly pubSub: {
    readonly compressionEnabled: boolean;
    readonly chainCompressionEnabled: boolean;
    readonly messageBufferSize: number;
  };
  readonly chainExchange: {
    readonly subscriptionBufferSize: number;
    readonly maxChainLength: number;
    readonly maxInstanceLookahead: number;
    readonly maxChainsPerInstance: number;
    readonly rebroadcastIntervalMs: number;
    readonly maxTimestampAgeMs: number;
  };
}

/** What test networks share; mainnet and calibnet say where they differ. */
export const f3Devnet: F3Manifest = {
  networkName: "2k",
  protocolVersion: 7,
  initialInstance: 0,
  bootstrapEpoch: 1000,
  initialPowerTable: undefined,
  committeeLookback: 10,
  catchUpAlignmentMs: 15_000,
  gpbft: {
    deltaMs: 6000,
    deltaBackOffExponent: 2,
    qualityDeltaMultiplier: 1,
    maxLookaheadRounds: 5,
    chainProposedLength: 100,
    rebroadcastBackoffBaseMs: 6000,
    rebroadcastBackoffExponent: 1.3,
    rebroadcastBackoffSpread: 0.1,
    rebroadcastBackoffMaxMs: 60_000,
  },
  ec: {
    periodMs: 4000,
    finality: 900,
    delayMultiplier: 2,
    baseDecisionBackoffTable: [1.3, 1.69, 2.2, 2.86, 3.71, 4.83, 6.27, 7.5],
    headLookback: 4,
    finalize: true,
  },
  certificateExchange: {
    clientRequestTimeoutMs: 10_000,
    serverRequestTimeoutMs: 60_000,
    minimumPollIntervalMs: 30_000,
    maximumPollIntervalMs: 120_000,
  },
  pubSub: { compressionEnabled: true, chainCompressionEnabled: true, messageBufferSize: 128 },
  chainExchange: {
    subscriptionBufferSize: 32,
    maxChainLength: 100,
    maxInstanceLookahead: 10,
    maxChainsPerInstance: 1000,
    rebroadcastIntervalMs: 2000,
    maxTimestampAgeMs: 8000,
  },
};

/** F3 of butterflynet. */
export const f3Butterflynet: F3Manifest = {
  ...f3Devnet,
  networkName: "butterflynet",
  ec: { ...f3Devnet.ec, periodMs: 30_000 },
};

/** F3 of calibnet: its second chain. */
export const f3Calibnet: F3Manifest = {
  ...f3Butterflynet,
  networkName: "calibrationnet2",
  bootstrapEpoch: 3_451_774,
  initialPowerTable: /* @__PURE__ */ CID.parse("bafy2bzacednijkh5dhb6jb7snxhhtjt7zuqaydlewoha3ordhy76dhgwtmptg"),
};

/** F3 of mainnet. */
export const f3Mainnet: F3Manifest = {
  ...f3Butterflynet,
  networkName: "filecoin",
  bootstrapEpoch: 4_920_480,
  initialPowerTable: /* @__PURE__ */ CID.parse("bafy2bzacecklgxd2eksmodvhgurqvorkg3wamgqkrunir3al2gchv2cikgmbu"),
  gpbft: { ...f3Devnet.gpbft, qualityDeltaMultiplier: 8, chainProposedLength: 20 },
  pubSub: { ...f3Devnet.pubSub, messageBufferSize: 1024 },
  chainExchange: {
    ...f3Devnet.chainExchange,
    subscriptionBufferSize: 64,
    maxChainLength: 20,
    maxTimestampAgeMs: 16_000,
  },
};
