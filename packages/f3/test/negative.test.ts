// Section 13.4 of the sheet: certificates that are properly signed, but for one thing, and certificates that are not.
import { bls, currentEngine, type G2Point } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { g2Tag, readG2 } from "@copse/crypto/groups";
import { cidOf, toCid } from "@copse/ipld";
import { fromRuns, toBytes } from "@copse/ipld/bitfield";
import { concatBytes, fromHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import { bdnWeights, createPowerTable, signingPayload, verifyCertificates } from "../src/index.ts";
import { aggregateSignatures, encodeSigners } from "../src/make.ts";
import { Committee, type Row, rowOf } from "../src/power-table.ts";
import type { F3Position, F3Tipset, FinalityCertificate, PowerTable, PowerTableDelta } from "../src/types.ts";
import * as golden from "./golden.ts";

const { certificate0, certificate1, table0, start, afterFirst, options, privateKey, publicKeys, member } = golden;

/** A point of G1 outside the prime-order subgroup, and infinity. */
const outside = fromHex(`80${"0".repeat(93)}4`);
const infinity = fromHex(`c0${"0".repeat(94)}`);

beforeAll(async () => void (await installFastest()));

/** A certificate signed by members of table 0 (keys 1 to 3). */
function signed(parts: Partial<FinalityCertificate>, signers: readonly number[] = [0, 2]): FinalityCertificate {
  const certificate = { ...certificate0, ...parts, signers: encodeSigners(signers) };
  const message = signingPayload("filecoin", certificate);
  const own = signers.map((index) => ({ index, signature: bls.sign(message, privateKey(index + 1)) }));
  return { ...certificate, signature: aggregateSignatures(table0, own) };
}

function expectRefused(certificate: FinalityCertificate, code: string, position: F3Position = start, facts = {}): void {
  const result = verifyCertificates(position, [certificate], options);
  expect(result.error).toMatchObject({ code, facts: { instance: position.nextInstance, ...facts } });
  expect(result.accepted).toBe(0);
  expect(result.position).toBe(position);
}

describe("signers", () => {
  it("that are others than those who signed", () => {
    for (const signers of [
      [0, 1],
      [0, 1, 2],
    ])
      expectRefused({ ...certificate0, signers: encodeSigners(signers) }, "f3/signature-wrong", start, {
        signers: signers.length,
      });
    for (const signers of [[], [0], [2], [1, 2]])
      expectRefused({ ...certificate0, signers: encodeSigners(signers) }, "f3/quorum-missed");
  });

  it("that signed, but are no quorum", () => {
    expectRefused(signed({}, [1, 2]), "f3/quorum-missed", start, { power: 32767, needed: 43690, total: 65534 });
    expect(verifyCertificates(start, [signed({}, [0, 1])], options).accepted).toBe(1);
  });

  it("that are not in the table", () => {
    expectRefused({ ...certificate0, signers: encodeSigners([0, 2, 3]) }, "f3/signer-unknown", start, { signer: 3 });
    expectRefused({ ...certificate0, signers: encodeSigners([2 ** 40]) }, "f3/signer-unknown");
    // 2^60 signers in a few bytes: refused before any is counted
    const many = toBytes(fromRuns([{ start: 0, end: 2n ** 60n }]));
    expect(many.length).toBeLessThan(12);
    expectRefused({ ...certificate0, signers: many }, "f3/signer-unknown", start, { signer: 3, members: 3 });
  });

  it("that are no bit field", () => {
    expectRefused({ ...certificate0, signers: Uint8Array.of(0) }, "f3/signers-malformed");
    expectRefused({ ...certificate0, signers: Uint8Array.of(0x3d) }, "f3/signers-malformed");
  });

  it("that have no power after scaling", () => {
    const table = createPowerTable([member(0, 10n ** 9n), member(1, 1n)]);
    expectRefused({ ...certificate0, signers: encodeSigners([0, 1]) }, "f3/signer-powerless", at(table), {
      signer: 1,
      id: 1001n,
    });
  });
});

describe("the signature", () => {
  it("is not the plain sum of signatures", () => {
    const message = signingPayload("filecoin", certificate0);
    const plain = bls.aggregate([1, 3].map((key) => bls.sign(message, privateKey(key))));
    expectRefused({ ...certificate0, signature: plain }, "f3/signature-wrong");
  });

  it("is not by weights without the 1", () => {
    const { g2 } = currentEngine().bls;
    const message = signingPayload("filecoin", certificate0);
    const points = [1, 3].map((key) => g2.multiply(g2.hash(message, g2Tag), privateKey(key)));
    const weights = bdnWeights(concatBytes(...publicKeys.slice(0, 3)));
    const sum = g2.weightedSum(points, [weights[0] as Uint8Array, weights[2] as Uint8Array]);
    const without = g2.sum([sum, ...points.map((point) => g2.negate(point))]);
    expect(g2.encode(sum)).toEqual(certificate0.signature);
    expectRefused({ ...certificate0, signature: g2.encode(without) }, "f3/signature-wrong");
  });

  it("counts all keys of the table, in its order", () => {
    const { g2 } = currentEngine().bls;
    const message = signingPayload("filecoin", certificate0);
    const points = [1, 3].map((key) => readG2(currentEngine().bls, bls.sign(message, privateKey(key))) as G2Point);
    const [k0, k1, k2] = publicKeys as [Uint8Array, Uint8Array, Uint8Array];
    const sum = (keys: Uint8Array[], places: number[]): Uint8Array => {
      const weights = bdnWeights(concatBytes(...keys));
      return g2.encode(
        g2.weightedSum(
          points,
          places.map((place) => weights[place] as Uint8Array),
        ),
      );
    };
    expect(sum([k0, k1, k2], [0, 2])).toEqual(certificate0.signature);
    expectRefused({ ...certificate0, signature: sum([k1, k0, k2], [1, 2]) }, "f3/signature-wrong");
    expectRefused({ ...certificate0, signature: sum([k0, k2], [0, 1]) }, "f3/signature-wrong");
  });

  it("is of this network, instance, chain and next table", () => {
    const elsewhere = verifyCertificates(start, [certificate0], { ...options, networkName: "calibrationnet2" });
    expect(elsewhere.error?.code).toBe("f3/signature-wrong");
    expectRefused({ ...certificate0, instance: 1 }, "f3/signature-wrong", { ...start, nextInstance: 1 });
    expectRefused({ ...certificate0, chain: golden.chain0.slice(0, 2) }, "f3/signature-wrong");
    const changed = golden.chain0.map((one, i) =>
      i === 1 ? { ...one, commitments: new Uint8Array(32).fill(1) } : one,
    );
    expectRefused({ ...certificate0, chain: changed }, "f3/signature-wrong");
    const message = signingPayload("filecoin", certificate0);
    message[16 + 8] = 1; // the round
    const own = [0, 2].map((index) => ({ index, signature: bls.sign(message, privateKey(index + 1)) }));
    expectRefused({ ...certificate0, signature: aggregateSignatures(table0, own) }, "f3/signature-wrong");
  });

  it("is a point", () => {
    const { signature } = certificate0;
    for (const malformed of [
      new Uint8Array(0),
      new Uint8Array(96),
      signature.subarray(1),
      concatBytes(signature, signature),
    ])
      expectRefused({ ...certificate0, signature: malformed }, "f3/signature-malformed", start, {
        length: malformed.length,
      });
    const zero = fromHex(`c0${"0".repeat(190)}`);
    expectRefused({ ...certificate0, signature: zero }, "f3/signature-wrong");
  });
});

describe("keys of the table", () => {
  /** A table of rows as a delta may lead to: their keys were never looked at. */
  const withKey = (key: Uint8Array): PowerTable => {
    const entries = [
      ...table0.entries.slice(0, 1),
      { id: 1001n, power: 300n, publicKey: key },
      ...table0.entries.slice(2),
    ];
    return new Committee(entries.map(rowOf) as Row[], 1000n);
  };

  it.each([
    ["infinity", infinity],
    ["outside the subgroup", outside],
    ["off the curve", fromHex(`80${"0".repeat(93)}1`)],
    ["of another length", new Uint8Array(40)],
    ["without flags", new Uint8Array(48)],
  ])("may not be %s, even of who did not sign", (_, key) => {
    const table = withKey(key);
    const supplementalData = { ...certificate0.supplementalData, powerTable: table.cid };
    const facts = { member: 1, id: 1001n, length: key.length };
    expectRefused({ ...certificate0, supplementalData }, "f3/key-malformed", at(table), facts);
  });

  it("are others in another table", () => {
    const other = createPowerTable([member(0, 500n), member(3, 300n), member(2, 200n)]);
    expectRefused({ ...certificate0, powerTableDelta: [] }, "f3/power-table-mismatch", at(other));
    const supplementalData = { ...certificate0.supplementalData, powerTable: other.cid };
    expectRefused({ ...certificate0, supplementalData }, "f3/signature-wrong", at(other));
  });
});

describe("the chain", () => {
  const [base, ...rest] = golden.chain0 as [F3Tipset, ...F3Tipset[]];
  const key = (bytes: Uint8Array): TipsetKey => bytes as TipsetKey;
  const raw = Uint8Array.from(cidOf(Uint8Array.of(1)), (byte, i) => (i === 1 ? 0x55 : byte));

  it.each<[string, string, readonly F3Tipset[]]>([
    ["no tipset", "f3/chain-empty", []],
    ["a tipset twice", "f3/epoch-not-increasing", [base, base]],
    ["falling epochs", "f3/epoch-not-increasing", [base, ...rest.toReversed()]],
    ["an epoch below 0", "f3/epoch-not-increasing", [{ ...base, epoch: -1 }]],
    ["129 tipsets", "f3/chain-too-long", Array.from({ length: 129 }, (_, i) => golden.tipset(i, 1))],
    ["an empty key", "f3/tipset-key-malformed", [{ ...base, key: key(new Uint8Array(0)) }]],
    ["21 blocks", "f3/tipset-key-malformed", [golden.tipset(1, 21)]],
    ["half a CID", "f3/tipset-key-malformed", [{ ...base, key: key(base.key.subarray(0, 37)) }]],
    ["a block of another kind", "f3/tipset-key-malformed", [{ ...base, key: key(raw) }]],
    ["a table of another kind", "f3/cid-unsupported", [{ ...base, powerTable: toCid(raw) }]],
  ])("has not %s", (_, code, chain) => {
    expectRefused(signed({ chain }), code);
  });

  it("has no commitments of another length", () => {
    expectRefused({ ...certificate0, chain: [{ ...base, commitments: new Uint8Array(31) }] }, "f3/length-wrong");
  });

  it("may have 128 tipsets, of 20 blocks", () => {
    const chain = Array.from({ length: 128 }, (_, i) => golden.tipset(i, i === 5 ? 20 : 1));
    expect(verifyCertificates(start, [signed({ chain })], options).accepted).toBe(1);
  });

  it("starts with the tipset finalized last", () => {
    const other = { ...base, epoch: 99 };
    expectRefused(certificate0, "f3/base-mismatch", { ...start, base: other }, { field: "epoch", expectedEpoch: 99 });
    const fields = [
      ["key", { key: golden.tipset(7, 1).key }],
      ["power table", { powerTable: golden.table1.cid }],
      ["commitments", { commitments: new Uint8Array(32).fill(1) }],
    ] as const;
    for (const [field, change] of fields)
      expectRefused(certificate0, "f3/base-mismatch", { ...start, base: { ...base, ...change } }, { field });
    expect(verifyCertificates({ ...start, base }, [certificate0], options).accepted).toBe(1);
  });

  it("goes on where the one before ended", () => {
    const resigned = signed({ ...certificate1, chain: [golden.tipset(104, 1)] }, [0, 1]);
    const { accepted, error, position } = verifyCertificates(start, [certificate0, resigned], options);
    expect([accepted, error?.code, position.nextInstance]).toEqual([1, "f3/base-mismatch", 1]);
  });
});

describe("changes of the table", () => {
  const none = new Uint8Array(0);
  const [grow, leave, join] = certificate1.powerTableDelta as [PowerTableDelta, PowerTableDelta, PowerTableDelta];
  const key3 = publicKeys[3] as Uint8Array;

  it.each<[string, string, readonly PowerTableDelta[]]>([
    ["are not in order", "f3/delta-out-of-order", [leave, grow, join]],
    ["name a member twice", "f3/delta-out-of-order", [grow, grow]],
    ["change nothing", "f3/delta-empty", [{ ...grow, powerDelta: 0n }]],
    ["name the same key", "f3/delta-key-unchanged", [{ ...grow, signingKey: publicKeys[1] as Uint8Array }]],
    [
      "name the same key only",
      "f3/delta-key-unchanged",
      [{ ...grow, powerDelta: 0n, signingKey: publicKeys[1] as Uint8Array }],
    ],
    ["take all power and name a key", "f3/delta-key-without-power", [{ ...leave, signingKey: key3 }]],
    ["take more than there is", "f3/delta-power-negative", [{ ...leave, powerDelta: -201n }]],
    ["take more, and name a key", "f3/delta-power-negative", [{ id: 1002n, powerDelta: -201n, signingKey: key3 }]],
    ["add without a key", "f3/delta-key-missing", [{ ...join, signingKey: none }]],
    ["add nothing", "f3/delta-power-not-positive", [{ ...join, powerDelta: 0n }]],
    ["add less than nothing", "f3/delta-power-not-positive", [{ ...join, powerDelta: -1n }]],
    ["give more than fits", "f3/delta-power-too-large", [{ ...grow, powerDelta: 2n ** 1016n }]],
    [
      "leave nobody",
      "f3/power-table-empty",
      [500n, 300n, 200n].map((power, i) => ({ id: 1000n + BigInt(i), powerDelta: -power, signingKey: none })),
    ],
    ["lack one", "f3/power-table-mismatch", [grow, leave]],
    ["are none", "f3/power-table-mismatch", []],
    [
      "have one too many",
      "f3/power-table-mismatch",
      [{ id: 1000n, powerDelta: 1n, signingKey: none }, grow, leave, join],
    ],
  ])("may not be such that they %s", (_, code, powerTableDelta) => {
    expectRefused({ ...certificate1, powerTableDelta }, code, afterFirst);
  });

  it("lead to the table that is signed", () => {
    expectRefused(
      { ...certificate1, supplementalData: certificate0.supplementalData },
      "f3/power-table-mismatch",
      afterFirst,
    );
    expect(verifyCertificates(afterFirst, [certificate1], options).accepted).toBe(1);
  });
});

describe("the instance", () => {
  it("is the next", () => {
    expectRefused(certificate1, "f3/instance-wrong", start, { found: 1 });
    expectRefused(certificate0, "f3/instance-wrong", afterFirst, { found: 0 });
  });
});

function at(powerTable: PowerTable): F3Position {
  return { nextInstance: 0, powerTable, base: undefined };
}
