import { currentEngine, type G2Point } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { readG2 } from "@copse/crypto/groups";
import { fromCid, toCid } from "@copse/ipld";
import type { TipsetKey } from "@copse/types";
import { beforeAll, describe, expect, it } from "vitest";
import {
  createCertificateVerifier,
  decodeCertificate,
  decodeSigners,
  type F3Position,
  type F3Tipset,
  type FinalityCertificate,
  type PowerTableDelta,
} from "../src/index.ts";
import { encodeSigners } from "../src/signers.ts";
import { counting, readGoChain } from "./go-chain.ts";

const { start, certificates, manifest } = readGoChain();
const decoded = certificates.map((bytes) => decodeCertificate(bytes));
const verifier = createCertificateVerifier({ networkName: manifest.networkName, random: counting() });
/** Where the verifier stands before each certificate. */
const positions: F3Position[] = [];

beforeAll(async () => {
  await installFastest();
  let position = start;
  for (const certificate of decoded) {
    positions.push(position);
    ({ position } = verifier.verify(position, [certificate]));
  }
});

/** Certificates of every kind: many tipsets, only a base, changes of every sort, commitments. */
const chosen = [0, 2, 13, 16, 23, 24, 37, 39, 50, 57, 63];

describe("a certificate of go-f3 with one field changed", () => {
  it.each(chosen)("is refused: instance %i", (instance) => {
    const position = positions[instance] as F3Position;
    const certificate = decoded[instance] as FinalityCertificate;
    expect(verifier.verify(position, [certificate])).toMatchObject({ accepted: 1 });
    let count = 0;
    for (const [what, changed] of mutations(certificate, position.powerTable.entries.length)) {
      count++;
      const result = verifier.verify(position, [changed]);
      expect([what, result.accepted, result.position]).toEqual([what, 0, position]);
      expect(result.error?.facts, what).toMatchObject({ instance });
    }
    expect(count).toBeGreaterThan(45);
  });

  it("does not harm those before it", () => {
    const bad = { ...(decoded[40] as FinalityCertificate), signature: decoded[41]?.signature as Uint8Array };
    const result = verifier.verify(start, decoded.with(40, bad));
    expect(result.accepted).toBe(40);
    expect(result.position).toEqual(positions[40]);
    expect(result.error).toMatchObject({ code: "f3/signature-wrong", facts: { instance: 40 } });
  });
});

describe("signatures that are checked together", () => {
  const withSignature = (at: number, signature: Uint8Array): FinalityCertificate => ({
    ...(decoded[at] as FinalityCertificate),
    signature,
  });

  it("are not good because two wrong ones cancel out", () => {
    const { bls } = currentEngine();
    const points = [0, 40, 41].map((at) => readG2(bls, decoded[at]?.signature as Uint8Array) as G2Point);
    const [difference, first, second] = points as [G2Point, G2Point, G2Point];
    const more = bls.g2.sum([first, difference]);
    const less = bls.g2.sum([second, bls.g2.negate(difference)]);
    const changed = decoded.slice(36, 46);
    changed[4] = withSignature(40, bls.g2.encode(more));
    changed[5] = withSignature(41, bls.g2.encode(less));
    const result = verifier.verify(positions[36] as F3Position, changed);
    expect([result.accepted, result.error?.code]).toEqual([4, "f3/signature-wrong"]);
  });

  it.each([[[0]], [[63]], [[31, 32]], [[32, 63]], [[5, 6, 7, 40]], [[62, 3, 61]]])(
    "wrong ones at %j: the first is told",
    (bad) => {
      const other = decoded[20]?.signature as Uint8Array;
      const changed = decoded.map((certificate, at) => (bad.includes(at) ? withSignature(at, other) : certificate));
      const first = Math.min(...bad);
      const result = verifier.verify(start, changed);
      expect(result.accepted).toBe(first);
      expect(result.error).toMatchObject({ code: "f3/signature-wrong", facts: { instance: first } });
      expect(result.position).toEqual(positions[first]);
    },
  );
});

type Mutation = readonly [what: string, certificate: FinalityCertificate];

