import { fromCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { checkBase, checkChain, checkCid } from "./check-chain.ts";
import { F3Error } from "./errors.ts";
import { commitmentsLength } from "./limits.ts";
import { signingPayload } from "./payload.ts";
import { applyDelta } from "./power-delta.ts";
import { type Committee, committeeOf, type KeyList } from "./power-table.ts";
import { decodeSigners } from "./signers.ts";
import type { F3Position, F3Tipset, FinalityCertificate } from "./types.ts";

/** What a certificate's signature must prove; all else about the certificate holds. */
export interface Claim {
  readonly instance: number;
  readonly keys: KeyList;
  /** Rising indexes into the keys. */
  readonly signers: readonly number[];
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** What `advance` needs to know of the network. */
export interface Rules {
  readonly networkName: string;
  /** Whether tables are compared with those that heads of past certificates name. */
  readonly lookback: boolean;
}

/**
 * Checks all of a certificate but its signature.
 *
 * The order of checks is the reference's, but for the signature, which comes last of all: what is left of the position
 * must not be used before it was checked.
 *
 * @throws {F3Error} every one names the instance
 * @see go-f3:certs/certs.go ValidateFinalityCertificates
 */
export function advance(
  position: F3Position,
  certificate: FinalityCertificate,
  rules: Rules,
): { readonly position: F3Position; readonly claim: Claim } {
  const { nextInstance: instance, base } = position;
  const { chain, supplementalData } = certificate;
  if (certificate.instance !== instance) {
    throw new F3Error("f3/instance-wrong", { instance, found: certificate.instance });
  }
  checkChain(instance, chain);
  checkCid(instance, "next power table", supplementalData.powerTable);
  checkCommitments(certificate);
  if (base !== undefined) checkBase(certificate, base);
  const committee = committeeOf(position.powerTable);
  const claim = claimOf(certificate, committee, rules.networkName);
  const powerTable = applyDelta(committee, certificate.powerTableDelta, instance);
  const expected = supplementalData.powerTable;
  if (!isSame(powerTable.cid, expected)) {
    const facts = { instance, expected: expected.toString(), found: powerTable.cid.toString() };
    throw new F3Error("f3/power-table-mismatch", facts);
  }
  const head = chain[chain.length - 1] as F3Tipset;
  const next = { nextInstance: instance + 1, powerTable, base: head };
  if (position.upcoming === undefined) return { position: next, claim };
  const [due, ...upcoming] = [...position.upcoming, head.powerTable];
  if (rules.lookback && due !== undefined && !isSame(due, expected)) {
    const from = instance - position.upcoming.length;
    throw new F3Error("f3/lookback-mismatch", {
      instance,
      from,
      expected: due.toString(),
      found: expected.toString(),
    });
  }
  return { position: { ...next, upcoming }, claim };
}

/** Decoded certificates have commitments of 32 B; one that was made otherwise would sign other bytes. */
function checkCommitments({ instance, chain, supplementalData }: FinalityCertificate): void {
  for (const { commitments } of [supplementalData, ...chain]) {
    if (commitments.length === commitmentsLength) continue;
    const facts = { instance, what: "commitments", length: commitments.length, expected: commitmentsLength };
    throw new F3Error("f3/length-wrong", facts);
  }
}

function claimOf(certificate: FinalityCertificate, committee: Committee, networkName: string): Claim {
  const { instance, signature } = certificate;
  const signers = decodeSigners(certificate.signers, committee.rows.length, instance);
  checkQuorum(committee, signers, instance);
  const keys = committee.keys();
  if (typeof keys === "number") throw keyMalformed(committee, keys, instance);
  return { instance, keys, signers, message: signingPayload(networkName, certificate), signature };
}

/**
 * Checks that signers all count, and that they are a strong quorum.
 *
 * @throws {F3Error} `f3/signer-powerless`, `f3/quorum-missed`
 */
export function checkQuorum(committee: Committee, signers: readonly number[], instance: number): void {
  const { powers, total, needed } = committee.scaled();
  let power = 0;
  for (const signer of signers) {
    const own = powers[signer] as number;
    if (own === 0) {
      const id = committee.rows[signer]?.entry.id as bigint;
      throw new F3Error("f3/signer-powerless", { instance, signer, id });
    }
    power += own;
  }
  if (power < needed) throw new F3Error("f3/quorum-missed", { instance, power, needed, total });
}

/** The error for a member whose key is no usable point: whoever it is, nothing of the table can be verified. */
export function keyMalformed(committee: Committee, member: number, instance: number): F3Error {
  const { id, publicKey } = (committee.rows[member] as Committee["rows"][number]).entry;
  return new F3Error("f3/key-malformed", { instance, member, id, length: publicKey.length });
}

function isSame(a: CID, b: CID): boolean {
  return equalBytes(fromCid(a), fromCid(b));
}
