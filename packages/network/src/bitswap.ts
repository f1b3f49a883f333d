import { type CidBytes, cidOf, toCid } from "@copse/ipld";
import { type AbortOptions, abortFault } from "@copse/primitives";
import type { Stream } from "@libp2p/interface";
import { Answerers } from "./answerers.ts";
import {
  asSpoken,
  type BitswapMessage,
  cidOfPayload,
  decodeBitswap,
  emptyMessage,
  encodeBitswap,
  frame,
  maxBitswapBytes,
  type WantEntry,
} from "./bitswap-codec.ts";
import { type FetchedBlock, type FetchNeeds, fetchBlock } from "./bitswap-fetch.ts";
import { type BitswapServerLimits, BitswapServing, type BlockSource } from "./bitswap-server.ts";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";
import { readFrames } from "./frame-reading.ts";
import type { Streams } from "./host-options.ts";
import { type NetworkLog, type NetworkMetrics, noLog, noMetrics } from "./metrics.ts";
import { bitswapProtocols } from "./protocols.ts";
import { writeAndClose } from "./stream-writing.ts";
import { type Want, Wants } from "./wants.ts";

/** Bounds of the client, beside those of the server. */
export interface BitswapLimits extends BitswapServerLimits {
  /** Most blocks wanted at once. Default 4,096. */
  readonly maxWants: number;
  /**
   * Most milliseconds one peer gets to answer: then its silence is noted, and it comes after others for five minutes. Those
   * are asked beside it after a quarter of that. Default 2,000.
   */
  readonly hedgeMs: number;
  /** Most milliseconds of one block, all peers together. Default 30,000. */
  readonly totalMs: number;
  /** Most milliseconds to hand a message to a peer. Default 10,000. */
  readonly sendMs: number;
}

const defaultLimits: BitswapLimits = {
  maxWants: 4_096,
  hedgeMs: 2_000,
  totalMs: 30_000,
  sendMs: 10_000,
  bytesPerSecond: 4 << 20,
  burstBytes: 16 << 20,
  maxQueuedPerPeer: 1_024,
};

/** Everything bitswap may touch. */
export interface BitswapNeeds {
  readonly host: Pick<Streams, "open" | "handle" | "unhandle">;
  /** Blocks we give others; without it we give none. */
  readonly source?: BlockSource;
  /** Told of a peer that sent garbage or blocks that nobody asked for. */
  readonly onFault?: (peer: string, error: NetworkError) => void;
  readonly clock?: Clock;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
}

/** Fetches blocks by CID, and gives them. */
export interface Bitswap {
  /**
   * A block from the first of the peers that has it: the first is asked at once, others when it says no or takes longer
   * than a quarter of the hedge. Where the first has given nothing lately, three more are asked with it; those that lately
   * kept silent come last. The bytes hash to the CID; they are the caller's.
   *
   * @throws {NetworkError} `network/block-not-found`, `network/too-many-requests`
   * @throws {HostFault} `host/aborted`
   */
  get(cid: CidBytes, peers: readonly string[], options?: AbortOptions): Promise<Uint8Array>;
  /**
   * Whether one peer says it has a block. Its word only; false when it says no, or nothing within the hedge.
   *
   * @throws {HostFault} `host/aborted`
   */
  has(cid: CidBytes, peer: string, options?: AbortOptions): Promise<boolean>;
  /** Several blocks that hang together: peers that gave one are asked first for the next, then those that gave others lately. */
  session(peers: readonly string[]): BitswapSession;
  stop(): Promise<void>;
}

/** A group of fetches that learns who answers. */
export interface BitswapSession {
  get(cid: CidBytes, options?: AbortOptions): Promise<Uint8Array>;
  /** Peers, best first: the order in which they were asked for the last block, whoever gave it before all others. */
  readonly peers: readonly string[];
}

