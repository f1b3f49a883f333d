import { type CidBytes, toCid } from "@copse/ipld";
import { type Mismatch, mismatchText, type VectorResult } from "@copse/vm/conformance";
import type { VectorReport } from "@copse/vm/node";

/** A result of a vector as a JSON document. */
export function resultJson(report: VectorReport, result: VectorResult | undefined): Record<string, unknown> {
  return {
    ...reportJson(report),
    messages: result?.messages.map(({ expected, actual, trace }) => ({
      exitCode: actual.exitCode,
      return: actual.returnData,
      gasUsed: actual.gasUsed,
      eventsRoot: actual.eventsRoot === undefined ? undefined : rootText(actual.eventsRoot),
      refused: actual.refused,
      failure: actual.failure,
      expected: expected && {
        exitCode: expected.exitCode,
        return: expected.returnData,
        gasUsed: expected.gasUsed,
        refused: expected.refused,
      },
      trace,
    })),
    stateRoot: result && { expected: rootText(result.stateRoot.expected), actual: rootText(result.stateRoot.actual) },
  };
}

/** A report of a vector as a JSON document. */
export function reportJson({ mismatches, ...report }: VectorReport): Record<string, unknown> {
  return { ...report, mismatches: mismatches.length === 0 ? undefined : mismatches };
}

/** Why a vector did not pass, as one line. */
export function whyText({
  reason,
  mismatches,
}: {
  reason: string | undefined;
  mismatches: readonly Mismatch[];
}): string {
  return [...(reason === undefined ? [] : [reason]), ...mismatches.map(mismatchText)].join("; ");
}

function rootText(root: CidBytes | null): string | null {
  return root === null ? null : toCid(root).toString();
}
