import type { AbortOptions } from "@copse/primitives";
import type { PowerEntry } from "../types.ts";

/** One peer that serves certificates. Nothing it says is trusted. */
export interface CertificateSource {
  /** Names the peer in reports. */
  readonly peer: string;
  /** Raw certificates from `first` on, in order, at most `limit`. */
  fetch(
    request: { readonly first: number; readonly limit: number; readonly powerTable?: boolean },
    options?: AbortOptions,
  ): Promise<{
    /** The instance the peer works on; 0 where it holds none. */
    readonly pending: number;
    readonly powerTable?: readonly PowerEntry[];
    readonly certificates: readonly Uint8Array[];
  }>;
}
