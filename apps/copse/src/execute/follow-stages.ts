import type { LinkedTipset } from "@copse/chain";
import type { Stage } from "../sync/stage.ts";
import type { Execution } from "./execution.ts";

/** How long a new block waits for its parents to be executed. Unit: ms. */
const patienceMs = 4000;

/**
 * What execution has to say of a new tipset: first its parents are executed, so that checks find their state; then it is
 * held against what came of it. Where the parents are far from being executed, neither says anything.
 */
export function followStages(execution: Execution): { readonly ready: Stage; readonly judge: Stage } {
  const stage = (check: (tipset: LinkedTipset, signal: AbortSignal) => Promise<unknown>): Stage => ({
    level: "executed",
    size: 1,
    width: 1,
    async check(run, { signal }) {
      for (const tipset of run) await check(tipset, signal);
      return { counts: {} };
    },
  });
  return {
    ready: stage(async (tipset, signal) => {
      const late = AbortSignal.timeout(patienceMs);
      try {
        await execution.ready(tipset, { signal: AbortSignal.any([signal, late]) });
      } catch (error) {
        if (!late.aborted || signal.aborted) throw error; // being late, it is not heard
      }
    }),
    judge: stage((tipset) => execution.judge(tipset)),
  };
}
