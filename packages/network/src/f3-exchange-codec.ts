import { CborReader, CborWriter } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { NetworkError } from "./errors.ts";

/**
 * Certificate exchange of one F3 network.
 *
 * @see go-f3 certexchange/protocol.go `FetchProtocolName`
 * @example
 * certExchangeProtocol("filecoin") // => "/f3/certexch/get/1/filecoin"
 */
export const certExchangeProtocol = (networkName: string): string => `/f3/certexch/get/1/${networkName}`;

/** Most certificates a server counts of a limit. It sends one more: both ends are within. @see go-f3 certexchange/server.go */
export const maxCertificates = 256;
/** Most bytes of an answer's header without a power table. @see go-f3 certexchange/client.go */
export const maxCertHeaderBytes = 100;
/** Most bytes of a certificate, and of a header with a power table. @see go-f3 certexchange/client.go `maxPowerTableSize` */
export const maxCertificateBytes: number = 1 << 20;
/** Most bytes of a request: it has no part of its own length. */
export const maxCertRequestBytes = 20;
/** Most members of a power table. @see go-f3 certexchange/cbor_gen.go */
const maxPowerEntries = 8192;
const noLimit = 2n ** 64n - 1n;

/** A request. Shape: `[u64 first, u64 limit, bool power table]`, with nothing around it. */
export interface CertRequest {
  /** Instance of the first certificate wanted. */
  readonly first: number;
  /** Certificates wanted; `Infinity` for all there are. */
  readonly limit: number;
  /** Whether the table that validates `first` is wanted too. */
  readonly powerTable: boolean;
}

/** What comes before the certificates. Shape: `[u64 pending, [entry…]]`. */
export interface CertHeader {
  /** The next instance to be finalized; 0 where none is. */
  readonly pending: number;
  /** CBOR of the array of entries, a view; undefined where it is empty. */
  readonly powerTable: Uint8Array | undefined;
}

/** The bytes of a request. */
export function encodeCertRequest({ first, limit, powerTable }: CertRequest): Uint8Array {
  const most = limit === Number.POSITIVE_INFINITY ? noLimit : limit;
  return new CborWriter().array(3).uint(first).uint(most).bool(powerTable).finish();
}

/**
 * Reads a request. What is past 2^53 is no instance that any chain comes to: it is read as the end of numbers.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeCertRequest(protocol: string, bytes: Uint8Array): CertRequest {
  return reading(protocol, "request", () => {
    const reader = new CborReader(bytes);
    reader.array(3);
    const [first, limit, powerTable] = [reader.uint(), reader.uint(), reader.bool()];
    reader.end();
    const clamp = (value: bigint): number => Number(value < 2n ** 53n ? value : 2n ** 53n - 1n);
    return { first: clamp(first), limit: clamp(limit), powerTable };
  });
}

/** The bytes of a header. `powerTable` is the CBOR of the array of entries. */
export function encodeCertHeader({ pending, powerTable }: CertHeader): Uint8Array[] {
  return [new CborWriter().array(2).uint(pending).finish(), powerTable ?? Uint8Array.of(0x80)];
}

/**
 * Reads a header; the entries are cut out and not looked at.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeCertHeader(protocol: string, bytes: Uint8Array): CertHeader {
  return reading(protocol, "header", () => {
    const reader = new CborReader(bytes);
    reader.array(2);
    const pending = reader.safeUint();
    const start = reader.offset;
    const entries = reader.array(undefined, maxPowerEntries);
    return { pending, powerTable: entries === 0 ? undefined : bytes.subarray(start) };
  });
}

/**
 * The instance of a certificate, read from its first bytes; the rest is not looked at.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function readInstance(protocol: string, bytes: Uint8Array): number {
  return reading(protocol, "certificate", () => {
    const reader = new CborReader(bytes);
    reader.array(6);
    return reader.safeUint();
  });
}

function reading<T>(protocol: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new NetworkError("network/message-malformed", { protocol, what, reason: error.message }, { cause: error });
  }
}
