import { HostFault } from "@copse/primitives";

/** Of frames of 100 B and more: three times what cryptography was seen to need. */
const frames = 400;

/**
 * Fails here, with the host's own RangeError, when little is left of the stack.
 *
 * Cryptography takes whatever goes wrong within it for a bad signature, and near the end of the stack built-ins fail as if
 * they were given something wrong (V8: TypeErrors of typed arrays, SyntaxErrors of regular expressions). Where an error of
 * theirs means something, the depth of this machine's stack would become a fact of the chain.
 *
 * Cost: 2 to 10 µs.
 */
export function needStackRoom(): void {
  descend(frames, 1, 2, 3, 4, 5, 6, 7);
}

/** Has parameters so that its frame has a size; gives something of them so that they are not left out. */
function descend(n: number, a: number, b: number, c: number, d: number, e: number, f: number, g: number): number {
  return n === 0 ? a + b + c + d + e + f + g : 1 + descend(n - 1, g, a, b, c, d, e, f);
}

/** What engines say in errors of these kinds when stack or memory ends; at the end of the stack any built-in may. */
const kinds = ["RangeError", "SyntaxError", "InternalError"];
const sayings = ["call stack", "stack overflow", "recursion", "memory"];

/**
 * The fault behind an error that tells of the end of this machine's stack or memory; any other error as it is. To be asked
 * where there is stack again: not where the error was thrown.
 */
export function asFault(error: unknown): unknown {
  if (!(error instanceof Error) || !kinds.includes(error.name)) return error;
  const text = error.message.toLowerCase();
  if (!sayings.some((saying) => text.includes(saying))) return error;
  const reason = `the stack or memory of this machine has ended: ${error.message}`;
  return new HostFault("host/worker-failed", { reason }, { cause: error });
}
