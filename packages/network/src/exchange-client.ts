import type { AbortOptions } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError } from "./errors.ts";
import {
  decodeExchangeResponse,
  type ExchangeResponse,
  encodeExchangeRequest,
  exchangeOptions,
  exchangeStatus,
  maxExchangeTipsets,
  type RawTipset,
} from "./exchange-codec.ts";
import type { Streams } from "./host-options.ts";
import { type NetworkMetrics, noMetrics } from "./metrics.ts";
import { exchangeProtocol } from "./protocols.ts";
import { readToEnd } from "./stream-reading.ts";
import { writeAndClose } from "./stream-writing.ts";

/** Bounds of one request. */
export interface ExchangeLimits {
  /** Most bytes of any answer, 120 MiB by default. Answers of headers alone get 64 KiB a tipset. */
  readonly maxBytes: number;
  /** Most milliseconds to agree on the protocol. Default 10,000. */
  readonly openMs: number;
  /** Most milliseconds to take our request. Default 5,000. */
  readonly writeMs: number;
  /** Most milliseconds until the first byte of the answer. Default 20,000. */
  readonly firstByteMs: number;
  /** Most milliseconds until its last byte. Default 60,000. */
  readonly totalMs: number;
  /** Least bytes a second after the first byte. Default 50 KiB. */
  readonly floor: number;
  /** Milliseconds over which the floor is measured. Default 2,000. */
  readonly floorWindowMs: number;
  /** Most requests at once, all peers together. Default 64. */
  readonly maxRequests: number;
}

/** Bounds of a client that is told nothing. @see lotus chain/exchange/client.go, forest src/libp2p/chain_exchange */
export const defaultExchangeLimits: ExchangeLimits = {
  maxBytes: 120 << 20,
  openMs: 10_000,
  writeMs: 5_000,
  firstByteMs: 20_000,
  totalMs: 60_000,
  floor: 50 << 10,
  floorWindowMs: 2_000,
  maxRequests: 64,
};

/** What is asked for. */
export interface ExchangeAsk {
  /** Key of the newest tipset wanted. */
  readonly head: TipsetKey;
  /** Tipsets wanted, `head` included, towards genesis: 1 to 900. */
  readonly count: number;
  /** Default true. */
  readonly headers?: boolean;
  /** Default false. */
  readonly messages?: boolean;
}

/** Options of one request. */
export interface ExchangeRequestOptions extends AbortOptions {
  /** Most bytes of this answer, where less than the client's limit. */
  readonly maxBytes?: number;
  /** Most milliseconds of this answer, where less than the client's limit. */
  readonly totalMs?: number;
}

/** What a peer answered: structurally sound, not checked further. */
export interface ExchangeAnswer {
  /** Newest first. At least one. Views of one buffer of `bytes` bytes. */
  readonly tipsets: readonly RawTipset[];
  /** The peer stopped before `count`: it holds no more, or answers no more at once. */
  readonly partial: boolean;
  /** Size of the answer. */
  readonly bytes: number;
  /** Milliseconds from the request to the first byte: latency and the peer's own work. */
  readonly firstByteMs: number;
  /** Milliseconds from the request to the last byte. */
  readonly elapsedMs: number;
}

/** Asks peers for tipsets. */
export interface ExchangeClient {
  /**
   * One request on one stream. The answer's structure is checked; that the headers are those asked for, that they link,
   * and that messages match their headers is the caller's to check.
   *
   * @throws {NetworkError} with `fault` saying what the peer did; `network/ask-out-of-range` and
   * `network/too-many-requests` are our own
   * @throws {HostFault} `host/aborted`
   */
  request(peer: string, ask: ExchangeAsk, options?: ExchangeRequestOptions): Promise<ExchangeAnswer>;
}

/** Everything the client may touch. */
export interface ExchangeClientNeeds {
  readonly host: Pick<Streams, "open">;
  readonly clock?: Clock;
  readonly metrics?: NetworkMetrics;
}

/**
 * A client of chain exchange.
 *
 * @see lotus chain/exchange/client.go
 * @example
 * const client = createExchangeClient({ host });
 * const { tipsets } = await client.request(peer, { head: key, count: 900 });
 */
