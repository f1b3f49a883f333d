import type { BlockFault, RuleChecks } from "@copse/chain";
import { settle } from "@copse/chain";
import type { SignatureCheck } from "@copse/crypto";
import type { AbortOptions } from "@copse/primitives";

/** Checks signatures off the main thread. */
export interface SignatureChecker {
  check(checks: readonly SignatureCheck[], options?: AbortOptions): Promise<boolean[]>;
}

/** The faults of several findings once all their signatures are checked, as one batch. */
export async function settleAll(
  findings: readonly RuleChecks[],
  checker: SignatureChecker,
  options: AbortOptions,
): Promise<(readonly BlockFault[])[]> {
  const results = await checker.check(
    findings.flatMap(({ checks }) => checks),
    options,
  );
  let from = 0;
  return findings.map((found) => {
    const own = results.slice(from, from + found.checks.length);
    from += found.checks.length;
    return settle(found, own);
  });
}
