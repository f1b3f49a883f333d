import type { Fault } from "./errors.ts";
import { type NetworkMetrics, noMetrics } from "./metrics.ts";

/** How a peer book weighs; times in milliseconds. */
export interface PeerBookOptions {
  /** A clock that never goes back. */
  readonly now: () => number;
  /** How long a lie bars a peer. Default one hour, as in Forest. */
  readonly lieBanMs?: number;
  /** How long the second garbage within `garbageMs` bars a peer. Default one hour. */
  readonly garbageBanMs?: number;
  /** How long garbage is remembered. Default ten minutes. */
  readonly garbageMs?: number;
  /** First pause after a stall, a refusal or a lost connection; it doubles each time. Default 1,000. */
  readonly pauseMs?: number;
  /** Longest pause. Default 60,000. */
  readonly maxPauseMs?: number;
  /** Most peers remembered; the one heard of longest ago is forgotten first. Bans outlast that. Default 4,096. */
  readonly maxPeers?: number;
  readonly metrics?: NetworkMetrics;
}

/** What came of one request. */
export interface PeerSuccess {
  readonly firstByteMs: number;
  readonly elapsedMs: number;
  readonly bytes: number;
}

/** What is known of a peer; a snapshot. */
export interface PeerStanding {
  readonly peer: string;
  readonly connected: boolean;
  readonly protected: boolean;
  /** Smoothed milliseconds to the first byte; undefined before any answer. */
  readonly latencyMs: number | undefined;
  /** Smoothed bytes a second; undefined before any answer. */
  readonly bytesPerSecond: number | undefined;
  readonly successes: number;
  readonly failures: { readonly [F in Fault]: number };
  /** Requests under way. */
  readonly running: number;
  /** Not asked before this moment of the clock. */
  readonly pausedUntil: number;
  /** What asking it is expected to cost, in milliseconds: the ranking. */
  readonly cost: number;
}

/** Which peers to ask. */
export interface PickOptions {
  /** Leaves out peers that cannot serve the request, or were asked already. */
  readonly suits?: (peer: string) => boolean;
  /** Most requests at once to one peer. Default 4. */
  readonly maxRunning?: number;
}

/** Why a peer is barred. */
export interface Ban {
  readonly peer: string;
  readonly fault: Fault;
  readonly reason: string;
  readonly until: number;
}

interface Entry {
  connected: boolean;
  guarded: boolean;
  latencyMs: number | undefined;
  bytesPerSecond: number | undefined;
  successes: number;
  failures: Record<Fault, number>;
  /** Recent share of failures, 0 to 1. */
  failureRate: number;
  /** Failures since the last success. */
  streak: number;
  pausedUntil: number;
  running: number;
  garbageAt: number;
}

/** Weight of the newest observation. */
const smoothing = 0.25;
/** A peer never asked counts as a little better than the average, so that it gets its chance. @see lotus chain/exchange/peer_tracker.go */
const newcomer = 0.9;
/** What an average request is taken to bring, for turning bytes a second into milliseconds. */
const typicalBytes = 1 << 20;
const maxBans = 8_192;
const hour = 3_600_000;

/**
 * Who to ask for chain data: latency, throughput, failures and lies of every peer, and who is barred. Plain data over a
 * given clock; it neither dials nor disconnects.
 *
 * @see lotus chain/exchange/peer_tracker.go, forest src/libp2p/peer_manager.rs
 * @example
 * const book = new PeerBook({ now: () => performance.now() });
 * book.joined("12D3KooW…");
 * book.pick(3) // => ["12D3KooW…"]
 */
export class PeerBook {
  readonly #options: Required<PeerBookOptions>;
  readonly #peers = new Map<string, Entry>();
  readonly #bans = new Map<string, Ban>();

  constructor(options: PeerBookOptions) {
    const defaults = { lieBanMs: hour, garbageBanMs: hour, garbageMs: hour / 6, pauseMs: 1_000, maxPauseMs: 60_000 };
    this.#options = { ...defaults, maxPeers: 4_096, metrics: noMetrics, ...options };
  }

  /** A peer is connected. */
  joined(peer: string): void {
    this.#entry(peer).connected = true;
  }

  /** A peer is no longer connected; what it did is kept. */
  left(peer: string): void {
    const entry = this.#peers.get(peer);
    if (entry !== undefined) entry.connected = false;
  }

  /** Never barred, whatever it does: a bootstrap peer, one the user named. */
  protect(peer: string): void {
    this.#entry(peer).guarded = true;
    this.#bans.delete(peer);
  }

  /** A request goes out; call {@link succeeded}, {@link failed} or {@link ended} when it is over. */
  began(peer: string): void {
    this.#entry(peer).running++;
  }

  /** A request is over without saying anything of the peer: we ended it. */
  ended(peer: string): void {
    const entry = this.#entry(peer);
    entry.running = Math.max(0, entry.running - 1);
  }

  /** A request brought what was asked for. */
  succeeded(peer: string, { firstByteMs, elapsedMs, bytes }: PeerSuccess): void {
    this.ended(peer);
    const entry = this.#entry(peer);
    entry.successes++;
    entry.streak = 0;
    entry.pausedUntil = 0;
    entry.failureRate *= 1 - smoothing;
    entry.latencyMs = smooth(entry.latencyMs, firstByteMs);
    // small answers say nothing of throughput
    if (bytes >= 16 << 10)
      entry.bytesPerSecond = smooth(entry.bytesPerSecond, (bytes * 1_000) / Math.max(1, elapsedMs));
  }

  /** A ping or hello came back. */
  latency(peer: string, latencyMs: number): void {
    const entry = this.#entry(peer);
    entry.latencyMs = smooth(entry.latencyMs, latencyMs);
  }

