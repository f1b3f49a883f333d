import { HostFault, isCopseError } from "@copse/primitives";

/** Trouble of the file system is the host's, not the file's. */
export async function host<T>(operation: string, path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isCopseError(error)) throw error;
    const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
    throw new HostFault("host/store-failed", { operation, reason }, { cause: error });
  }
}
