import { HostFault, isCopseError } from "@copse/primitives";

/** What a failure of the engine becomes: coded errors pass, all else is trouble of the host. */
export function storeFault(operation: string, error: unknown): unknown {
  if (isCopseError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
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