  /**
   * A request failed, or what it brought was false. A lie bars the peer, so does garbage that comes twice; anything else
   * pauses it, twice as long each time in a row.
   *
   * @returns the ban, when this was one: the caller disconnects
   */
  failed(peer: string, fault: Fault, reason = ""): Ban | undefined {
    this.ended(peer);
    const entry = this.#entry(peer);
    const now = this.#options.now();
    entry.failures[fault]++;
    entry.streak++;
    entry.failureRate += (1 - entry.failureRate) * smoothing;
    const pauseMs = Math.min(this.#options.maxPauseMs, this.#options.pauseMs * 2 ** Math.min(30, entry.streak - 1));
    entry.pausedUntil = now + pauseMs;
    const again = fault === "garbage" && now - entry.garbageAt < this.#options.garbageMs;
    if (fault === "garbage") entry.garbageAt = now;
    if (entry.guarded || (fault !== "lie" && !again)) return undefined;
    return this.ban(peer, fault, reason, fault === "lie" ? this.#options.lieBanMs : this.#options.garbageBanMs);
  }

  /** Bars a peer for a while. Does nothing to a protected one. */
  ban(peer: string, fault: Fault, reason: string, forMs: number): Ban | undefined {
    if (this.#peers.get(peer)?.guarded) return undefined;
    const ban: Ban = { peer, fault, reason, until: this.#options.now() + forMs };
    this.#options.metrics.count("copse_network_bans_total", 1, fault);
    this.#bans.delete(peer);
    this.#bans.set(peer, ban);
    if (this.#bans.size > maxBans) this.#bans.delete(this.#bans.keys().next().value ?? "");
    return ban;
  }

  /** Whether a peer is barred now. For {@link HostOptions.denies}. */
  isBanned(peer: string): boolean {
    const ban = this.#bans.get(peer);
    if (ban === undefined) return false;
    if (ban.until > this.#options.now()) return true;
    this.#bans.delete(peer);
    return false;
  }

  /** Bans in force. */
  bans(): readonly Ban[] {
    return [...this.#bans.values()].filter(({ peer }) => this.isBanned(peer));
  }

  /** Connected peers that may be asked now, best first; those that answer nothing at the moment are left out. */
  pick(count: number, options: PickOptions = {}): readonly string[] {
    const now = this.#options.now();
    const average = this.#average();
    const { suits, maxRunning = 4 } = options;
    const able: { peer: string; cost: number }[] = [];
    for (const [peer, entry] of this.#peers) {
      if (!entry.connected || entry.pausedUntil > now || entry.running >= maxRunning || this.isBanned(peer)) continue;
      if (suits === undefined || suits(peer)) able.push({ peer, cost: cost(entry, average) });
    }
    able.sort((a, b) => a.cost - b.cost);
    return able.slice(0, count).map(({ peer }) => peer);
  }

  /** What is known of a peer. */
  standing(peer: string): PeerStanding | undefined {
    const entry = this.#peers.get(peer);
    return entry === undefined ? undefined : this.#standing(peer, entry, this.#average());
  }

  /** Every connected peer, best first. */
  standings(): readonly PeerStanding[] {
    const average = this.#average();
    return [...this.#peers]
      .filter(([, entry]) => entry.connected)
      .map(([peer, entry]) => this.#standing(peer, entry, average))
      .sort((a, b) => a.cost - b.cost);
  }

  #standing(peer: string, entry: Entry, average: number): PeerStanding {
    const { connected, guarded, latencyMs, bytesPerSecond, successes, failures, running, pausedUntil } = entry;
    const known = { latencyMs, bytesPerSecond, successes, failures: { ...failures }, running, pausedUntil };
    return { peer, connected, protected: guarded, ...known, cost: cost(entry, average) };
  }

  #average(): number {
    let sum = 0;
    let count = 0;
    for (const entry of this.#peers.values()) {
      if (entry.latencyMs === undefined) continue;
      sum += expectedMs(entry, entry.latencyMs);
      count++;
    }
    return count === 0 ? 1_000 : sum / count;
  }

  #entry(peer: string): Entry {
    let entry = this.#peers.get(peer);
    if (entry !== undefined) return entry;
    if (this.#peers.size >= this.#options.maxPeers) this.#forgetOne();
    entry = {
      connected: false,
      guarded: false,
      latencyMs: undefined,
      bytesPerSecond: undefined,
      successes: 0,
      failures: { lie: 0, garbage: 0, stall: 0, refused: 0, gone: 0 },
      failureRate: 0,
      streak: 0,
      pausedUntil: 0,
      running: 0,
      garbageAt: Number.NEGATIVE_INFINITY,
    };
    this.#peers.set(peer, entry);
    return entry;
  }

  #forgetOne(): void {
    for (const [peer, { connected, guarded }] of this.#peers) {
      if (connected || guarded) continue;
      this.#peers.delete(peer);
      return;
    }
  }
}

function smooth(before: number | undefined, now: number): number {
  return before === undefined ? now : before + (now - before) * smoothing;
}

function expectedMs(entry: Entry, latencyMs: number): number {
  return latencyMs + (entry.bytesPerSecond === undefined ? 0 : (typicalBytes * 1_000) / entry.bytesPerSecond);
}

/** A request expected to fail half the time costs twice as much; one behind another waits for it. */
function cost(entry: Entry, average: number): number {
  const base = entry.latencyMs === undefined ? average * newcomer : expectedMs(entry, entry.latencyMs);
  return (base * (1 + entry.running)) / Math.max(0.05, 1 - entry.failureRate);
}
