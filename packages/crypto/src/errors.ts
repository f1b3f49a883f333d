import { CopseError } from "@copse/primitives";

/** Facts of each code this package throws. Checks of signatures never throw: they answer false. */
export type CryptoFacts = {
  "crypto/length-wrong": { what: string; expected: number; found: number };
  "crypto/private-key-out-of-range": { curve: string };
  "crypto/signature-malformed": { index: number };
  "crypto/nothing-to-aggregate": Record<string, never>;
  "crypto/not-recoverable": Record<string, never>;
  "crypto/hash-size-out-of-range": { size: number };
  "crypto/output-length-out-of-range": { length: number; limit: number };
  "crypto/engine-missing": { engine: string; reason: string };
  "crypto/checks-malformed": { offset: number; length: number };
  "crypto/pool-closed": Record<string, never>;
  "crypto/pool-full": { waiting: number; limit: number };
};

const say: { [Code in keyof CryptoFacts]: (facts: CryptoFacts[Code]) => string } = {
  "crypto/length-wrong": (f) => `${f.what} has ${f.found} B, not ${f.expected}`,
  "crypto/private-key-out-of-range": (f) => `the private key is not a number between 1 and the order of ${f.curve}`,
  "crypto/signature-malformed": (f) => `signature ${f.index} is no point of the prime-order subgroup`,
  "crypto/nothing-to-aggregate": () => "an aggregate needs at least one signature",
  "crypto/not-recoverable": () => "no public key can have made this signature",
  "crypto/hash-size-out-of-range": (f) => `blake2b has digests of 1 to 64 bytes, not ${f.size}`,
  "crypto/output-length-out-of-range": (f) => `an output of ${f.length} B, limit ${f.limit} B`,
  "crypto/engine-missing": (f) => `the engine ${f.engine} does not load: ${f.reason}`,
  "crypto/checks-malformed": (f) => `checks on the wire are malformed at byte ${f.offset} of ${f.length}`,
  "crypto/pool-closed": () => "the signature pool is closed",
  "crypto/pool-full": (f) => `${f.waiting} checks wait in the signature pool, limit ${f.limit}`,
};

/** A request this package cannot fulfil: malformed keys, digests, sizes, or an engine that is not there. */
export class CryptoError<Code extends keyof CryptoFacts = keyof CryptoFacts> extends CopseError<
  Code,
  CryptoFacts[Code]
> {
  override readonly name = "CryptoError";

  constructor(code: Code, facts: CryptoFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}

/** @throws {CryptoError} `crypto/length-wrong` */
export function assertLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) throw new CryptoError("crypto/length-wrong", { what, expected, found: bytes.length });
}

/** What an engine that does not load becomes; the reason is kept as `cause`. */
export function engineMissing(engine: string, cause: unknown): CryptoError<"crypto/engine-missing"> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CryptoError("crypto/engine-missing", { engine, reason }, { cause });
}
