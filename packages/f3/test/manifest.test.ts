import { f3Butterflynet, f3Calibnet, f3Devnet, f3Mainnet } from "@copse/types/networks";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../src/index.ts";

const ns = (ms: number): number => ms * 1_000_000;

/** Go's JSON of a manifest. */
function goForm(manifest: typeof f3Mainnet): Record<string, unknown> {
  const { gpbft, ec, certificateExchange: cx, pubSub, chainExchange } = manifest;
  return {
    ProtocolVersion: manifest.protocolVersion,
    InitialInstance: manifest.initialInstance,
    BootstrapEpoch: manifest.bootstrapEpoch,
    NetworkName: manifest.networkName,
    InitialPowerTable: manifest.initialPowerTable === undefined ? null : { "/": String(manifest.initialPowerTable) },
    CommitteeLookback: manifest.committeeLookback,
    CatchUpAlignment: ns(manifest.catchUpAlignmentMs),
    Gpbft: {
      Delta: ns(gpbft.deltaMs),
      DeltaBackOffExponent: gpbft.deltaBackOffExponent,
      QualityDeltaMultiplier: gpbft.qualityDeltaMultiplier,
      MaxLookaheadRounds: gpbft.maxLookaheadRounds,
      ChainProposedLength: gpbft.chainProposedLength,
      RebroadcastBackoffBase: ns(gpbft.rebroadcastBackoffBaseMs),
      RebroadcastBackoffExponent: gpbft.rebroadcastBackoffExponent,
      RebroadcastBackoffSpread: gpbft.rebroadcastBackoffSpread,
      RebroadcastBackoffMax: ns(gpbft.rebroadcastBackoffMaxMs),
    },
    EC: {
      Period: ns(ec.periodMs),
      Finality: ec.finality,
      DelayMultiplier: ec.delayMultiplier,
      BaseDecisionBackoffTable: ec.baseDecisionBackoffTable,
      HeadLookback: ec.headLookback,
      Finalize: ec.finalize,
    },
    CertificateExchange: {
      ClientRequestTimeout: ns(cx.clientRequestTimeoutMs),
      ServerRequestTimeout: ns(cx.serverRequestTimeoutMs),
      MinimumPollInterval: ns(cx.minimumPollIntervalMs),
      MaximumPollInterval: ns(cx.maximumPollIntervalMs),
    },
    PubSub: {
      CompressionEnabled: pubSub.compressionEnabled,
      ChainCompressionEnabled: pubSub.chainCompressionEnabled,
      GMessageSubscriptionBufferSize: pubSub.messageBufferSize,
      ValidatedMessageBufferSize: pubSub.messageBufferSize,
    },
    ChainExchange: {
      SubscriptionBufferSize: chainExchange.subscriptionBufferSize,
      MaxChainLength: chainExchange.maxChainLength,
      MaxInstanceLookahead: chainExchange.maxInstanceLookahead,
      MaxDiscoveredChainsPerInstance: chainExchange.maxChainsPerInstance,
      MaxWantedChainsPerInstance: chainExchange.maxChainsPerInstance,
      RebroadcastInterval: ns(chainExchange.rebroadcastIntervalMs),
      MaxTimestampAge: ns(chainExchange.maxTimestampAgeMs),
    },
    PartialMessageManager: { CompletedMessagesBufferSize: 100 },
  };
}

describe("parseManifest", () => {
  it.each([f3Mainnet, f3Calibnet, f3Butterflynet, f3Devnet])("reads $networkName as Go writes it", (manifest) => {
    expect(parseManifest(JSON.stringify(goForm(manifest)))).toEqual(manifest);
    expect(parseManifest(goForm(manifest))).toEqual(manifest);
  });

  it("takes a missing instance, table and flag for none", () => {
    const { InitialInstance, InitialPowerTable, ...rest } = goForm(f3Mainnet);
    const { CompressionEnabled, ...pubSub } = rest["PubSub"] as Record<string, unknown>;
    expect([InitialInstance, InitialPowerTable, CompressionEnabled]).not.toContain(undefined);
    expect(parseManifest({ ...rest, PubSub: pubSub })).toEqual({
      ...f3Mainnet,
      initialPowerTable: undefined,
      pubSub: { ...f3Mainnet.pubSub, compressionEnabled: false },
    });
  });

  it.each<[string, unknown]>([
    ["NetworkName", ""],
    ["ProtocolVersion", "7"],
    ["InitialInstance", -1],
    ["BootstrapEpoch", 899],
    ["BootstrapEpoch", 0.5],
    ["InitialPowerTable", { "/": "bafy" }],
    ["InitialPowerTable", "bafy"],
    ["CommitteeLookback", undefined],
    ["CatchUpAlignment", null],
    ["Gpbft", []],
    ["EC", { ...(goForm(f3Mainnet)["EC"] as object), BaseDecisionBackoffTable: [] }],
    ["EC", { ...(goForm(f3Mainnet)["EC"] as object), DelayMultiplier: -1 }],
    ["PubSub", { ...(goForm(f3Mainnet)["PubSub"] as object), CompressionEnabled: 1 }],
  ])("refuses %s: %j", (field, value) => {
    expect(() => parseManifest({ ...goForm(f3Mainnet), [field]: value })).toThrow(
      expect.objectContaining({
        code: "f3/manifest-malformed",
        facts: { field: expect.stringContaining(field), why: expect.any(String) },
      }),
    );
  });

  it.each(["", "{", "[]", "null", "7", " ".repeat(65_537)])("refuses text that is no manifest", (text) => {
    expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: "f3/manifest-malformed" }));
  });
});
