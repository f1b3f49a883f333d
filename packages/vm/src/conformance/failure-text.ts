import type { Failure } from "../call-manager/backtrace.ts";

/** How a message failed, as one line: the cause, then the actors it unwound, innermost first. */
export function failureText({ cause, frames }: Failure): string {
  const parts = frames.map(
    ({ source, method, exitCode, message }) => `f0${source} method ${method} exit ${exitCode}: ${message}`,
  );
  if (cause?.kind === "fatal") parts.unshift(cause.reason);
  if (cause?.kind === "syscall") parts.unshift(`${cause.module}.${cause.name}: ${cause.error}: ${cause.reason}`);
  return parts.join("; ");
}
