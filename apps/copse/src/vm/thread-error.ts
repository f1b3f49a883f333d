import { CopseError, HostFault, isCopseError } from "@copse/primitives";

/** An error in its parts, since threads take no classes along. */
export interface ThreadError {
  /** `undefined` of an error that is our own bug. */
  readonly code: string | undefined;
  readonly message: string;
  readonly facts: unknown;
}

/** Takes an error apart, on the thread where it was thrown. */
export function partsOf(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error);
  if (isCopseError(error)) return { code: error.code, facts: error.facts, message };
  return { code: undefined, facts: undefined, message };
}

/** The error of its parts, for the thread that asked; one without a code is a failed thread. */
export function errorOf({ code, message, facts }: ThreadError): CopseError {
  return code === undefined
    ? new HostFault("host/worker-failed", { reason: message })
    : new CopseError(code, message, facts);
}