export function createExchangeClient(needs: ExchangeClientNeeds, limits?: Partial<ExchangeLimits>): ExchangeClient {
  const bounds = { ...defaultExchangeLimits, ...limits };
  const metrics = needs.metrics ?? noMetrics;
  let running = 0;
  return {
    async request(peer, ask, options = {}) {
      if (running >= bounds.maxRequests) {
        throw new NetworkError("network/too-many-requests", { protocol: exchangeProtocol, limit: bounds.maxRequests });
      }
      running++;
      try {
        const answer = await requestOnce(needs, bounds, peer, ask, options);
        metrics.count("copse_network_exchange_requests_total", 1, answer.partial ? "partial" : "ok");
        metrics.count("copse_network_received_bytes_total", answer.bytes, "exchange");
        return answer;
      } catch (error) {
        const outcome = error instanceof NetworkError ? (error.fault ?? "own") : "aborted";
        metrics.count("copse_network_exchange_requests_total", 1, outcome);
        throw error;
      } finally {
        running--;
      }
    },
  };
}

/** Bytes a tipset of headers may take: 15 headers of 4 KiB and more. */
const headersBytesPerTipset = 64 << 10;

async function requestOnce(
  needs: ExchangeClientNeeds,
  limits: ExchangeLimits,
  peer: string,
  ask: ExchangeAsk,
  options: ExchangeRequestOptions,
): Promise<ExchangeAnswer> {
  const bits = (ask.headers === false ? 0 : exchangeOptions.headers) | (ask.messages ? exchangeOptions.messages : 0);
  const { count } = ask;
  if (!Number.isInteger(count) || count < 1 || count > maxExchangeTipsets) {
    throw new NetworkError("network/ask-out-of-range", { what: "count", value: count, limit: maxExchangeTipsets });
  }
  if (bits === 0) throw new NetworkError("network/ask-out-of-range", { what: "options", value: 0, limit: 3 });
  if (ask.head.length === 0) throw new NetworkError("network/ask-out-of-range", { what: "head", value: 0, limit: 0 });
  const request = encodeExchangeRequest({ head: ask.head, length: count, options: bits });
  const { signal } = options;
  const clock = needs.clock ?? systemClock;
  const protocol = exchangeProtocol;
  const stream = await needs.host.open(peer, [protocol], { signal, openMs: limits.openMs });
  const started = clock.now();
  let firstByte = started;
  const reading = readToEnd(stream, {
    limits: {
      maxBytes: Math.min(
        options.maxBytes ?? limits.maxBytes,
        bits === exchangeOptions.headers ? (count + 1) * headersBytesPerTipset : limits.maxBytes,
      ),
      firstByteMs: limits.firstByteMs,
      totalMs: Math.min(options.totalMs ?? limits.totalMs, limits.totalMs),
      floor: limits.floor,
      floorWindowMs: limits.floorWindowMs,
    },
    clock,
    protocol,
    peer,
    signal,
    onFirstByte: () => {
      firstByte = clock.now();
    },
  });
  // the answer may come, and fail, while we still write: its error says more than ours
  const writing = writeAndClose(stream, request, { clock, totalMs: limits.writeMs, protocol, peer, signal });
  const [written, read] = await Promise.allSettled([writing, reading]);
  if (read.status === "rejected") throw read.reason;
  const bytes = read.value;
  if (bytes.length === 0) {
    if (written.status === "rejected") throw written.reason;
    throw new NetworkError("network/message-cut", { protocol, received: 0 });
  }
  const response = decodeExchangeResponse(bytes, count, bits);
  const elapsedMs = clock.now() - started;
  const partial = judge(response, count);
  return { tipsets: response.tipsets, partial, bytes: bytes.length, firstByteMs: firstByte - started, elapsedMs };
}

/** True when partial: fewer than asked is said so, also at genesis. @see lotus chain/exchange/client.go `processResponse` */
function judge(response: ExchangeResponse, asked: number): boolean {
  const { status, text, tipsets } = response;
  if (status !== exchangeStatus.ok && status !== exchangeStatus.partial) {
    throw new NetworkError("network/refused", { protocol: exchangeProtocol, status, reason: text });
  }
  const got = tipsets.length;
  const partial = status === exchangeStatus.partial;
  if (got === 0 || (got < asked && !partial))
    throw new NetworkError("network/less-than-claimed", { asked, got, status });
  return partial;
}
