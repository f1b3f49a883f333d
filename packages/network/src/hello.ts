import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, equalBytes, HostFault, toHex } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import type { Stream } from "@libp2p/interface";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";
import {
  decodeHello,
  decodeHelloAnswer,
  encodeHello,
  encodeHelloAnswer,
  type Hello,
  maxHelloAnswerBytes,
  maxHelloBytes,
} from "./hello-codec.ts";
import type { Host } from "./host.ts";
import { type NetworkLog, type NetworkMetrics, noLog, noMetrics } from "./metrics.ts";
import { helloProtocol } from "./protocols.ts";
import { readToEnd } from "./stream-reading.ts";
import { writeAndClose } from "./stream-writing.ts";

/** A head that a peer says it has: a candidate, one peer's word. */
export interface PeerHead {
  readonly peer: string;
  readonly head: TipsetKey;
  readonly height: number;
  readonly weight: bigint;
}

/** Deadlines of hello. */
export interface HelloLimits {
  /** Most milliseconds to read or write either message. Default 10,000. */
  readonly messageMs: number;
  /** Most milliseconds a peer may wait before it says hello; then it is dropped. Default 30,000; 0 lets it stay. */
  readonly silenceMs: number;
}

/** Everything hello may touch. */
export interface HelloNeeds {
  readonly host: Pick<Host, "open" | "handle" | "unhandle" | "on" | "disconnect">;
  /** Our own head, asked anew for every peer. At the start: genesis, height 0, weight 0. */
  readonly head: () => Omit<Hello, "genesis">;
  /** CID of our genesis. */
  readonly genesis: CidBytes;
  /** Told of every head a peer says hello with. */
  readonly onHead: (head: PeerHead) => void;
  /** Told of the time our own hello took to be answered. */
  readonly onLatency?: (peer: string, latencyMs: number) => void;
  /** Told of a peer that failed at hello, before it is dropped (`network/genesis-mismatch`) or kept. */
  readonly onFault?: (peer: string, error: NetworkError) => void;
  /** Peers that are never dropped: bootstrappers. */
  readonly protects?: (peer: string) => boolean;
  readonly clock?: Clock;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
}

/** A running hello service. */
export interface HelloService {
  /** Says hello to one peer now; resolves with the milliseconds its answer took. Joining peers get one anyway. */
  say(peer: string, options?: AbortOptions): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Says hello to every peer that joins and answers theirs. A peer of another genesis is disconnected. Resolves once it is
 * registered, which must be before the host starts.
 *
 * @see lotus node/hello/hello.go, forest src/libp2p/hello
 */
export async function serveHello(needs: HelloNeeds, limits?: Partial<HelloLimits>): Promise<HelloService> {
  const service = new Hellos(needs, { messageMs: 10_000, silenceMs: 30_000, ...limits });
  await needs.host.handle([helloProtocol], (stream, peer) => service.answer(stream, peer), { maxInboundStreams: 2 });
  return service;
}

/** Peers remembered to have spoken: more than may be connected. */
const maxSpoke = 1_024;

class Hellos implements HelloService {
  readonly #needs: HelloNeeds;
  readonly #limits: HelloLimits;
  readonly #clock: Clock;
  readonly #log: NetworkLog;
  readonly #metrics: NetworkMetrics;
  readonly #stopped = new AbortController();
  readonly #silent = new Map<string, () => void>();
  /** Peers that said hello, some of them before their identify was done. */
  readonly #spoke = new Set<string>();
  readonly #unlisten: () => void;

