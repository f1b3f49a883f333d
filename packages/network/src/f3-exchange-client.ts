import { type AbortOptions, HostFault } from "@copse/primitives";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError } from "./errors.ts";
import {
  type CertHeader,
  certExchangeProtocol,
  decodeCertHeader,
  encodeCertRequest,
  maxCertHeaderBytes,
  maxCertificateBytes,
  readInstance,
} from "./f3-exchange-codec.ts";
import type { Streams } from "./host-options.ts";
import { ItemCutter } from "./item-cutter.ts";
import { type NetworkMetrics, noMetrics } from "./metrics.ts";
import { readPieces } from "./stream-reading.ts";
import { writeAndClose } from "./stream-writing.ts";

/** Bounds of one request for certificates. */
export interface CertExchangeLimits {
  /** Most milliseconds of a request, from opening the stream to the last byte. Default 10,000, as in go-f3. */
  readonly totalMs: number;
  /** Bytes after which an answer ends early; certificates that came are kept. Default 16 MiB: usual ones have 1 KiB. */
  readonly maxBytes: number;
  /** Most requests at once, all peers together. Default 64. */
  readonly maxRequests: number;
}

/** Bounds of a client that is told nothing. */
export const defaultCertExchangeLimits: CertExchangeLimits = {
  totalMs: 10_000,
  maxBytes: 16 << 20,
  maxRequests: 64,
};

/** What is asked for. */
export interface CertExchangeAsk {
  /** Instance of the first certificate wanted. */
  readonly first: number;
  /** Most certificates wanted. 0 asks for the header alone; a server gives 257 at most. */
  readonly limit: number;
  /** Ask for the power table that validates `first`. Default false. */
  readonly powerTable?: boolean;
}

/** What a peer answered: cut into certificates of rising instances, and not looked at further. */
export interface CertExchangeAnswer {
  /** The next instance the peer says is to be finalized; 0 where it holds none. */
  readonly pending: number;
  /** CBOR of the array of entries; undefined where none was asked for, or the peer has none to give. */
  readonly powerTable: Uint8Array | undefined;
  /** CBOR of each, from `first` on, without a gap. At most 1 MiB each. */
  readonly certificates: readonly Uint8Array[];
  /** What ended the answer early, after the certificates above; `fault` says what it is worth. */
  readonly failure: NetworkError | undefined;
  /** Bytes received. */
  readonly bytes: number;
  /** Milliseconds from the request to the last byte. */
  readonly elapsedMs: number;
}

/** Asks peers for finality certificates. */
export interface CertExchangeClient {
  /** Name of the protocol: who does not speak it need not be asked. */
  readonly protocol: string;
  /**
   * One request on one stream. Certificates that came before a failure are given with it, as go-f3 uses them: a peer that
   * stalls, or goes on with the wrong instance, has still brought what it brought.
   *
   * @throws {NetworkError} where not even the header came, with `fault`; `network/ask-out-of-range` and
   * `network/too-many-requests` are our own
   * @throws {HostFault} `host/aborted`
   */
  request(peer: string, ask: CertExchangeAsk, options?: AbortOptions): Promise<CertExchangeAnswer>;
}

/** Everything the client may touch. */
export interface CertExchangeClientNeeds {
  readonly host: Pick<Streams, "open">;
  /** Name of the F3 network, from its manifest. */
  readonly networkName: string;
  readonly clock?: Clock;
  readonly metrics?: NetworkMetrics;
}

/**
 * A client of certificate exchange. It knows bytes only: whether a certificate holds is for `@copse/f3`.
 *
 * @see go-f3 certexchange/client.go
 * @example
 * const client = createCertExchangeClient({ host, networkName: "filecoin" });
 * const { certificates, pending } = await client.request(peer, { first: 0, limit: 256 });
 */
