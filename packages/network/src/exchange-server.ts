import { CborWriter, type CidBytes } from "@copse/ipld";
import { type AbortOptions, isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { type Clock, pause, systemClock } from "./clock.ts";
import { compactMessages, encodeCompacted, type ListedMessages } from "./compacted.ts";
import {
  decodeExchangeRequest,
  type ExchangeRequest,
  exchangeOptions,
  exchangeStatus,
  maxExchangeRequestBytes,
  maxExchangeTipsets,
} from "./exchange-codec.ts";
import type { Streams } from "./host-options.ts";
import { type NetworkLog, type NetworkMetrics, noLog, noMetrics } from "./metrics.ts";
import { exchangeProtocol } from "./protocols.ts";
import { readToEnd } from "./stream-reading.ts";
import { writeAndClose } from "./stream-writing.ts";

type Awaitable<T> = T | Promise<T>;

/** One tipset of ours. */
export interface SourceTipset {
  /** Chain bytes of each header, in canonical order. Read, not kept. */
  readonly headers: readonly Uint8Array[];
  /** Key of the parents. */
  readonly parents: TipsetKey;
  readonly height: number;
}

/** Where the server finds the chain; the app makes one over its store. Undefined means: not held. */
export interface ChainSource {
  /** A tipset by its key. */
  tipset(key: TipsetKey): Awaitable<SourceTipset | undefined>;
  /**
   * Messages of one block, in its order. Without it, or where it has none to give, requests for messages end there.
   *
   * @param cid of the header, from the tipset's key: no need to hash
   */
  messages?(header: Uint8Array, cid: CidBytes): Awaitable<ListedMessages | undefined>;
}

/** How much the server gives. @see forest src/libp2p/chain_exchange */
export interface ExchangeServerLimits {
  /** Most answers at once. Default 32. */
  readonly maxConcurrent: number;
  /** Most answers at once to one peer. Default 4. */
  readonly maxPerPeer: number;
  /** Bytes after which an answer ends early, as Partial; it holds one tipset at least. Default 10 MiB. */
  readonly maxBytes: number;
  /** Bytes of all answers under way together, after which they end early too. Default 96 MiB. */
  readonly maxTotalBytes: number;
  /** Most milliseconds to read a request. Default 10,000. */
  readonly readMs: number;
  /** Most milliseconds to write an answer. Default 60,000. */
  readonly writeMs: number;
}

/** Limits of a server that is told nothing. */
export const defaultExchangeServerLimits: ExchangeServerLimits = {
  maxConcurrent: 32,
  maxPerPeer: 4,
  maxBytes: 10 << 20,
  maxTotalBytes: 96 << 20,
  readMs: 10_000,
  writeMs: 60_000,
};

/** Everything the server may touch. */
export interface ExchangeServerNeeds {
  readonly host: Pick<Streams, "handle" | "unhandle">;
  readonly source: ChainSource;
  readonly clock?: Clock;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
}

/** A running server. */
export interface ExchangeServer {
  /** Stops answering and ends what is under way. */
  stop(): Promise<void>;
}

/**
 * Answers chain exchange. Resolves once it is registered, which must be before the host starts.
 *
 * Statuses: OK; Partial when genesis, a gap or a limit ends the answer early; NotFound when `head` is not held; GoAway
 * when busy; BadRequest; InternalError when the source fails.
 *
 * @see lotus chain/exchange/server.go, forest src/libp2p/chain_exchange/provider.rs
 * @example
 * const server = await serveExchange({ host, source });
 */
export async function serveExchange(
  needs: ExchangeServerNeeds,
  limits?: Partial<ExchangeServerLimits>,
): Promise<ExchangeServer> {
  const server = new Server(needs, { ...defaultExchangeServerLimits, ...limits });
  // one over the limit a peer may open, so that it is told to go away instead of being reset
  await needs.host.handle([exchangeProtocol], (stream, peer) => server.answer(stream, peer), {
    maxInboundStreams: 32,
  });
  return {
    async stop() {
      server.abort.abort();
      await needs.host.unhandle([exchangeProtocol]);
    },
  };
}

type InStream = Parameters<typeof readToEnd>[0];

/** An answer put together: pieces that joined are its bytes. */
interface Gathered {
  readonly status: number;
  readonly text: string;
  readonly pieces: readonly Uint8Array[];
  readonly tipsets: number;
}

/** Tipsets gathered before others get a turn: a few milliseconds of a warm store. */
const turn = 200;

class Server {
  readonly abort: AbortController = new AbortController();
  readonly #needs: ExchangeServerNeeds;
  readonly #limits: ExchangeServerLimits;
  readonly #clock: Clock;
  readonly #log: NetworkLog;
  readonly #metrics: NetworkMetrics;
  readonly #perPeer = new Map<string, number>();
  #running = 0;
  #bytes = 0;

  constructor(needs: ExchangeServerNeeds, limits: ExchangeServerLimits) {
    this.#needs = needs;
    this.#limits = limits;
    this.#clock = needs.clock ?? systemClock;
    this.#log = needs.log ?? noLog;
    this.#metrics = needs.metrics ?? noMetrics;
  }

  async answer(stream: InStream, peer: string): Promise<void> {
    const ofPeer = this.#perPeer.get(peer) ?? 0;
    const busy = this.#running >= this.#limits.maxConcurrent || ofPeer >= this.#limits.maxPerPeer;
    this.#perPeer.set(peer, ofPeer + 1);
    this.#running++;
    const held = { bytes: 0 };
    try {
      const options = { protocol: exchangeProtocol, peer, clock: this.#clock, signal: this.abort.signal };
      const { readMs, writeMs } = this.#limits;
      const bytes = await readToEnd(stream, {
        ...options,
        limits: { maxBytes: maxExchangeRequestBytes, firstByteMs: readMs, totalMs: readMs },
      });
      const gathered = busy ? refusal(exchangeStatus.goAway, "busy") : await this.#gather(bytes, held, options);
      this.#metrics.count("copse_network_exchange_served_total", 1, String(gathered.status));
      const sent = await writeAndClose(stream, encodeAnswer(gathered), { ...options, totalMs: writeMs });
      this.#metrics.count("copse_network_sent_bytes_total", sent, "exchange");
    } finally {
      this.#running--;
      this.#bytes -= held.bytes;
      const left = (this.#perPeer.get(peer) ?? 1) - 1;
      if (left > 0) this.#perPeer.set(peer, left);
      else this.#perPeer.delete(peer);
    }
  }

  async #gather(bytes: Uint8Array, held: { bytes: number }, options: AbortOptions): Promise<Gathered> {
    let request: ExchangeRequest;
    try {
      request = decodeExchangeRequest(bytes);
    } catch (error) {
      if (!isCopseError(error)) throw error;
      return refusal(exchangeStatus.badRequest, "the request does not decode");
    }
    const { head, length } = request;
    const bits = request.options & (exchangeOptions.headers | exchangeOptions.messages);
    if (bits === 0) return refusal(exchangeStatus.badRequest, "no options set");
    if (head.length === 0) return refusal(exchangeStatus.badRequest, "no head given");
    if (length < 1 || length > maxExchangeTipsets) {
      return refusal(exchangeStatus.badRequest, `length ${length}, limit ${maxExchangeTipsets}`);
    }
    try {
      return await this.#walk(head, length, bits, held, options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log("warn", "chain source failed while serving", { reason });
      return refusal(exchangeStatus.internalError, "the store failed");
    }
  }

  async #walk(
    head: TipsetKey,
    length: number,
    bits: number,
    held: { bytes: number },
    options: AbortOptions,
  ): Promise<Gathered> {
    const { source } = this.#needs;
    const { maxBytes, maxTotalBytes } = this.#limits;
    const pieces: Uint8Array[] = [];
    let tipsets = 0;
    for (let key = head; tipsets < length && key.length > 0; ) {
      const found = source.tipset(key);
      const tipset = found instanceof Promise ? await found : found;
      if (tipset === undefined) break;
      const before = pieces.length;
      let size = 0;
      if (!(await this.#add(pieces, key, tipset, bits))) break;
      for (let i = before; i < pieces.length; i++) size += pieces[i]?.length ?? 0;
      if (tipsets > 0 && (held.bytes + size > maxBytes || this.#bytes + size > maxTotalBytes)) {
        pieces.length = before; // the first always goes, or a peer could not get on
        break;
      }
      held.bytes += size;
      this.#bytes += size;
      tipsets++;
      if (tipset.height === 0) break; // the parent named by genesis is no tipset
      key = tipset.parents;
      if (tipsets % turn === 0) await pause(this.#clock, 0, options.signal);
    }
    if (tipsets === 0) return refusal(exchangeStatus.notFound, "no such tipset here");
    const complete = tipsets === length;
    return { status: complete ? exchangeStatus.ok : exchangeStatus.partial, text: "", pieces, tipsets };
  }

  /** Adds one tipset; false, with nothing added, when its messages are not held. */
  async #add(pieces: Uint8Array[], key: TipsetKey, tipset: SourceTipset, bits: number): Promise<boolean> {
    const lists: ListedMessages[] = [];
    if ((bits & exchangeOptions.messages) !== 0) {
      const cids = TipsetKey.cidBytes(key);
      for (const [i, header] of tipset.headers.entries()) {
        const found = this.#needs.source.messages?.(header, cids[i] as CidBytes);
        const list = found instanceof Promise ? await found : found;
        if (list === undefined) return false;
        lists.push(list);
      }
    }
    const headers = (bits & exchangeOptions.headers) === 0 ? [] : tipset.headers;
    pieces.push(new CborWriter(8).array(2).array(headers.length).finish(), ...headers);
    if ((bits & exchangeOptions.messages) === 0) pieces.push(Uint8Array.of(0xf6));
    else pieces.push(...encodeCompacted(compactMessages(lists)));
    return true;
  }
}

function refusal(status: number, text: string): Gathered {
  return { status, text, pieces: [], tipsets: 0 };
}

function* encodeAnswer(answer: Gathered): Generator<Uint8Array> {
  yield new CborWriter().array(3).uint(answer.status).text(answer.text).array(answer.tipsets).finish();
  yield* answer.pieces;
}

/** A source that holds nothing: registers the protocol for a node that serves no chain. */
export const emptyChainSource: ChainSource = { tipset: () => undefined };
