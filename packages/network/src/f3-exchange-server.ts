import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { Stream } from "@libp2p/interface";
import { AskBudget } from "./ask-budget.ts";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError } from "./errors.ts";
import {
  type CertRequest,
  certExchangeProtocol,
  decodeCertRequest,
  encodeCertHeader,
  maxCertificates,
  maxCertRequestBytes,
} from "./f3-exchange-codec.ts";
import type { Streams } from "./host-options.ts";
import { ItemCutter } from "./item-cutter.ts";
import { type NetworkLog, type NetworkMetrics, noLog, noMetrics } from "./metrics.ts";
import { readPieces } from "./stream-reading.ts";
import { writeAndClose } from "./stream-writing.ts";

type Awaitable<T> = T | Promise<T>;

/** Where the server finds certificates; the app makes one over its certificate store. */
export interface CertificateBytes {
  /** The next instance to be finalized: one past the newest certificate; 0 where there is none. */
  pending(): Awaitable<number>;
  /**
   * CBOR of the entries of the table that validates an instance up to `pending`; undefined where that is not known. The
   * signal fires when nobody waits for it any more: the stream closed, or its time is over.
   */
  powerTable(instance: number, options: AbortOptions): Awaitable<Uint8Array | undefined>;
  /** CBOR of a certificate; undefined where it is not held. */
  certificate(instance: number): Awaitable<Uint8Array | undefined>;
}

/** How much the server gives. */
export interface CertServerLimits {
  /** Most answers at once. Default 16. */
  readonly maxConcurrent: number;
  /** Most answers at once to one peer. Default 4. */
  readonly maxPerPeer: number;
  /** Bytes after which an answer ends early; it holds one certificate at least. Default 4 MiB. */
  readonly maxBytes: number;
  /** Most milliseconds of a request, from its first byte to the end of the answer. Default 60,000, as in go-f3. */
  readonly totalMs: number;
  /** Power tables that a peer may ask for at once: they are work, and a client needs one. Default 4. */
  readonly tableBurst: number;
  /** Power tables a second that a peer may ask for, for long. Default 2. */
  readonly tablesPerSecond: number;
}

/** Limits of a server that is told nothing. */
export const defaultCertServerLimits: CertServerLimits = {
  maxConcurrent: 16,
  maxPerPeer: 4,
  maxBytes: 4 << 20,
  totalMs: 60_000,
  tableBurst: 4,
  tablesPerSecond: 2,
};

/** Everything the server may touch. */
export interface CertServerNeeds {
  readonly host: Pick<Streams, "handle" | "unhandle">;
  /** Name of the F3 network, from its manifest. */
  readonly networkName: string;
  readonly source: CertificateBytes;
  readonly clock?: Clock;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
}

/** A running server. */
export interface CertServer {
  /** Stops answering and ends what is under way. */
  stop(): Promise<void>;
}

/**
 * Answers certificate exchange. Resolves once it is registered.
 *
 * As go-f3 does: the request is answered as soon as it is whole; a limit above 256 counts as 256; both ends of the range
 * are within, so one more comes than was asked for, and one where the limit is 0; nothing at or past the pending instance
 * that the header names. The protocol has no word for no: what cannot be answered is reset, and so is a peer that asks for
 * more power tables than it may.
 *
 * @see go-f3 certexchange/server.go
 * @example
 * const server = await serveCertExchange({ host, networkName: "filecoin", source });
 */
