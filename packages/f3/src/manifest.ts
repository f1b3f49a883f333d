import type { F3Manifest } from "@copse/types/networks";
import { CID } from "multiformats/cid";
import { F3Error } from "./errors.ts";

/** Characters of a manifest's text, at most; real ones have some 2,000. */
const maxText = 65_536;
const nanosecondsInMs = 1e6;

/**
 * Reads a manifest in the JSON form of go-f3, Lotus and Forest: for networks that `@copse/types/networks` does not have.
 *
 * Shape: names as in Go, durations in nanoseconds, `InitialPowerTable` null or `{"/": cid}`. Fields this package has no
 * use for are passed over; a missing boolean is false, `InitialInstance` 0; any other missing field is refused.
 * Bound: 64 KiB of text.
 *
 * @throws {F3Error} `f3/manifest-malformed`, with the field
 * @see go-f3:manifest/manifest.go, lotus:build/buildconstants/f3manifest_mainnet.json
 * @example
 * parseManifest(await readFile("f3manifest.json", "utf8")).networkName // => "localnet"
 */
export function parseManifest(json: string | object): F3Manifest {
  const root = new Fields(typeof json === "string" ? parse(json) : json, "");
  const manifest: F3Manifest = {
    networkName: root.text("NetworkName"),
    protocolVersion: root.count("ProtocolVersion"),
    initialInstance: root.count("InitialInstance", 0),
    bootstrapEpoch: root.count("BootstrapEpoch"),
    initialPowerTable: root.cid("InitialPowerTable"),
    committeeLookback: root.count("CommitteeLookback"),
    catchUpAlignmentMs: root.ms("CatchUpAlignment"),
    gpbft: readGpbft(root.inner("Gpbft")),
    ec: readEc(root.inner("EC")),
    certificateExchange: readCertificateExchange(root.inner("CertificateExchange")),
    pubSub: readPubSub(root.inner("PubSub")),
    chainExchange: readChainExchange(root.inner("ChainExchange")),
  };
  const { bootstrapEpoch, ec } = manifest;
  if (bootstrapEpoch < ec.finality) throw malformed("BootstrapEpoch", `${bootstrapEpoch}, before EC.Finality`);
  return manifest;
}

function parse(text: string): unknown {
  if (text.length > maxText) throw malformed("text", `${text.length} characters, limit ${maxText}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed("text", "not JSON", error);
  }
}

function readGpbft(from: Fields): F3Manifest["gpbft"] {
  return {
    deltaMs: from.ms("Delta"),
    deltaBackOffExponent: from.number("DeltaBackOffExponent"),
    qualityDeltaMultiplier: from.number("QualityDeltaMultiplier"),
    maxLookaheadRounds: from.count("MaxLookaheadRounds"),
    chainProposedLength: from.count("ChainProposedLength"),
    rebroadcastBackoffBaseMs: from.ms("RebroadcastBackoffBase"),
    rebroadcastBackoffExponent: from.number("RebroadcastBackoffExponent"),
    rebroadcastBackoffSpread: from.number("RebroadcastBackoffSpread"),
    rebroadcastBackoffMaxMs: from.ms("RebroadcastBackoffMax"),
  };
}

function readEc(from: Fields): F3Manifest["ec"] {
  return {
    periodMs: from.ms("Period"),
    finality: from.count("Finality"),
    delayMultiplier: from.number("DelayMultiplier"),
    baseDecisionBackoffTable: from.numbers("BaseDecisionBackoffTable"),
    headLookback: from.count("HeadLookback"),
    finalize: from.flag("Finalize"),
  };
}

function readCertificateExchange(from: Fields): F3Manifest["certificateExchange"] {
  return {
    clientRequestTimeoutMs: from.ms("ClientRequestTimeout"),
    serverRequestTimeoutMs: from.ms("ServerRequestTimeout"),
    minimumPollIntervalMs: from.ms("MinimumPollInterval"),
    maximumPollIntervalMs: from.ms("MaximumPollInterval"),
  };
}

function readPubSub(from: Fields): F3Manifest["pubSub"] {
  return {
    compressionEnabled: from.flag("CompressionEnabled"),
    chainCompressionEnabled: from.flag("ChainCompressionEnabled"),
    messageBufferSize: from.count("GMessageSubscriptionBufferSize"),
  };
}

function readChainExchange(from: Fields): F3Manifest["chainExchange"] {
  return {
    subscriptionBufferSize: from.count("SubscriptionBufferSize"),
    maxChainLength: from.count("MaxChainLength"),
    maxInstanceLookahead: from.count("MaxInstanceLookahead"),
    maxChainsPerInstance: from.count("MaxDiscoveredChainsPerInstance"),
    rebroadcastIntervalMs: from.ms("RebroadcastInterval"),
    maxTimestampAgeMs: from.ms("MaxTimestampAge"),
  };
}

/** An object of JSON whose fields are looked at before they are used. */
class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed(path === "" ? "text" : path.slice(0, -1), "not an object");
    }
    this.#record = value as Record<string, unknown>;
    this.#path = path;
  }

  inner(name: string): Fields {
    return new Fields(this.#get(name), `${this.#path}${name}.`);
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value !== "string" || value === "") throw this.#refuse(name, "not a name");
    return value;
  }

  number(name: string): number {
    const value = this.#get(name);
    if (typeof value !== "number" || value < 0) throw this.#refuse(name, "not a number from 0 on");
    return value;
  }

  count(name: string, missing?: number): number {
    const value = this.#get(name) ?? missing;
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.#refuse(name, "not a whole number from 0 on");
    return value as number;
  }

  /** Go's durations are nanoseconds. */
  ms(name: string): number {
    return this.count(name) / nanosecondsInMs;
  }

  numbers(name: string): number[] {
    const value = this.#get(name);
    const isRow =
      Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number" && item >= 0);
    if (!isRow) throw this.#refuse(name, "not a list of numbers from 0 on");
    return value as number[];
  }

  flag(name: string): boolean {
    const value = this.#get(name) ?? false;
    if (typeof value !== "boolean") throw this.#refuse(name, "neither true nor false");
    return value;
  }

  cid(name: string): CID | undefined {
    const value = this.#get(name) ?? null;
    if (value === null) return undefined;
    const text = new Fields(value, `${this.#path}${name}.`).text("/");
    try {
      return CID.parse(text);
    } catch (error) {
      throw malformed(`${this.#path}${name}`, "not a CID", error);
    }
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? this.#record[name] : undefined;
  }

  #refuse(name: string, why: string): F3Error {
    return malformed(`${this.#path}${name}`, why);
  }
}

function malformed(field: string, why: string, cause?: unknown): F3Error {
  return new F3Error("f3/manifest-malformed", { field, why }, { cause });
}
