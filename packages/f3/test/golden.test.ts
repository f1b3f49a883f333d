import { bls, currentEngine } from "@copse/crypto";
import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { KeyAggregator } from "../src/aggregate-key.ts";
import {
  bdnWeights,
  chainKey,
  decodeCertificate,
  decodePowerEntries,
  decodeSigners,
  diffPowerTables,
  encodeCertificate,
  encodePowerEntries,
  merkleRoot,
  scaledPowers,
  signingPayload,
  tipsetLeaf,
  verifyCertificates,
} from "../src/index.ts";
import { KeyCache } from "../src/key-cache.ts";
import { aggregateSignatures, encodeSigners, makeCertificate } from "../src/make.ts";
import { committeeOf, type KeyList } from "../src/power-table.ts";
import * as golden from "./golden.ts";
import * as bytes from "./golden-bytes.ts";

const { certificate0, certificate1, table0, table1, start, options } = golden;

describe("golden vectors of go-f3", () => {
  it("power tables and their CIDs", () => {
    expect(toHex(encodePowerEntries(table0.entries))).toBe(bytes.table0Hex);
    expect(decodePowerEntries(fromHex(bytes.table0Hex))).toEqual(table0.entries);
    expect(table0.cid.toString()).toBe(golden.table0Cid);
    expect(table1.cid.toString()).toBe(golden.table1Cid);
    expect(table1.entries.map(({ id }) => id)).toEqual([1001n, 1000n, 1003n]);
    expect(diffPowerTables(table0, table1)).toEqual(certificate1.powerTableDelta);
  });

  it("scaled powers and the quorum", () => {
    const { powers, total, needed } = scaledPowers(table0);
    expect([...powers]).toEqual([32767, 19660, 13107]);
    expect([total, needed]).toEqual([65534, 43690]);
  });

  it("weights of the members", () => {
    const coefficients = [
      "1ad6a4986b95997561882f038ff08bd6",
      "a067df38969dce8d54a4d9f35ac504a0",
      "1607c6dcb5e0c6dbee30b1a2edb61a1c",
    ];
    const weights = bdnWeights(concatBytes(...golden.publicKeys.slice(0, 3)));
    expect(weights.map((weight) => BigInt(`0x${toHex(weight.toReversed())}`))).toEqual(
      coefficients.map((hex) => BigInt(`0x${hex}`) + 1n),
    );
  });

  it.each([
    [[0], "a487b6ae4da88f46d243351c8a8767874e3bd6cb914daaf4c51feb497c8a74cac208a8838b4d2031ddabb8d88b540fc1"],
    [[0, 2], "a9730b95379bcfafd021022d8717a1dea319675a34b2ed8a56e109a07c0f54ba583c8ea95648404d308ceb766d292d37"],
  ])("aggregate key of %j", (signers, hex) => {
    const { bls: curve } = currentEngine();
    const keys = committeeOf(table0).keys() as KeyList;
    const fresh = new KeyAggregator(new KeyCache(curve));
    expect(toHex(curve.g1.encode(fresh.aggregate(keys, signers) as never))).toBe(hex);
    const warm = new KeyAggregator(new KeyCache(curve));
    warm.aggregate(keys, [0, 1, 2]); // from here the key is reached by what differs
    expect(toHex(curve.g1.encode(warm.aggregate(keys, signers) as never))).toBe(hex);
  });

  it.each([
    [1, "3d4395573ce4d2acbce4fe8a4be67ca5e7cdfb8ee2e85b2f6733c16b24c3b175"],
    [2, "91b7c899421ca7f3228e10265c6970a03bc2ccba44367b1d44a9d8597b20a32e"],
    [3, "69abe78dc2390b4666b60d0582e1799e73e48766f6e502c515e79d6cd2ae3c45"],
    [5, "538cfd0c1f6b7ab4c3d20466d4e01b438972212fe5257eae213ae0a040da977f"],
    [16, "af8e9fc2f15aaedadb96da1afb339b93e3174661327dcc6aad70ea67e183369d"],
  ])("Merkle root of %i values", (count, hex) => {
    const values = Array.from({ length: count }, (_, i) => Buffer.from(`golden${String(i).padStart(9, "0")}`));
    expect(toHex(merkleRoot(values))).toBe(hex);
  });

  it("leaves, chain keys and messages", () => {
    expect(golden.chain0.map((tipset) => toHex(tipsetLeaf(tipset)))).toEqual([
      bytes.leaf100Hex,
      bytes.leaf101Hex,
      bytes.leaf103Hex,
    ]);
    expect(toHex(chainKey(golden.chain0))).toBe(bytes.chainKey0Hex);
    expect(toHex(chainKey(golden.chain1))).toBe(bytes.chainKey1Hex);
    expect(toHex(signingPayload("filecoin", certificate0))).toBe(bytes.message0Hex);
    expect(toHex(signingPayload("filecoin", certificate1))).toBe(bytes.message1Hex);
  });

  it("certificates in CBOR", () => {
    expect(toHex(encodeCertificate(certificate0))).toBe(bytes.certificate0Hex);
    expect(toHex(encodeCertificate(certificate1))).toBe(bytes.certificate1Hex);
    expect(decodeCertificate(fromHex(bytes.certificate0Hex))).toEqual(certificate0);
    expect(decodeCertificate(fromHex(bytes.certificate1Hex))).toEqual(certificate1);
  });

  it("signers in RLE+", () => {
    expect(decodeSigners(Uint8Array.of(0x3c), 3)).toEqual([0, 2]);
    expect(decodeSigners(Uint8Array.of(0x54), 3)).toEqual([0, 1]);
    expect(encodeSigners([2, 0])).toEqual(Uint8Array.of(0x3c));
  });

  it("single signatures, and what they add up to", () => {
    const sign = (hex: string, key: number): string => toHex(bls.sign(fromHex(hex), golden.privateKey(key)));
    expect(sign(bytes.message0Hex, 1)).toBe(bytes.part0of0Hex);
    expect(sign(bytes.message0Hex, 3)).toBe(bytes.part2of0Hex);
    const parts = [
      { index: 0, signature: fromHex(bytes.part0of1Hex) },
      { index: 1, signature: fromHex(bytes.part1of1Hex) },
    ];
    expect(aggregateSignatures(table0, parts)).toEqual(certificate1.signature);
  });

  it("both certificates verify", () => {
    const { position, accepted, error } = verifyCertificates(start, [certificate0, certificate1], options);
    expect(error).toBeUndefined();
    expect(accepted).toBe(2);
    expect(position.nextInstance).toBe(2);
    expect(position.base).toEqual(golden.chain0[2]);
    expect(position.powerTable.cid.toString()).toBe(golden.table1Cid);
  });

  it("both are made again from their keys", () => {
    const signer = (index: number) => ({ index, privateKey: golden.privateKey(index + 1) });
    const common = { networkName: "filecoin", powerTable: table0 };
    expect(
      makeCertificate({
        ...common,
        instance: 0,
        chain: golden.chain0,
        nextPowerTable: table0,
        signers: [signer(2), signer(0)],
      }),
    ).toEqual(certificate0);
    expect(
      makeCertificate({
        ...common,
        instance: 1,
        chain: golden.chain1,
        nextPowerTable: table1,
        signers: [signer(0), signer(1)],
      }),
    ).toEqual(certificate1);
  });
});
