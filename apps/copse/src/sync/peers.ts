import { type LinkRules, linkRun } from "@copse/chain";
import {
  type ExchangeClient,
  type Host,
  type HostEvent,
  keepPeers,
  type NetworkLog,
  type PeerBook,
  type PeerHead,
} from "@copse/network";
import { assertNotAborted, type CopseError, HostFault } from "@copse/primitives";
import { type Network, TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import type { NodeMetrics } from "../metrics.ts";
import type { NodeOptions } from "../options.ts";
import { askOne } from "./ask.ts";
import { headProbe, type ShownListener } from "./head-probe.ts";
import type { HeadJudge } from "./leader-judge.ts";
import { peerSource } from "./peer-source.ts";
import { isLie } from "./race.ts";
import { bookRanking } from "./ranking.ts";
import { SourcePool } from "./sources.ts";
import { type JudgeCandidates, type Target, TargetSelector, type ToldHead, targetRules } from "./target.ts";

/** What watching peers may touch. */
export interface PeersNeeds {
  readonly host: Host;
  /** Ranks the peers, and bars those that lie; the host asks it too. */
  readonly book: PeerBook;
  readonly client: ExchangeClient;
  readonly options: NodeOptions;
  readonly network: Network;
  readonly rules: LinkRules;
  readonly log: Logger;
  readonly networkLog: NetworkLog;
  readonly metrics: NodeMetrics;
  /** Told of each peer that is dropped for what it sent. */
  readonly onLiar: (peer: string, error: unknown) => void;
  /** Told of each head that its leaders refute, and who told it. */
  readonly onRefuted?: ((error: CopseError, tellers: readonly string[]) => void) | undefined;
}

/** The peers of a node: who serves, and what they say the head is. */
export interface Peers {
  readonly pool: SourcePool;
  /** Takes a head a peer told by hello. */
  readonly onHead: (head: PeerHead) => void;
  readonly onLatency: (peer: string, ms: number) => void;
  /** Takes what a peer did wrong in a protocol that the pool does not see: hello, bitswap. */
  readonly onFault: (peer: string, error: unknown) => void;
  /** Dials what the options and the network name, and goes on doing so until it is stopped. */
  start(): void;
  /** Takes a head a peer told by gossip. `verified`: all that can be checked of it was. */
  tell(head: ToldHead, verified: boolean): void;
  /** Has a listener told of each head that a peer showed. @returns what ends that */
  onShown(listener: ShownListener): () => void;
  /**
   * Waits for a head that enough peers support, or whose leaders hold.
   *
   * @param judge - looks at the leaders of heads; what it refutes is refused. Without it they are taken by their weight
   * @returns undefined when `idleMs` passed without one
   * @throws {HostFault} `host/aborted`
   */
  target(idleMs: number, signal: AbortSignal, judge?: Pick<HeadJudge, "judge">): Promise<Target | undefined>;
  /** The chain below a target broke a rule: it is not chosen again, nor what they say that told it. */
  refuse(target: Pick<Target, "key" | "height">): void;
  /** What a target needs could not be had: others are tried before it is tried again. */
  putBack(target: Target): void;
  /** Whether as many peers as a head needs can serve a tipset: for one that no check of ours speaks for. */
  isSupported(key: TipsetKey, signal: AbortSignal): Promise<boolean>;
  /** What the head was refuted by that was refuted last. */
  readonly refutation: CopseError | undefined;
  /** Peers connected and identified. */
  readonly count: number;
  /** Peers that have told their head. */
  readonly told: number;
  stop(): void;
}

/** After so long peers that have not told a head are not waited for, nor heads that can be judged. Unit: ms. */
const headPatienceMs = 5000;
const redialMs = 15_000;
/** After so long a peer that was asked to vouch for a head has not. Unit: ms. */
const vouchMs = 5000;

/** Watches a host's peers, and makes sources and heads of them. */
export function connectPeers(needs: PeersNeeds): Peers {
  const { host, book, client, options, network, log, metrics } = needs;
  const ranking = bookRanking(book);
  const pool = new SourcePool({
    ...ranking,
    report(id, outcome) {
      ranking.report(id, outcome);
      if (outcome.kind !== "lied") return;
      metrics.liars.inc();
      selector.forget(id);
      log.warn({ peer: id, error: outcome.error }, "dropped a peer for what it sent");
      needs.onLiar(id, outcome.error);
      void host.disconnect(id);
    },
  });
  const usual = targetRules({
    threshold: network.bootstrapPeerThreshold,
    named: options.peer.length,
    bootstrap: options.bootstrap,
  });
  const { minPeers } = options;
  const rules =
    minPeers === undefined ? usual : { needed: Math.max(1, minPeers), support: Math.max(1, Math.min(2, minPeers)) };
  const selector = new TargetSelector(rules, undefined, (peer) => pool.get(peer) !== undefined);
  const news = new EventTarget();
  const stopped = new AbortController();

  const onEvent = (event: HostEvent): void => {
    if (event.type === "left") {
      book.left(event.peer);
      pool.remove(event.peer); // its word, shown before it went, still stands
    } else if (pool.dropped.has(event.peer.peer)) {
      void host.disconnect(event.peer.peer);
    } else {
      book.joined(event.peer.peer);
      pool.add(peerSource(client, event.peer.peer));
      log.info({ peer: event.peer.peer, agent: event.peer.agent, address: event.peer.address }, "peer joined");
    }
    metrics.peers.set(host.peers().length);
    news.dispatchEvent(new Event("news"));
  };
  const unlisten = host.on(onEvent);

  const vouching =
    (signal: AbortSignal) =>
    async (peer: string, key: TipsetKey): Promise<boolean> => {
      const either = AbortSignal.any([signal, stopped.signal, AbortSignal.timeout(vouchMs)]);
      try {
        const { value } = await askOne(pool, peer, (source) => source.headers(key, 1, { signal: either }));
        return linkRun({ key }, value, needs.rules).linked.length > 0;
      } catch (error) {
        log.debug({ peer, reason: String(error) }, "a peer could not vouch for a head");
        return false;
      }
    };

  const take = (told: ToldHead): void => {
    if (pool.dropped.has(told.peer)) return; // it was caught while its word was looked at
    selector.tell(told);
    news.dispatchEvent(new Event("news"));
  };

  const shown = new Set<ShownListener>();
  const hear = headProbe({
    network,
    rules: needs.rules,
    pool,
    log,
    signal: stopped.signal,
    take(told, tipsets) {
      take(told);
      for (const listener of shown) listener(told.peer, tipsets);
    },
  });

  /** Peers the operator named are dialled again as long as they are not here, unless they lied. */
  const behind = new Map<string, string>(); // an address may leave its peer's id to be found out
  const dialNamed = async (): Promise<void> => {
    await Promise.all(
      options.peer.map(async (address) => {
        const id = behind.get(address) ?? address.split("/p2p/").at(-1) ?? "";
        if (pool.get(id) !== undefined || pool.dropped.has(id)) return;
        try {
          behind.set(address, await host.dial(address, { signal: stopped.signal }));
        } catch (error) {
          if (!stopped.signal.aborted) log.warn({ address, reason: String(error) }, "could not dial");
        }
      }),
    );
  };

  let refutation: CopseError | undefined;
  /** Judges candidates, and tells what came of it; the selector refuses those that are refuted. */
  const judging =
    (judge: Pick<HeadJudge, "judge">, signal: AbortSignal): JudgeCandidates =>
    async (candidates) => {
      const verdicts = await judge.judge(candidates, signal);
      for (const [i, { height, supporters }] of candidates.entries()) {
        const verdict = verdicts[i];
        if (verdict?.kind === "refuted") {
          const { code, message } = verdict.error;
          refutation = verdict.error;
          needs.onRefuted?.(verdict.error, supporters);
          log.warn(
            { height, tellers: supporters, code, reason: message },
            "a head is refused, and what they say that told it",
          );
        } else log.debug({ height, ...verdict }, "a head was judged");
      }
      return verdicts;
    };

  return {
    pool,
    get refutation() {
      return refutation;
    },
    onHead: ({ peer, head, height, weight }) => hear({ peer, key: TipsetKey.fromBytes(head), height, weight }),
    tell(head, verified) {
      if (verified) take(head);
      else hear(head);
    },
    onShown(listener) {
      shown.add(listener);
      return () => shown.delete(listener);
    },
    refuse({ key, height }) {
      const tellers = selector.refuse(key);
      log.warn({ height, tellers }, "a head is refused, and what they say that told it");
    },
    putBack: ({ key }) => selector.putBack(key),
    isSupported(key, signal) {
      const connected = pool.ranked(new Set()).map(({ id }) => id);
      return selector.isSupported(key, connected, vouching(signal));
    },
    onFault: (peer, error) => pool.report(peer, { kind: isLie(error) ? "lied" : "failed", error }),
    onLatency: (peer, ms) => book.latency(peer, ms),
    start() {
      if (options.bootstrap) {
        const keeper = keepPeers(
          { host, book, bootstrap: network.bootstrap, log: needs.networkLog },
          { high: options.maxPeers },
        );
        stopped.signal.addEventListener("abort", () => void keeper.stop(), { once: true });
      }
      void dialNamed(); // one that does not answer holds nobody up
      const timer = setInterval(() => void dialNamed(), redialMs);
      stopped.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    async target(idleMs, signal, judge) {
      const started = performance.now();
      for (;;) {
        const waited = performance.now() - started;
        const isSpent = waited >= Math.min(headPatienceMs, idleMs);
        if (selector.ready(isSpent)) {
          const found = await selector.select(vouching(signal), judge && judging(judge, signal), isSpent);
          assertNotAborted(signal);
          if (found !== undefined) return found;
        }
        if (waited >= idleMs) return undefined;
        await next(news, Math.min(1000, idleMs - waited), signal);
      }
    },
    get count() {
      return host.peers().length;
    },
    get told() {
      return selector.told;
    },
    stop() {
      stopped.abort(new Error("the node stops"));
      unlisten();
    },
  };
}

/** Resolves at the next event, or after `ms`. */
function next(news: EventTarget, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      news.removeEventListener("news", done);
      signal.removeEventListener("abort", done);
      if (signal.aborted) reject(new HostFault("host/aborted", { reason: String(signal.reason) }));
      else resolve();
    };
    const timer = setTimeout(done, ms);
    news.addEventListener("news", done, { once: true });
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
