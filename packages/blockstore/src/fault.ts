import { HostFault, isCopseError } from "@copse/primitives";

/** What a failure of the engine becomes: coded errors pass, all else is trouble of the host. */
export function storeFault(operation: string, error: unknown): unknown {
  if (isCopseError(error)) return error;
  const reason = reasons(error).join(": ");
  return new HostFault("host/store-failed", { operation, reason }, { cause: error });
}

/** Runs work on the engine. @throws {HostFault} `host/store-failed` */
export function guarded<T>(operation: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeFault(operation, error);
  }
}

/** What an error says, and what those behind it say: engines wrap what the system told them. */
function reasons(error: unknown): string[] {
  if (!(error instanceof Error)) return error === undefined ? [] : [String(error)];
  return [error.message, ...reasons(error.cause)];
}
