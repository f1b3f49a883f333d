import type { AbortOptions } from "@copse/primitives";
import type { Random } from "../check-claims.ts";
import type { F3Position, FinalityCertificate } from "../types.ts";
import { type CertificateVerifier, createCertificateVerifier, type Verified } from "../verify.ts";

/**
 * Verifies certificates of a network in order, from a position on, up to the first bad one: signatures and all. An `F3Pool`
 * is one; so is {@link checkHere}, which works on this thread.
 */
export interface CertificateCheck {
  verify(
    position: F3Position,
    certificates: readonly FinalityCertificate[],
    options: AbortOptions & { readonly networkName: string },
  ): Verified | Promise<Verified>;
}

/**
 * Verifies on this thread. Keeps what it has decoded from call to call.
 *
 * @param random unpredictable bytes: `(length) => crypto.getRandomValues(new Uint8Array(length))`
 * @example
 * const { accepted } = await store.put(certificates, checkHere(random));
 */
export function checkHere(random: Random): CertificateCheck {
  let kept: { readonly networkName: string; readonly verifier: CertificateVerifier } | undefined;
  return {
    verify(position, certificates, { networkName }) {
      if (kept?.networkName !== networkName) {
        kept = { networkName, verifier: createCertificateVerifier({ networkName, random }) };
      }
      return kept.verifier.verify(position, certificates);
    },
  };
}
