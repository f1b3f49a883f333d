import { HostFault } from "./errors.ts";

/** Options of everything that takes long: end it early through `signal`. */
export interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Throws when the signal has fired.
 *
 * @throws {HostFault} `host/aborted`
 * @example
 * assertNotAborted(options.signal);
 */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortFault(signal);
}

/** The fault a fired signal becomes; its reason is kept as `cause`. */
export function abortFault(signal: AbortSignal): HostFault<"host/aborted"> {
  const reason: unknown = signal.reason;
  return new HostFault(
    "host/aborted",
    { reason: reason instanceof Error ? reason.message : String(reason) },
    { cause: reason },
  );
}
