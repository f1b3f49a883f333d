/**
 * The error every Copse package throws: a stable code, the facts behind it, and a sentence made of them.
 *
 * Code: `package/what-is-wrong`, stable across releases. Facts: plain data that says what was found, where, and which
 * limit it broke. Packages subclass it with a table of their codes (`CborError`, `CarError`, …).
 *
 * @example
 * const error = new CopseError("car/section-too-long", "section at byte 7: 9 B, limit 8 B", { offset: 7, length: 9, limit: 8 });
 * error.code // => "car/section-too-long"
 */
export class CopseError<Code extends string = string, Facts = unknown> extends Error {
  override readonly name: string = "CopseError";
  readonly code: Code;
  readonly facts: Facts;

  constructor(code: Code, message: string, facts: Facts, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.facts = facts;
  }
}

/**
 * Tells a coded error from any other, optionally by a prefix of its code (`"cbor/"`).
 *
 * @example
 * try { fromHex("0g"); } catch (error) { isCopseError(error, "bytes/"); } // => true
 */
export function isCopseError(error: unknown, prefix = ""): error is CopseError {
  return error instanceof CopseError && error.code.startsWith(prefix);
}

/** Facts of each code a {@link HostFault} may carry. */
export type HostFacts = {
  /** A block we should hold is not there. `cid` is text (base32) or hex of its bytes. */
  "host/block-missing": { cid: string };
  /** The store refused to read or write: disk full, file damaged, closed. */
  "host/store-failed": { operation: string; reason: string };
  /** The caller's signal ended the work. */
  "host/aborted": { reason: string };
  /** A worker thread or engine ended. */
  "host/worker-failed": { reason: string };
};

const say: { [Code in keyof HostFacts]: (facts: HostFacts[Code]) => string } = {
  "host/block-missing": (f) => `block ${f.cid} is not in the store`,
  "host/store-failed": (f) => `the store failed to ${f.operation}: ${f.reason}`,
  "host/aborted": (f) => `stopped: ${f.reason}`,
  "host/worker-failed": (f) => `a worker failed: ${f.reason}`,
};

/**
 * Trouble of this machine, not of the data: a missing block, a full disk, an abort. Nothing about the chain may be
 * concluded from it; the work is stopped and done again.
 *
 * @example
 * throw new HostFault("host/block-missing", { cid: "bafy2bzace…" });
 */
export class HostFault<Code extends keyof HostFacts = keyof HostFacts> extends CopseError<Code, HostFacts[Code]> {
  override readonly name = "HostFault";

  constructor(code: Code, facts: HostFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