  constructor(needs: HelloNeeds, limits: HelloLimits) {
    this.#needs = needs;
    this.#limits = limits;
    this.#clock = needs.clock ?? systemClock;
    this.#log = needs.log ?? noLog;
    this.#metrics = needs.metrics ?? noMetrics;
    this.#unlisten = needs.host.on((event) => {
      if (event.type === "left") {
        this.#heard(event.peer);
        this.#spoke.delete(event.peer);
      } else if (event.peer.protocols.has(helloProtocol)) this.#greet(event.peer.peer);
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unlisten();
    for (const cancel of this.#silent.values()) cancel();
    this.#silent.clear();
    await this.#needs.host.unhandle([helloProtocol]);
  }

  #greet(peer: string): void {
    if (this.#limits.silenceMs > 0 && !this.#silent.has(peer) && !this.#spoke.has(peer)) {
      const drop = (): void => {
        this.#silent.delete(peer);
        if (this.#needs.protects?.(peer)) return;
        this.#log("debug", "dropped a peer that never said hello", { peer });
        void this.#needs.host.disconnect(peer);
      };
      this.#silent.set(peer, this.#clock.after(this.#limits.silenceMs, drop));
    }
    this.say(peer)
      .catch((error: unknown) => {
        this.#log("debug", "hello failed", { peer, reason: reasonOf(error) });
        if (error instanceof NetworkError) this.#needs.onFault?.(peer, error);
      })
      // what a listener throws here nobody would catch: the process would end at a stranger's silence
      .catch((error: unknown) => this.#log("warn", "fault of hello not told", { peer, reason: reasonOf(error) }));
  }

  #heard(peer: string): void {
    this.#silent.get(peer)?.();
    this.#silent.delete(peer);
  }

  async say(peer: string, options?: AbortOptions): Promise<number> {
    const signal = AbortSignal.any([this.#stopped.signal, ...(options?.signal ? [options.signal] : [])]);
    const { messageMs } = this.#limits;
    const about = { protocol: helloProtocol, peer, clock: this.#clock, signal };
    try {
      const stream = await this.#needs.host.open(peer, [helloProtocol], { signal, openMs: messageMs });
      const started = this.#clock.now();
      const hello = encodeHello({ ...this.#needs.head(), genesis: this.#needs.genesis });
      const reading = readToEnd(stream, {
        ...about,
        limits: { maxBytes: maxHelloAnswerBytes, firstByteMs: messageMs, totalMs: messageMs },
      });
      const [, read] = await Promise.allSettled([
        writeAndClose(stream, hello, { ...about, totalMs: messageMs }),
        reading,
      ]);
      if (read.status === "rejected") throw read.reason;
      decodeHelloAnswer(read.value);
      const latencyMs = this.#clock.now() - started;
      this.#metrics.count("copse_network_hellos_total", 1, "said");
      this.#needs.onLatency?.(peer, latencyMs);
      return latencyMs;
    } catch (error) {
      if (!(error instanceof HostFault)) this.#metrics.count("copse_network_hellos_total", 1, "failed");
      throw error;
    }
  }

  async answer(stream: Stream, peer: string): Promise<void> {
    const { messageMs } = this.#limits;
    const about = { protocol: helloProtocol, peer, clock: this.#clock, signal: this.#stopped.signal };
    try {
      const bytes = await readToEnd(stream, {
        ...about,
        limits: { maxBytes: maxHelloBytes, firstByteMs: messageMs, totalMs: messageMs },
      });
      const arrival = this.#clock.unixNanoseconds();
      const hello = decodeHello(bytes);
      if (!equalBytes(hello.genesis, this.#needs.genesis)) {
        const facts = { theirs: toHex(hello.genesis), ours: toHex(this.#needs.genesis) };
        throw new NetworkError("network/genesis-mismatch", facts);
      }
      this.#heard(peer);
      this.#spoke.add(peer);
      if (this.#spoke.size > maxSpoke) this.#spoke.delete(this.#spoke.values().next().value ?? "");
      const answer = encodeHelloAnswer({ arrival, sent: this.#clock.unixNanoseconds() });
      await writeAndClose(stream, answer, { ...about, totalMs: messageMs });
      this.#metrics.count("copse_network_hellos_total", 1, "heard");
      this.#needs.onHead({ peer, head: hello.head, height: hello.height, weight: hello.weight });
    } catch (error) {
      if (error instanceof NetworkError) {
        this.#metrics.count("copse_network_hellos_total", 1, error.fault ?? "failed");
        this.#needs.onFault?.(peer, error);
        const drops = error.code === "network/genesis-mismatch" && !this.#needs.protects?.(peer);
        if (drops) await this.#needs.host.disconnect(peer);
      }
      throw error;
    }
  }
}
