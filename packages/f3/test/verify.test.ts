import { engineNames, nobleEngine, useEngine } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { f3Calibnet, f3Devnet, f3Mainnet } from "@copse/types/networks";
import { beforeAll, describe, expect, it } from "vitest";
import {
  createCertificateVerifier,
  createPowerTable,
  type F3Position,
  type FinalityCertificate,
  type PowerTable,
  trustRoot,
  verifyCertificates,
} from "../src/index.ts";
import { makeCertificate } from "../src/make.ts";
import { table0, table0Cid } from "./golden.ts";
import { keyPair, localChain, tipset, withWrongSignature } from "./local-chain.ts";

const { start, certificates, tables, networkName } = localChain(70);
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const options = { networkName, random };

beforeAll(async () => void (await installFastest()));

describe("a chain of certificates", () => {
  it("is verified at once, one by one, and from any position", () => {
    const whole = verifyCertificates(start, certificates, options);
    expect(whole.error).toBeUndefined();
    expect(whole.accepted).toBe(70);
    expect(whole.position.powerTable.cid).toEqual(tables[70]?.cid);
    const verifier = createCertificateVerifier(options);
    let position: F3Position = start;
    for (const certificate of certificates.slice(0, 20)) ({ position } = verifier.verify(position, [certificate]));
    expect(position.nextInstance).toBe(20);
    const again = verifier.verify(position, certificates.slice(20));
    expect(again.accepted).toBe(50);
    expect(again.position.base).toEqual(whole.position.base);
    const rebuilt = { ...position, powerTable: createPowerTable(position.powerTable.entries) };
    expect(verifier.verify(rebuilt, certificates.slice(20)).accepted).toBe(50);
  });

  it("of no certificates is good", () => {
    expect(verifyCertificates(start, [], options)).toEqual({ position: start, accepted: 0 });
  });

  it.each([0, 1, 31, 32, 33, 63, 69])("stops before the first wrong signature: %i", (wrong) => {
    const later = Math.min(wrong + 3, 69);
    const given = certificates.map((one, i) => (i === wrong || i === later ? withWrongSignature(one) : one));
    const { accepted, position, error } = verifyCertificates(start, given, options);
    expect([accepted, position.nextInstance]).toEqual([wrong, wrong]);
    expect(error).toMatchObject({ code: "f3/signature-wrong", facts: { instance: wrong } });
  });

  it("tells of the first that is wrong, whatever it is", () => {
    const given = certificates.map((one, i) =>
      i === 12 ? { ...one, chain: [] } : i === 9 ? withWrongSignature(one) : one,
    );
    expect(verifyCertificates(start, given, options).error?.facts).toMatchObject({ instance: 9 });
    expect(
      verifyCertificates(start, given.with(9, certificates[9] as FinalityCertificate), options).error,
    ).toMatchObject({
      code: "f3/chain-empty",
      facts: { instance: 12 },
    });
    const malformed = certificates.map((one, i) => (i === 5 ? { ...one, signature: new Uint8Array(96) } : one));
    expect(verifyCertificates(start, malformed, options)).toMatchObject({
      accepted: 5,
      error: { code: "f3/signature-malformed", facts: { instance: 5 } },
    });
  });

  it("is verified alike when the engine changes in between", async () => {
    const verifier = createCertificateVerifier(options);
    const first = verifier.verify(start, certificates.slice(0, 5));
    useEngine(nobleEngine);
    try {
      expect(engineNames().bls).toBe("noble");
      expect(verifier.verify(first.position, certificates.slice(5, 8)).accepted).toBe(3);
    } finally {
      await installFastest();
    }
  });

  it("is not changed, nor are positions", () => {
    const before = structuredClone(start.powerTable.entries);
    verifyCertificates(start, certificates.slice(0, 30), options);
    verifyCertificates(start, certificates.slice(0, 30), options);
    expect(start.powerTable.entries).toEqual(before);
    expect(start.powerTable.cid).toEqual(tables[0]?.cid);
  });
});

describe("the table that is due", () => {
  /** A certificate of instance 0 that names a next table, properly signed. */
  function naming(nextPowerTable: PowerTable): FinalityCertificate {
    const [table] = tables as [PowerTable];
    const signers = table.entries.map((entry, index) => ({
      index,
      privateKey: keyPair(Number(entry.id - 1000n) % 6).privateKey,
    }));
    const chain = [tipset(100, 1, table)];
    return makeCertificate({ networkName, instance: 0, chain, powerTable: table, nextPowerTable, signers });
  }

  it("is the one that a past head names", () => {
    const [table] = tables as [PowerTable];
    const other = createPowerTable(table.entries.slice(1));
    const strict = { ...options, lookback: true };
    expect(verifyCertificates(start, [naming(table)], strict).accepted).toBe(1);
    const facts = { instance: 0, expected: table.cid.toString(), found: other.cid.toString() };
    expect(verifyCertificates(start, [naming(other)], strict)).toMatchObject({
      accepted: 0,
      error: { code: "f3/lookback-mismatch", facts },
    });
    expect(verifyCertificates(start, [naming(other)], options).accepted).toBe(1);
    const { upcoming: _, ...unknowing } = start;
    expect(verifyCertificates(unknowing, [naming(other)], strict).accepted).toBe(1);
  });

  it("is known again after as many certificates as the lookback has, where a position knew nothing", () => {
    const middle = verifyCertificates(start, certificates.slice(0, 30), options).position;
    expect(middle.upcoming).toHaveLength(9);
    const forgot: F3Position = { ...middle, upcoming: Array.from({ length: 9 }, () => undefined) };
    const later = verifyCertificates(forgot, certificates.slice(30, 40), { ...options, lookback: true });
    expect(later.accepted).toBe(10);
    expect(later.position.upcoming).toEqual(
      verifyCertificates(start, certificates.slice(0, 40), options).position.upcoming,
    );
  });
});

describe("trustRoot", () => {
  const manifest = { ...f3Devnet, networkName: "filecoin", initialInstance: 3 };

  it("starts where the manifest says", () => {
    const root = trustRoot({ ...manifest, initialPowerTable: table0.cid }, table0);
    expect(root).toMatchObject({ nextInstance: 3, powerTable: table0, base: undefined });
    expect(root.upcoming?.map(String)).toEqual(Array.from({ length: 9 }, () => table0Cid));
    expect(trustRoot({ ...manifest, committeeLookback: 0 }, table0).upcoming).toBeUndefined();
    expect(trustRoot(manifest, table0).nextInstance).toBe(3); // no CID: what is given is trusted
  });

  it("refuses another table", () => {
    for (const known of [f3Mainnet, f3Calibnet]) {
      expect(() => trustRoot(known, table0)).toThrow(
        expect.objectContaining({
          code: "f3/trust-root-mismatch",
          facts: { network: known.networkName, expected: String(known.initialPowerTable), found: table0Cid },
        }),
      );
    }
  });
});