/**
 * Bitswap under Filecoin's protocol names. Resolves once it is registered.
 *
 * @see boxo bitswap, lotus node/modules/chain.go, forest src/libp2p_bitswap
 * @example
 * const bitswap = await startBitswap({ host, source: store });
 * const block = await bitswap.get(cid, [peer]);
 */
export async function startBitswap(needs: BitswapNeeds, limits?: Partial<BitswapLimits>): Promise<Bitswap> {
  const bitswap = new Exchange(needs, { ...defaultLimits, ...limits });
  await needs.host.handle(bitswapProtocols, (stream, peer) => bitswap.listen(stream, peer), { maxInboundStreams: 64 });
  return bitswap;
}

class Exchange implements Bitswap {
  readonly #needs: BitswapNeeds;
  readonly #limits: BitswapLimits;
  readonly #clock: Clock;
  readonly #log: NetworkLog;
  readonly #metrics: NetworkMetrics;
  readonly #stopped = new AbortController();
  readonly #wants: Wants;
  readonly #answerers: Answerers;
  readonly #serving: BitswapServing;
  /** Wants that go to a peer in its next message: all of one turn of the event loop travel together. */
  readonly #outbox = new Map<string, { wants: WantEntry[]; onFailure: (() => void)[] }>();

  constructor(needs: BitswapNeeds, limits: BitswapLimits) {
    this.#needs = needs;
    this.#limits = limits;
    this.#clock = needs.clock ?? systemClock;
    this.#log = needs.log ?? noLog;
    this.#metrics = needs.metrics ?? noMetrics;
    this.#wants = new Wants(limits.maxWants);
    this.#answerers = new Answerers(() => this.#clock.now());
    this.#serving = new BitswapServing({
      source: needs.source,
      send: (peer, message) => this.#send(peer, message),
      clock: this.#clock,
      limits,
      log: this.#log,
      metrics: this.#metrics,
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#serving.stop();
    this.#wants.failAll(new NetworkError("network/host-not-running", { state: "stopped" }));
    await this.#needs.host.unhandle(bitswapProtocols);
  }

