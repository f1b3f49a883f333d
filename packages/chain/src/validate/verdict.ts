import type { SignatureCheck } from "@copse/crypto";
import { type BlockCode, BlockError, type BlockFacts } from "./errors.ts";

/**
 * What follows from a broken rule.
 *
 * `invalid`: the block is bad for ever, and so are its descendants. `mismatch`: what was handed in with the header is not
 * what it names: whoever served it pays, and nothing follows for the block. `wait`: bad now, perhaps not later: drop it,
 * blame nobody. `unresolved`: what would decide it is not at hand: the statement is neither made nor denied.
 */
export type Fate = "invalid" | "mismatch" | "wait" | "unresolved";

/** A broken rule: plain data, so that it crosses threads. `sayBlockFault` puts it in words. */
export type BlockFault = {
  [C in BlockCode]: { readonly fate: Fate; readonly code: C; readonly facts: Readonly<BlockFacts[C]> };
}[BlockCode];

/** What a run of checks found without signatures, and the signatures that remain. All plain data. */
export interface RuleChecks {
  /** Rules broken already. */
  readonly faults: readonly BlockFault[];
  /** Signatures to check, in one batch with those of other runs. */
  readonly checks: readonly SignatureCheck[];
  /** What follows where the check at the same place is false. */
  readonly otherwise: readonly BlockFault[];
}

/** The answer about a block or run: the gravest fate of its faults. */
export type Verdict =
  | { readonly kind: "ok" }
  | { readonly kind: Fate; readonly fault: BlockFault; readonly faults: readonly BlockFault[] };

/**
 * The faults of a run once its signatures are checked.
 *
 * @param results - one per entry of `checked.checks`, as `checkSignatures` returns them
 * @example
 * settle(checked, checkSignatures(checked.checks, { random })) // => []
 */
export function settle(checked: RuleChecks, results: readonly boolean[]): readonly BlockFault[] {
  const failed = checked.otherwise.filter((_, i) => results[i] !== true);
  return failed.length === 0 ? checked.faults : [...checked.faults, ...failed];
}

const gravity: readonly Fate[] = ["invalid", "mismatch", "wait", "unresolved"];

/**
 * The verdict of a list of faults.
 *
 * @example
 * verdictOf([]) // => { kind: "ok" }
 */
export function verdictOf(faults: readonly BlockFault[]): Verdict {
  for (const kind of gravity) {
    const fault = faults.find((f) => f.fate === kind);
    if (fault !== undefined) return { kind, fault, faults };
  }
  return { kind: "ok" };
}

/** A fault as an error to throw. */
export function blockError(fault: BlockFault): BlockError {
  return new BlockError(fault.code, fault.facts as BlockFacts[BlockCode]);
}

/** Collects what a run finds. */
export interface Findings extends RuleChecks {
  readonly faults: BlockFault[];
  readonly checks: SignatureCheck[];
  readonly otherwise: BlockFault[];
}

/** An empty collection. */
export function findings(): Findings {
  return { faults: [], checks: [], otherwise: [] };
}

/** A fault; the compiler sees that code and facts belong together. */
export function fault<C extends BlockCode>(fate: Fate, code: C, facts: Readonly<BlockFacts[C]>): BlockFault {
  return { fate, code, facts } as BlockFault;
}
