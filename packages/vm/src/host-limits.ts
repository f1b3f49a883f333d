import { HostFault } from "@copse/primitives";

/** Frames that what is called next may need, and many more. */
const frames = 2000;

/**
 * Fails here, with the host's own RangeError, when little is left of the stack.
 *
 * Cryptography takes whatever goes wrong within it for a bad signature. At the end of the stack that would make the depth
 * of this machine's stack a fact of the chain.
 */
export function needStackRoom(): void {
  descend(frames);
}

function descend(left: number): number {
  return left === 0 ? 0 : 1 + descend(left - 1);
}

/** The fault behind an error that tells of the end of this machine's stack or memory; any other error as it is. */
export function asFault(error: unknown): unknown {
  const isLimit = error instanceof RangeError ? /stack|memory/i.test(error.message) : isTooMuchRecursion(error);
  if (!isLimit) return error;
  const reason = `the stack or memory of this machine has ended: ${(error as Error).message}`;
  return new HostFault("host/worker-failed", { reason }, { cause: error });
}

/** As Firefox says it. */
function isTooMuchRecursion(error: unknown): boolean {
  return error instanceof Error && error.name === "InternalError";
}