  session(peers: readonly string[]): BitswapSession {
    const ranked = this.#answerers.rank(peers);
    return {
      peers: ranked,
      get: async (cid, options) => {
        ranked.splice(0, ranked.length, ...this.#answerers.rank(ranked));
        const { block, from } = await this.#fetch(cid, ranked, options);
        const at = from === undefined ? -1 : ranked.indexOf(from);
        if (at > 0) ranked.unshift(...ranked.splice(at, 1)); // who had this one has its children too
        return block;
      },
    };
  }

  async has(cid: CidBytes, peer: string, options?: AbortOptions): Promise<boolean> {
    const { signal } = options ?? {};
    if (signal?.aborted) throw abortFault(signal);
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        cancel();
        signal?.removeEventListener("abort", onAbort);
        this.#wants.remove(want);
        settle();
      };
      const answer = (says: boolean, from: string, note?: "gave" | "heard" | "answered" | "silent"): void => {
        if (from !== peer) return;
        if (note !== undefined) this.#answerers[note](peer);
        finish(() => resolve(says));
      };
      const want: Want = {
        cid: Uint8Array.from(cid),
        onBlock: (_, from) => answer(true, from, "gave"), // boxo sends small blocks instead of a word
        onHave: (from) => answer(true, from, "heard"),
        onDontHave: (from) => answer(false, from, "answered"),
        onError: (error) => finish(() => reject(error)),
      };
      const onAbort = (): void => finish(() => reject(abortFault(signal as AbortSignal)));
      const askedAt = this.#clock.now();
      const cancel = this.#clock.after(this.#limits.hedgeMs, () => {
        answer(false, peer, this.#answerers.wasHeardSince(peer, askedAt) ? undefined : "silent");
      });
      if (!this.#wants.add(want)) return answer(false, peer);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#post(peer, { cid: want.cid, haveOnly: true, sendDontHave: true }, () => answer(false, peer));
    });
  }

  async get(cid: CidBytes, peers: readonly string[], options?: AbortOptions): Promise<Uint8Array> {
    return (await this.#fetch(cid, this.#answerers.silentLast(peers), options)).block;
  }

  async #fetch(cid: CidBytes, peers: readonly string[], options?: AbortOptions): Promise<FetchedBlock> {
    if (this.#stopped.signal.aborted) throw new NetworkError("network/host-not-running", { state: "stopped" });
    const { signal } = options ?? {};
    if (signal?.aborted) throw abortFault(signal);
    const post: FetchNeeds["post"] = (peer, entry, onFailure) => this.#post(peer, entry, onFailure);
    const needs = { clock: this.#clock, limits: this.#limits, wants: this.#wants, answerers: this.#answerers, post };
    return fetchBlock(cid, peers, needs, { signal });
  }

  /** Handles a stream that a peer opened: answers to our wants, and theirs. */
  async listen(stream: Stream, peer: string): Promise<void> {
    try {
      await readFrames(stream, {
        maxBytes: maxBitswapBytes,
        protocol: stream.protocol,
        signal: this.#stopped.signal,
        onFrame: (bytes) => this.#receive(decodeBitswap(bytes), peer),
      });
      await stream.close({ signal: AbortSignal.timeout(this.#limits.sendMs) });
    } catch (error) {
      if (error instanceof NetworkError && error.fault !== undefined) this.#needs.onFault?.(peer, error);
      throw error;
    }
  }

  #receive(message: BitswapMessage, peer: string): void {
    const blocks = message.blocks.map((block) => ({ cid: cidOfPayload(block), data: block.data }));
    // blocks of protocol 1.0.0 come without prefix: the chain's own is the only one to try
    for (const data of message.bareBlocks) this.#wants.deliver(cidOf(data), data, peer);
    for (const { cid, data } of blocks) {
      const known = this.#wants.deliver(cid, data, peer);
      this.#metrics.count("copse_network_bitswap_blocks_total", 1, known);
      if (known !== "unwanted") continue;
      const error = new NetworkError("network/block-mismatch", { peer, reason: `nobody asked for ${toCid(cid)}` });
      this.#needs.onFault?.(peer, error);
    }
    for (const { cid, has } of message.presences) {
      if (has) this.#wants.have(cid, peer);
      else this.#wants.dontHave(cid, peer);
    }
    if (message.wants.length > 0 || message.full) this.#serving.receive(peer, message.wants, message.full);
  }

  #post(peer: string, entry: WantEntry, onFailure?: () => void): void {
    let box = this.#outbox.get(peer);
    if (box === undefined) {
      box = { wants: [], onFailure: [] };
      this.#outbox.set(peer, box);
      queueMicrotask(() => this.#empty(peer));
    }
    box.wants.push(entry);
    if (onFailure !== undefined) box.onFailure.push(onFailure);
  }

  #empty(peer: string): void {
    const box = this.#outbox.get(peer);
    this.#outbox.delete(peer);
    if (box === undefined || this.#stopped.signal.aborted) return;
    this.#send(peer, { ...emptyMessage, wants: box.wants }).catch((error: unknown) => {
      this.#log("debug", "bitswap wants not sent", { peer, reason: reasonOf(error) });
      for (const fail of box.onFailure) fail();
    });
  }

  async #send(peer: string, message: BitswapMessage): Promise<void> {
    const signal = this.#stopped.signal;
    const stream = await this.#needs.host.open(peer, bitswapProtocols, { signal });
    const { sendMs } = this.#limits;
    const options = { clock: this.#clock, protocol: stream.protocol, peer, totalMs: sendMs, signal };
    const spoken = asSpoken(message, stream.protocol);
    const sent = await writeAndClose(stream, frame(encodeBitswap(spoken)), options);
    this.#metrics.count("copse_network_sent_bytes_total", sent, "bitswap");
  }
}
