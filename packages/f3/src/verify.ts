import { advance, type Claim, keyMalformed, type Rules } from "./advance.ts";
import { type BadClaim, ClaimChecker, type Random } from "./check-claims.ts";
import { F3Error } from "./errors.ts";
import { committeeOf } from "./power-table.ts";
import type { F3Position, FinalityCertificate } from "./types.ts";

/** What verification needs to know. */
export interface VerifyOptions {
  /** The network's name in F3, which is in every signature: `filecoin`, `calibrationnet2`. */
  readonly networkName: string;
  /** Unpredictable bytes: signatures are checked together, each with a weight that no one could foresee. */
  readonly random: Random;
  /**
   * Whether the next table must be the one that the head of a past certificate names, as far as the position knows.
   * Default false, as in go-f3: the signers of a certificate answer for that table, and who refuses what two thirds have
   * signed is on a chain of his own. go-f3's generator of test chains (`certchain`) is off by one here.
   */
  readonly lookback?: boolean | undefined;
}

/** How far verification came. */
export interface Verified {
  /** After the last good certificate. */
  readonly position: F3Position;
  /** How many certificates are good, from the first on. */
  readonly accepted: number;
  /** What is wrong with the one behind them. */
  readonly error?: F3Error;
}

/** Verifies certificates; keeps what the next call can use. */
export interface CertificateVerifier {
  /** As {@link verifyCertificates}. */
  verify(position: F3Position, certificates: readonly FinalityCertificate[]): Verified;
}

/** Signatures are checked together in batches of this many: longer ones save nothing that is seen (bench/README.md). */
export const batchLength = 32;

/**
 * Keys that certificates may bring in before their signatures are checked. Whoever forges a certificate chooses how many it
 * brings, thousands, and to decode them for the one behind it would take seconds. Honest certificates bring a few.
 */
export const mostUnprovenKeys = 64;

/** How many keys the changes of a certificate bring in. */
function keysBrought({ powerTableDelta }: FinalityCertificate): number {
  return powerTableDelta.reduce((count, { signingKey }) => (signingKey.length > 0 ? count + 1 : count), 0);
}

/**
 * Certificates to check together, from one on: `length` at most, and none behind changes that bring in too many keys. What
 * comes after must wait until these hold.
 */
export function takeBatch(
  certificates: readonly FinalityCertificate[],
  from: number,
  length: number,
): { readonly batch: readonly FinalityCertificate[]; readonly keys: number } {
  let end = from;
  let keys = 0;
  while (end < certificates.length && end - from < length && keys <= mostUnprovenKeys) {
    keys += keysBrought(certificates[end++] as FinalityCertificate);
  }
  return { batch: certificates.slice(from, end), keys };
}

/** A certificate that holds but for its signature, and where it leads. */
export interface Step {
  readonly before: F3Position;
  readonly after: F3Position;
  readonly claim: Claim;
}

/** What is known of certificates before their signatures are checked: those that may be good, and why the next is not. */
export interface Steps {
  readonly steps: readonly Step[];
  readonly error: F3Error | undefined;
}

/** Checks all but signatures, up to the first certificate that fails. */
export function takeSteps(start: F3Position, certificates: readonly FinalityCertificate[], rules: Rules): Steps {
  const steps: Step[] = [];
  let before = start;
  for (const certificate of certificates) {
    try {
      const { position: after, claim } = advance(before, certificate, rules);
      steps.push({ before, after, claim });
      before = after;
    } catch (error) {
      if (!(error instanceof F3Error)) throw error;
      return { steps, error };
    }
  }
  return { steps, error: undefined };
}

/** The result of steps, once it is known which signature is the first that is bad. */
export function settle(start: F3Position, { steps, error }: Steps, bad: BadClaim | undefined): Verified {
  const accepted = bad?.index ?? steps.length;
  const position = accepted === 0 ? start : (steps[accepted - 1] as Step).after;
  const found = bad === undefined ? error : errorOf(steps[accepted] as Step, bad);
  return found === undefined ? { position, accepted } : { position, accepted, error: found };
}

function errorOf({ before, claim }: Step, bad: BadClaim): F3Error {
  const { instance, signature, signers } = claim;
  if (bad.why === "key") return keyMalformed(committeeOf(before.powerTable), bad.member, instance);
  if (bad.why === "signature-wrong") return new F3Error("f3/signature-wrong", { instance, signers: signers.length });
  return new F3Error("f3/signature-malformed", { instance, length: signature.length });
}

/**
 * A verifier that keeps decoded keys and weights from call to call: for certificates that come one after the other.
 *
 * Bound: 10,000 keys. Not bound to a chain: positions of several may be given in turn.
 *
 * @example
 * const verifier = createCertificateVerifier({ networkName: "filecoin", random });
 * let { position } = verifier.verify(trustRoot(manifest, initialTable), first);
 * ({ position } = verifier.verify(position, second));
 */
export function createCertificateVerifier({ networkName, random, lookback }: VerifyOptions): CertificateVerifier {
  const checker = new ClaimChecker(random);
  const rules: Rules = { networkName, lookback: lookback ?? false };
  return {
    verify(start, certificates) {
      let position = start;
      for (let at = 0; at < certificates.length; ) {
        const { batch } = takeBatch(certificates, at, batchLength);
        const taken = takeSteps(position, batch, rules);
        const result = settle(position, taken, checker.firstBad(taken.steps.map(({ claim }) => claim)));
        position = result.position;
        if (result.error !== undefined) return { ...result, accepted: at + result.accepted };
        at += batch.length;
      }
      return { position, accepted: certificates.length };
    },
  };
}

/**
 * Verifies certificates in order, from a position on, and stops at the first bad one.
 *
 * Checked of each: its instance; the chain (1 to 128 tipsets, epochs rising, keys of whole CIDs); that it builds on the
 * tipset finalized last, where the position knows one; that its signers have two thirds of the scaled power; their
 * signature, always; the changes of the power table and that they give the table whose CID is signed; and, where asked for
 * (`lookback`), that this is the table which the head of a past certificate names.
 *
 * Result: the position after the good ones. `error` names the instance and the reason of the first bad one; nothing is
 * thrown for a bad certificate. An empty list is good.
 * Cost, 1,500 members with mcl-wasm: see bench/README.md. The keys of the table are decoded once a call: see
 * {@link createCertificateVerifier}.
 *
 * @see go-f3:certs/certs.go ValidateFinalityCertificates, which checks the base only where one is given
 * @example
 * const { position, accepted, error } = verifyCertificates(start, certificates, { networkName: "filecoin", random });
 */
export function verifyCertificates(
  position: F3Position,
  certificates: readonly FinalityCertificate[],
  options: VerifyOptions,
): Verified {
  return createCertificateVerifier(options).verify(position, certificates);
}
