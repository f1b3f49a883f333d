import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPowerTable, encodePowerEntries } from "@copse/f3";
import { calibnet, devnet, mainnet, type Network } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../../src/exit-codes.ts";
import { f3Settings } from "../../src/f3/settings.ts";
import { networkName, table } from "./certified-chain.ts";

const told = { f3: undefined, f3Manifest: undefined, f3Table: undefined };
const local = devnet as unknown as Network;
let dir: string;
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-f3-settings-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A manifest as go-f3 writes it. */
const goManifest = (cid: string | null): string =>
  JSON.stringify({
    ProtocolVersion: 7,
    InitialInstance: 3,
    BootstrapEpoch: 1000,
    NetworkName: networkName,
    InitialPowerTable: cid === null ? null : { "/": cid },
    CommitteeLookback: 10,
    CatchUpAlignment: 15_000_000_000,
    Gpbft: {
      Delta: 6_000_000_000,
      DeltaBackOffExponent: 2,
      QualityDeltaMultiplier: 1,
      MaxLookaheadRounds: 5,
      ChainProposedLength: 100,
      RebroadcastBackoffBase: 6_000_000_000,
      RebroadcastBackoffExponent: 1.3,
      RebroadcastBackoffSpread: 0.1,
      RebroadcastBackoffMax: 60_000_000_000,
    },
    EC: {
      Period: 30_000_000_000,
      Finality: 900,
      DelayMultiplier: 2,
      BaseDecisionBackoffTable: [1.3],
      HeadLookback: 4,
      Finalize: true,
    },
    CertificateExchange: {
      ClientRequestTimeout: 10_000_000_000,
      ServerRequestTimeout: 60_000_000_000,
      MinimumPollInterval: 30_000_000_000,
      MaximumPollInterval: 120_000_000_000,
    },
    PubSub: { CompressionEnabled: true, ChainCompressionEnabled: true, GMessageSubscriptionBufferSize: 128 },
    ChainExchange: {
      SubscriptionBufferSize: 32,
      MaxChainLength: 100,
      MaxInstanceLookahead: 10,
      MaxDiscoveredChainsPerInstance: 1000,
      RebroadcastInterval: 2_000_000_000,
      MaxTimestampAge: 8_000_000_000,
    },
  });

describe("what a node trusts of F3", () => {
  it("is the network's manifest, where that names the initial power table", () => {
    expect(f3Settings(mainnet, told)).toEqual({ manifest: mainnet.f3, table: undefined });
    expect(f3Settings(calibnet, told)?.manifest.networkName).toBe("calibrationnet2");
    expect(f3Settings(mainnet, { ...told, f3: "off" })).toBeUndefined();
  });

  it("is nothing where nothing says what to trust, which is an error where F3 was asked for", () => {
    expect(f3Settings(local, told)).toBeUndefined();
    const asked = (): unknown => f3Settings(local, { ...told, f3: "on" });
    expect(asked).toThrow(expect.objectContaining({ code: "copse/option-malformed" }));
    try {
      asked();
    } catch (error) {
      expect(exitCodeOf(error)).toBe(2);
    }
  });

  it("is what the repository's certificates were verified from, where nothing else is said", () => {
    expect(f3Settings(local, told, table)).toEqual({ manifest: local.f3, table: undefined });
    expect(f3Settings(local, { ...told, f3: "off" }, table)).toBeUndefined();
  });

  it("is what the operator gives: a table as CBOR or JSON, a manifest as go-f3 has it", () => {
    const cbor = file("table.cbor", encodePowerEntries(table.entries));
    const rows = table.entries.map(({ id, power, publicKey }) => ({
      ID: Number(id),
      Power: String(power),
      PubKey: Buffer.from(publicKey).toString("base64"),
    }));
    const json = file("table.json", JSON.stringify(rows));
    for (const f3Table of [cbor, json]) {
      const settings = f3Settings(local, { ...told, f3Table });
      expect(settings?.table?.cid.toString()).toBe(table.cid.toString());
      expect(settings?.manifest).toBe(local.f3);
    }
    const f3Manifest = file("manifest.json", goManifest(table.cid.toString()));
    expect(f3Settings(local, { ...told, f3Manifest })?.manifest).toMatchObject({
      networkName,
      initialInstance: 3,
      certificateExchange: { minimumPollIntervalMs: 30_000 },
    });
    const open = file("open.json", goManifest(null));
    expect(f3Settings(local, { ...told, f3Manifest: open })).toBeUndefined();
    expect(f3Settings(local, { ...told, f3Manifest: open, f3Table: cbor })?.table?.entries).toHaveLength(4);
    expect(createPowerTable(table.entries).cid.equals(table.cid)).toBe(true);
  });

  it.each([
    ["no file", "absent", undefined],
    ["no list", "a.json", "{}"],
    ["a member without a key", "b.json", '[{"ID": 1, "Power": "5"}]'],
    ["a power that is no number", "c.json", '[{"ID": 1, "Power": "-5", "PubKey": ""}]'],
    ["no JSON", "d.json", "x"],
    ["cut CBOR", "e.cbor", Uint8Array.of(0x81, 0x83, 1)],
    ["no member", "f.json", "[]"],
  ])("cannot be read from a table with %s", (_, name, content) => {
    const f3Table = content === undefined ? join(dir, name) : file(name, content);
    expect(() => f3Settings(local, { ...told, f3Table })).toThrow(
      expect.objectContaining({ code: "copse/config-malformed", facts: expect.objectContaining({ file: f3Table }) }),
    );
  });
});
