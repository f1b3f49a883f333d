import { CopseError } from "@copse/primitives";

/** Facts of each code that proofs are refused with. CIDs are text; offsets count bytes of the file. */
export type ProofFacts = {
  "proof/malformed": { offset: number; why: string };
  "proof/too-large": { what: "bytes" | "blocks" | "paths"; found: number; limit: number };
  "proof/version-unknown": { version: number; known: number };
  /** A block's bytes do not hash to its CID. */
  "proof/block-altered": { cid: string; offset: number };
  /** The read needs a block that is not in the proof. */
  "proof/block-missing": { cid: string; path: string };
  /** A block that no read needs. */
  "proof/block-extra": { cid: string; extra: number };
  /** It proves something else than was expected. */
  "proof/other": { what: "header" | "state root" | "paths"; found: string; expected: string };
};

const say: { [C in keyof ProofFacts]: (facts: ProofFacts[C]) => string } = {
  "proof/malformed": (f) => `byte ${f.offset}: ${f.why}`,
  "proof/too-large": (f) => `${f.found} ${f.what}, limit ${f.limit}`,
  "proof/version-unknown": (f) => `a proof of version ${f.version}, known is ${f.known}`,
  "proof/block-altered": (f) => `block ${f.cid} at byte ${f.offset} does not hash to its CID`,
  "proof/block-missing": (f) => `${f.path}: block ${f.cid} is needed and not in the proof`,
  "proof/block-extra": (f) => `block ${f.cid} is needed by no read (${f.extra} such in all)`,
  "proof/other": (f) => `the ${f.what} of the proof: ${f.found}, expected ${f.expected}`,
};

/** A proof that proves nothing, or not what was expected. */
export class ProofError<C extends keyof ProofFacts = keyof ProofFacts> extends CopseError<C, ProofFacts[C]> {
  override readonly name = "ProofError";
  constructor(code: C, facts: ProofFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