export function createCertExchangeClient(
  needs: CertExchangeClientNeeds,
  limits?: Partial<CertExchangeLimits>,
): CertExchangeClient {
  const bounds = { ...defaultCertExchangeLimits, ...limits };
  const protocol = certExchangeProtocol(needs.networkName);
  const metrics = needs.metrics ?? noMetrics;
  let running = 0;
  return {
    protocol,
    async request(peer, ask, options = {}) {
      assertAsk("first", ask.first);
      assertAsk("limit", ask.limit === Number.POSITIVE_INFINITY ? 0 : ask.limit);
      if (running >= bounds.maxRequests) {
        throw new NetworkError("network/too-many-requests", { protocol, limit: bounds.maxRequests });
      }
      running++;
      try {
        const answer = await requestOnce(needs, bounds, protocol, peer, ask, options);
        metrics.count("copse_network_certificate_requests_total", 1, answer.failure?.fault ?? "ok");
        metrics.count("copse_network_received_bytes_total", answer.bytes, "f3-exchange");
        return answer;
      } catch (error) {
        const outcome = error instanceof NetworkError ? (error.fault ?? "own") : "aborted";
        metrics.count("copse_network_certificate_requests_total", 1, outcome);
        throw error;
      } finally {
        running--;
      }
    },
  };
}

function assertAsk(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new NetworkError("network/ask-out-of-range", { what, value, limit: Number.MAX_SAFE_INTEGER });
}

async function requestOnce(
  { host, clock = systemClock }: CertExchangeClientNeeds,
  limits: CertExchangeLimits,
  protocol: string,
  peer: string,
  ask: CertExchangeAsk,
  { signal }: AbortOptions,
): Promise<CertExchangeAnswer> {
  const started = clock.now();
  const stream = await host.open(peer, [protocol], { signal, openMs: limits.totalMs });
  const answer = new AnswerReader(protocol, ask, limits.maxBytes);
  const totalMs = Math.max(1, limits.totalMs - (clock.now() - started));
  const options = { clock, totalMs, protocol, peer, signal };
  const reading = readPieces(stream, { ...options, onPiece: (piece) => answer.add(piece) });
  const request = encodeCertRequest({ ...ask, powerTable: ask.powerTable ?? false });
  // the answer may come, and fail, while we still write: its error says more than ours
  const writing = writeAndClose(stream, request, options);
  const [written, read] = await Promise.allSettled([writing, reading]);
  let failure: unknown;
  if (read.status === "rejected") failure = read.reason;
  else if (read.value)
    stream.abort(new Error("enough")); // as go-f3 does: what else it may send is not waited for
  else failure = answer.cut();
  const { header } = answer;
  if (failure instanceof HostFault) throw failure;
  if (header === undefined) {
    if (written.status === "rejected" && read.status === "fulfilled") throw written.reason;
    throw failure;
  }
  if (failure !== undefined && !(failure instanceof NetworkError)) throw failure;
  const { certificates, bytes } = answer;
  const powerTable = ask.powerTable === true ? header.powerTable : undefined;
  const { pending } = header;
  return { pending, powerTable, certificates, failure, bytes, elapsedMs: clock.now() - started };
}

/** Cuts an answer as it comes: a header, then certificates of rising instances. */
export class AnswerReader {
  readonly #protocol: string;
  readonly #ask: CertExchangeAsk;
  readonly #maxBytes: number;
  readonly #cutter: ItemCutter;
  readonly certificates: Uint8Array[] = [];
  header: CertHeader | undefined;
  bytes = 0;

  constructor(protocol: string, ask: CertExchangeAsk, maxBytes: number) {
    this.#protocol = protocol;
    this.#ask = ask;
    this.#maxBytes = maxBytes;
    this.#cutter = new ItemCutter(protocol);
  }

  /** @returns whether all that was asked for is there @throws {NetworkError} */
  add(piece: Uint8Array): boolean {
    this.bytes += piece.byteLength;
    this.#cutter.add(piece);
    const { first, limit, powerTable } = this.#ask;
    if (this.header === undefined) {
      const item = this.#cutter.take(powerTable === true ? maxCertificateBytes : maxCertHeaderBytes);
      if (item === undefined) return false;
      this.header = decodeCertHeader(this.#protocol, item);
    }
    while (this.certificates.length < limit) {
      const item = this.#cutter.take(maxCertificateBytes);
      if (item === undefined) return this.bytes >= this.#maxBytes;
      const asked = first + this.certificates.length;
      const got = readInstance(this.#protocol, item);
      if (got !== asked) throw new NetworkError("network/certificate-out-of-order", { asked, got });
      this.certificates.push(item);
    }
    return true;
  }

  /** What the end of the stream says: an error where it ended inside an item, or before the header. */
  cut(): NetworkError | undefined {
    if (this.header !== undefined && this.#cutter.length === 0) return undefined;
    return new NetworkError("network/message-cut", { protocol: this.#protocol, received: this.bytes });
  }
}