export async function serveCertExchange(
  needs: CertServerNeeds,
  limits?: Partial<CertServerLimits>,
): Promise<CertServer> {
  const protocol = certExchangeProtocol(needs.networkName);
  const bounds = { ...defaultCertServerLimits, ...limits };
  const over = new AbortController();
  const metrics = needs.metrics ?? noMetrics;
  const log = needs.log ?? noLog;
  const clock = needs.clock ?? systemClock;
  const perPeer = new Map<string, number>();
  const tables = new AskBudget(clock, { burst: bounds.tableBurst, perSecond: bounds.tablesPerSecond });
  let running = 0;
  const answer: Parameters<Streams["handle"]>[1] = async (stream, peer) => {
    const ofPeer = perPeer.get(peer) ?? 0;
    if (running >= bounds.maxConcurrent || ofPeer >= bounds.maxPerPeer) {
      metrics.count("copse_network_certificate_answers_total", 1, "busy");
      stream.abort(new Error("busy"));
      return;
    }
    perPeer.set(peer, ofPeer + 1);
    running++;
    const started = clock.now();
    const options = () => {
      const totalMs = Math.max(1, bounds.totalMs - (clock.now() - started));
      return { clock, totalMs, protocol, peer, signal: over.signal };
    };
    let outcome = "failed";
    try {
      const cutter = new ItemCutter(protocol);
      let item: Uint8Array | undefined;
      const whole = await readPieces(stream, {
        ...options(),
        onPiece(piece) {
          cutter.add(piece);
          item = cutter.take(maxCertRequestBytes);
          return item !== undefined;
        },
      });
      if (!whole || item === undefined) {
        throw new NetworkError("network/message-cut", { protocol, received: cutter.length });
      }
      const request = decodeCertRequest(protocol, item);
      if (request.powerTable && !tables.take(peer)) {
        outcome = "busy";
        throw new NetworkError("network/too-many-requests", { protocol, limit: bounds.tableBurst });
      }
      const { maxBytes } = bounds;
      const pieces = await whileWanted(stream, options(), (signal) => gather(needs.source, request, maxBytes, signal));
      const sent = await writeAndClose(stream, pieces, options());
      metrics.count("copse_network_sent_bytes_total", sent, "f3-exchange");
      outcome = "ok";
    } catch (error) {
      log("debug", "certificates were not served", { peer, reason: String(error) });
      throw error; // the host resets the stream
    } finally {
      metrics.count("copse_network_certificate_answers_total", 1, outcome);
      running--;
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left > 0) perPeer.set(peer, left);
      else perPeer.delete(peer);
    }
  };
  await needs.host.handle([protocol], answer, { maxInboundStreams: bounds.maxPerPeer + 1 });
  return {
    async stop() {
      over.abort();
      await needs.host.unhandle([protocol]);
    },
  };
}

/** Has a signal end work that nobody waits for any more: the stream closed, its time is over, or the server stops. */
async function whileWanted<T>(
  stream: Stream,
  options: { readonly clock: Clock; readonly totalMs: number; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const onClose = (): void => done.abort(new Error("the stream closed"));
  const onStop = (): void => done.abort(options.signal.reason);
  const cancel = options.clock.after(options.totalMs, () => done.abort(new Error("the answer is late")));
  stream.addEventListener("close", onClose);
  options.signal.addEventListener("abort", onStop);
  try {
    if (options.signal.aborted) onStop();
    if (stream.status !== "open") onClose();
    return await work(done.signal);
  } finally {
    cancel();
    stream.removeEventListener("close", onClose);
    options.signal.removeEventListener("abort", onStop);
  }
}

/** The pieces of an answer. */
async function gather(
  source: CertificateBytes,
  { first, limit, powerTable }: CertRequest,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const pending = await source.pending();
  assertNotAborted(signal);
  let table: Uint8Array | undefined;
  if (powerTable && pending >= first) {
    table = await source.powerTable(first, { signal });
    if (table === undefined) {
      throw new NetworkError("network/ask-out-of-range", {
        what: "instance of a power table",
        value: first,
        limit: pending,
      });
    }
  }
  const pieces = encodeCertHeader({ pending, powerTable: table });
  const end = Math.min(first + Math.min(limit, maxCertificates), pending - 1);
  let bytes = 0;
  for (let instance = first; instance <= end && bytes < maxBytes; instance++) {
    const certificate = await source.certificate(instance);
    assertNotAborted(signal);
    if (certificate === undefined) break;
    bytes += certificate.length;
    pieces.push(certificate);
  }
  return pieces;
}
