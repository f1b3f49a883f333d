import { bls, CryptoError, currentEngine, type G2Point } from "@copse/crypto";
import { g2Tag, readG2 } from "@copse/crypto/groups";
import { bytesToBigint, equalBytes } from "@copse/primitives";
import { checkQuorum } from "./advance.ts";
import { checkChain } from "./check-chain.ts";
import { bdnWeights } from "./coefficients.ts";
import { F3Error } from "./errors.ts";
import { commitmentsLength } from "./limits.ts";
import { signingPayload } from "./payload.ts";
import { diffPowerTables } from "./power-delta.ts";
import { committeeOf, type KeyList } from "./power-table.ts";
import { encodeSigners } from "./signers.ts";
import type { F3Tipset, FinalityCertificate, PowerEntry, PowerTable } from "./types.ts";

/** A member of a power table who signs; `index` counts the table's entries. */
export interface CertificateSigner {
  readonly index: number;
  /** 32 B, little-endian, as Filecoin keeps BLS keys. */
  readonly privateKey: Uint8Array;
}

/** What a certificate is made of. */
export interface CertificateParts {
  readonly networkName: string;
  readonly instance: number;
  /** The last finalized tipset first. */
  readonly chain: readonly F3Tipset[];
  /** The table that validates this instance. */
  readonly powerTable: PowerTable;
  /** The table that validates the next. */
  readonly nextPowerTable: PowerTable;
  /** A strong quorum, in any order. */
  readonly signers: readonly CertificateSigner[];
  /** 32 B; default zeros. */
  readonly commitments?: Uint8Array | undefined;
}

/** Order of the group. */
const order = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/**
 * Makes the certificate of an instance whose signers' private keys are all at hand: for local networks and tests.
 *
 * Cost: a public key for each signer, to find keys given to the wrong member; one signature in all.
 *
 * @throws {F3Error} `f3/chain-empty`, `f3/chain-too-long`, `f3/epoch-not-increasing`, `f3/tipset-key-malformed`,
 * `f3/cid-unsupported`, `f3/key-malformed`, `f3/signer-unknown`, `f3/signer-key-wrong`, `f3/signer-powerless`,
 * `f3/quorum-missed`
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @see go-f3:certs/certs.go NewFinalityCertificate
 * @example
 * const certificate = makeCertificate({ networkName: "2k", instance: 0, chain, powerTable, nextPowerTable: powerTable, signers });
 */
export function makeCertificate(parts: CertificateParts): FinalityCertificate {
  const { instance, chain, powerTable, nextPowerTable } = parts;
  checkChain(instance, chain);
  const committee = committeeOf(powerTable);
  const keys = keysOf(powerTable, instance);
  const signers = [...new Map(parts.signers.map((signer) => [signer.index, signer])).values()];
  signers.sort((a, b) => a.index - b.index);
  for (const { index: signer, privateKey } of signers) {
    const entry = memberAt(powerTable, signer, instance);
    if (equalBytes(bls.publicKey(privateKey), entry.publicKey)) continue;
    throw new F3Error("f3/signer-key-wrong", { signer, id: entry.id });
  }
  const indexes = signers.map(({ index }) => index);
  checkQuorum(committee, indexes, instance);
  const supplementalData = {
    commitments: parts.commitments ?? new Uint8Array(commitmentsLength),
    powerTable: nextPowerTable.cid,
  };
  const message = signingPayload(parts.networkName, { instance, supplementalData, chain });
  return {
    instance,
    chain,
    supplementalData,
    signers: encodeSigners(indexes),
    signature: signTogether(keys, signers, message),
    powerTableDelta: diffPowerTables(powerTable, nextPowerTable),
  };
}

/**
 * The aggregate of signatures made apart, as members of a network make them: each signs `signingPayload` with `bls.sign`.
 *
 * Size: 96 B. Cost: a multiplication in G2 for each.
 *
 * @throws {F3Error} `f3/key-malformed`, `f3/signer-unknown`
 * @throws {CryptoError} `crypto/nothing-to-aggregate`, `crypto/signature-malformed`
 * @see go-f3:blssig/aggregation.go Aggregate
 * @example
 * aggregateSignatures(powerTable, [{ index: 0, signature: bls.sign(signingPayload("2k", parts), privateKey) }]).length // => 96
 */
export function aggregateSignatures(
  powerTable: PowerTable,
  signatures: readonly { readonly index: number; readonly signature: Uint8Array }[],
): Uint8Array {
  if (signatures.length === 0) throw new CryptoError("crypto/nothing-to-aggregate", {});
  const { bls: curve } = currentEngine();
  const weights = bdnWeights(keysOf(powerTable, undefined).bytes);
  const points = signatures.map(({ index, signature }, at): G2Point => {
    memberAt(powerTable, index, undefined);
    const point = readG2(curve, signature);
    if (point === undefined) throw new CryptoError("crypto/signature-malformed", { index: at });
    return point;
  });
  const chosen = signatures.map(({ index }) => weights[index] as Uint8Array);
  return curve.g2.encode(curve.g2.weightedSum(points, chosen));
}

/**
 * The same aggregate from private keys: the sum of weighted signatures over one message is one signature by the weighted
 * sum of the keys.
 */
export function signTogether(keys: KeyList, signers: readonly CertificateSigner[], message: Uint8Array): Uint8Array {
  const weights = bdnWeights(keys.bytes);
  let sum = 0n;
  for (const { index, privateKey } of signers) {
    sum += fromLittleEndian(weights[index] as Uint8Array) * fromLittleEndian(privateKey);
  }
  const { g2 } = currentEngine().bls;
  return g2.encode(g2.weightedSum([g2.hash(message, g2Tag)], [toLittleEndian(sum % order)]));
}

function keysOf(powerTable: PowerTable, instance: number | undefined): KeyList {
  const keys = committeeOf(powerTable).keys();
  if (typeof keys !== "number") return keys;
  const { id, publicKey } = powerTable.entries[keys] as PowerEntry;
  throw new F3Error("f3/key-malformed", { instance, member: keys, id, length: publicKey.length });
}

function memberAt({ entries }: PowerTable, signer: number, instance: number | undefined): PowerEntry {
  const entry = entries[signer];
  if (entry === undefined) throw new F3Error("f3/signer-unknown", { instance, signer, members: entries.length });
  return entry;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytesToBigint(bytes.toReversed());
}

function toLittleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0, rest = value; i < 32; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}
