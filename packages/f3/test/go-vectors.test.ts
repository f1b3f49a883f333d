import { sha256 } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { toHex } from "@copse/primitives";
import { beforeAll, describe, expect, it } from "vitest";
import { KeyAggregator } from "../src/aggregate-key.ts";
import {
  bdnWeights,
  chainKey,
  createCertificateVerifier,
  decodeCertificate,
  decodeSigners,
  encodeCertificate,
  type F3Position,
  scaledPowers,
  signingPayload,
  verifyCertificates,
} from "../src/index.ts";
import { KeyCache } from "../src/key-cache.ts";
import { committeeOf, type KeyList } from "../src/power-table.ts";
import { counting, type GoFacts, type GoRow, jsonVector, readGoChain } from "./go-chain.ts";

const facts = jsonVector<GoFacts>("go-chain.json");
const { start, certificates, manifest } = readGoChain();
const decoded = certificates.map((bytes) => decodeCertificate(bytes));
const options = { networkName: facts.network, random: counting(), lookback: true }; // production's rule, which this chain keeps

beforeAll(async () => {
  await installFastest();
});

describe("a chain of 64 certificates by go-f3", () => {
  it("is of the network its manifest names", () => {
    expect(manifest.networkName).toBe(facts.network);
    expect(start.powerTable.cid.toString()).toBe(facts.initialPowerTable);
    expect(certificates.length).toBe(facts.certificates.length);
  });

  it("is written as go-f3 writes it", () => {
    for (const [i, certificate] of decoded.entries()) {
      expect(toHex(encodeCertificate(certificate))).toBe(toHex(certificates[i] as Uint8Array));
    }
  });

  it("signs the payloads that go-f3 signs", () => {
    for (const [i, certificate] of decoded.entries()) {
      const row = facts.certificates[i] as GoRow;
      expect(toHex(chainKey(certificate.chain))).toBe(row.chainKey);
      expect(toHex(sha256(signingPayload(facts.network, certificate)))).toBe(row.payloadSha256);
      expect(certificate.chain.length).toBe(row.tipsets);
      expect(certificate.chain.at(-1)?.epoch).toBe(row.headEpoch);
      expect(certificate.powerTableDelta.length).toBe(row.deltas);
      expect(certificate.supplementalData.powerTable.toString()).toBe(row.nextPowerTable);
    }
  });

  it("holds, one by one, with go-f3's tables, powers, weights and aggregate keys on the way", () => {
    const verifier = createCertificateVerifier(options);
    const aggregator = new KeyAggregator(new KeyCache());
    let position: F3Position = start;
    for (const [i, certificate] of decoded.entries()) {
      const row = facts.certificates[i] as GoRow;
      const { powerTable } = position;
      expect(powerTable.cid.toString()).toBe(row.powerTable);
      expect(powerTable.entries.length).toBe(row.members);
      const { powers, total } = scaledPowers(powerTable);
      expect(total).toBe(row.scaledTotal);
      const signers = decodeSigners(certificate.signers, row.members);
      expect(signers.length).toBe(row.signers);
      expect(signers.reduce((sum, signer) => sum + (powers[signer] as number), 0)).toBe(row.signersPower);
      const keys = committeeOf(powerTable).keys() as KeyList;
      const coefficients = bdnWeights(keys.bytes).map(minusOne);
      expect(toHex(coefficients[0] as Uint8Array)).toBe(row.firstCoefficient);
      expect(toHex(sha256(Buffer.concat(coefficients)))).toBe(row.coefficientsSha256);
      const aggregate = aggregator.aggregate(keys, signers);
      if (typeof aggregate === "number") throw new Error(`key ${aggregate}`);
      expect(toHex(aggregatorCurve().g1.encode(aggregate))).toBe(row.aggregateKey);
      const result = verifier.verify(position, [certificate]);
      expect(result.error).toBeUndefined();
      position = result.position;
      expect(position.powerTable.cid.toString()).toBe(row.nextPowerTable);
      expect(position.base).toEqual(certificate.chain.at(-1));
    }
    expect(position.nextInstance).toBe(64);
  });

  it("holds at once, with the rule that tables are those of heads ten instances back", () => {
    const result = verifyCertificates(start, decoded, options);
    expect(result.error).toBeUndefined();
    expect(result.accepted).toBe(64);
    expect(result.position.upcoming?.length).toBe(9);
    const finalized = decoded.reduce((sum, { chain }) => sum + chain.length - 1, 0);
    expect(finalized).toBe(facts.finalized);
  });
});

function aggregatorCurve(): KeyCache["curve"] {
  return new KeyCache().curve;
}

/** The 16 bytes of a coefficient of its weight, which is one more. */
function minusOne(weight: Uint8Array): Uint8Array {
  const bytes = weight.slice();
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (bytes[i] as number) - 1;
    if (weight[i] !== 0) break;
  }
  return bytes.subarray(0, 16);
}
