import type { AbortOptions } from "@copse/primitives";
import { F3Error } from "../errors.ts";

/** What is asked of a source. */
export interface CertificateAsk {
  /** Instance of the first certificate wanted. */
  readonly first: number;
  /** Most certificates wanted; 0 asks for what is pending alone. */
  readonly limit: number;
  /** Ask for the power table that validates `first`, too. */
  readonly powerTable?: boolean;
}

/** What a source answered. Nothing of it is checked. */
export interface CertificateAnswer {
  /** The next instance the source says is to be finalized; 0 where it holds none. */
  readonly pending: number;
  /** CBOR of the entries of the table asked for. */
  readonly powerTable?: Uint8Array | undefined;
  /** CBOR of each certificate, from `first` on. */
  readonly certificates: readonly Uint8Array[];
  /** What ended the answer early; the certificates above came before it. */
  readonly failure?: Error | undefined;
}

/** One peer that serves certificates. The client of `@copse/network/f3-exchange` answers so. */
export interface CertificateSource {
  /** Names the peer in reports. */
  readonly peer: string;
  fetch(ask: CertificateAsk, options: AbortOptions): Promise<CertificateAnswer>;
}

/** What a source did. `lie`: what it sent is false or no certificate. `stall`: nothing came in time. `failed`: the rest. */
export interface SourceFault {
  readonly peer: string;
  readonly kind: "lie" | "stall" | "failed";
  readonly error: Error;
}

const lies: ReadonlySet<unknown> = new Set([
  "f3/source-garbage",
  "f3/source-too-many",
  "f3/source-other-table",
  "f3/store-conflict",
]);

/** What an error that a source throws, or sends us into, says about it. Network errors name their `fault`. */
export function faultKind(error: Error): SourceFault["kind"] {
  const { code, fault } = error as { code?: unknown; fault?: unknown };
  if (error instanceof F3Error || lies.has(code)) return "lie";
  if (fault === "stall" || code === "f3/source-late") return "stall";
  if (fault === "lie") return "lie";
  // an answer that was cut may be its sender's death
  if (fault === "garbage") return code === "network/message-cut" ? "failed" : "lie";
  return "failed";
}
