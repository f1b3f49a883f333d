import { HostFault, isCopseError } from "@copse/primitives";

/** Trouble of the file system is the host's, not the bundle's. @throws {HostFault} `host/store-failed` */
export async function host<T>(operation: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fault(operation, path, error);
  }
}

/** The fault that an error of the file system is. */
export function fault(operation: string, path: string, error: unknown): unknown {
  if (isCopseError(error)) return error;
  const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
  return new HostFault("host/store-failed", { operation, reason }, { cause: error });
}