function* mutations(certificate: FinalityCertificate, members: number): Generator<Mutation> {
  const { instance, chain, supplementalData, signature, powerTableDelta } = certificate;
  for (const other of [instance + 1, instance - 1, 2 ** 52])
    yield [`instance ${other}`, { ...certificate, instance: other }];
  for (const changed of chains(chain)) yield [changed[0], { ...certificate, chain: changed[1] }];
  for (let at = 0; at < 32; at += 7) {
    const commitments = flip(supplementalData.commitments, at);
    yield [`commitments ${at}`, { ...certificate, supplementalData: { ...supplementalData, commitments } }];
  }
  const powerTable = otherCid(supplementalData.powerTable);
  yield ["next table", { ...certificate, supplementalData: { ...supplementalData, powerTable } }];
  const signed = new Set(decodeSigners(certificate.signers, members));
  for (let member = 0; member <= members; member += 3) {
    const others = signed.has(member) ? [...signed].filter((other) => other !== member) : [...signed, member];
    yield [`signer ${member}`, { ...certificate, signers: encodeSigners(others.sort((a, b) => a - b)) }];
  }
  for (let at = 0; at < 96; at += 11) yield [`signature ${at}`, { ...certificate, signature: flip(signature, at) }];
  yield ["signature cut", { ...certificate, signature: signature.subarray(1) }];
  yield ["signature longer", { ...certificate, signature: Uint8Array.from([...signature, 0]) }];
  for (const changed of deltas(powerTableDelta)) yield [changed[0], { ...certificate, powerTableDelta: changed[1] }];
}

function* chains(chain: readonly F3Tipset[]): Generator<readonly [string, readonly F3Tipset[]]> {
  const head = chain.at(-1) as F3Tipset;
  yield ["chain empty", []];
  yield ["chain longer", [...chain, { ...head, epoch: head.epoch + 1 }]];
  for (const [i, tipset] of chain.entries()) {
    const put = (changed: Partial<F3Tipset>): F3Tipset[] => chain.with(i, { ...tipset, ...changed });
    yield [`epoch ${i} up`, put({ epoch: tipset.epoch + 1 })];
    yield [`epoch ${i} down`, put({ epoch: tipset.epoch - 1 })];
    yield [`key ${i}`, put({ key: flip(tipset.key, 20) as TipsetKey })];
    yield [`key ${i} shorter`, put({ key: tipset.key.subarray(38) as TipsetKey })];
    yield [
      `key ${i} longer`,
      put({ key: Uint8Array.from([...tipset.key, ...tipset.key.subarray(0, 38)]) as TipsetKey }),
    ];
    yield [`key ${i} cut`, put({ key: tipset.key.subarray(1) as TipsetKey })];
    yield [`table ${i}`, put({ powerTable: otherCid(tipset.powerTable) })];
    yield [`commitments ${i}`, put({ commitments: flip(tipset.commitments, i) })];
    yield [`tipset ${i} twice`, chain.toSpliced(i, 0, tipset)];
    yield [`tipset ${i} left out`, chain.toSpliced(i, 1)];
  }
}

function* deltas(list: readonly PowerTableDelta[]): Generator<readonly [string, readonly PowerTableDelta[]]> {
  yield ["delta of a stranger", [...list, { id: 1n << 40n, powerDelta: 1n, signingKey: new Uint8Array(48) }]];
  yield ["delta of nothing", [...list, { id: 1n << 40n, powerDelta: 0n, signingKey: new Uint8Array(0) }]];
  for (const [i, delta] of list.entries()) {
    const put = (changed: Partial<PowerTableDelta>): PowerTableDelta[] => list.with(i, { ...delta, ...changed });
    yield [`delta ${i} left out`, list.toSpliced(i, 1)];
    yield [`delta ${i} twice`, list.toSpliced(i, 0, delta)];
    yield [`delta ${i}, id`, put({ id: delta.id + 1n })];
    yield [`delta ${i}, power`, put({ powerDelta: delta.powerDelta + 1n })];
    yield [`delta ${i}, sign`, put({ powerDelta: delta.powerDelta === 0n ? -1n : -delta.powerDelta })];
    const { signingKey } = delta;
    yield [`delta ${i}, key`, put({ signingKey: signingKey.length === 0 ? new Uint8Array(48) : flip(signingKey, 30) })];
    if (signingKey.length > 0) yield [`delta ${i}, no key`, put({ signingKey: new Uint8Array(0) })];
  }
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
}

function otherCid(cid: F3Tipset["powerTable"]): F3Tipset["powerTable"] {
  return toCid(flip(fromCid(cid), 37));
}
