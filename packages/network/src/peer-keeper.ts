import type { AbortOptions } from "@copse/primitives";
import { peerOf, resolveAddresses } from "./addresses.ts";
import { type Clock, pause, systemClock } from "./clock.ts";
import { reasonOf } from "./errors.ts";
import type { Host } from "./host.ts";
import { type NetworkLog, noLog } from "./metrics.ts";
import type { PeerBook } from "./peer-book.ts";
import { exchangeProtocol } from "./protocols.ts";

/** How many peers, and how often to look. */
export interface KeeperTargets {
  /** Below this, peers are looked for. Default 12. */
  readonly low: number;
  /** Above this, none are dialled. Default 32. */
  readonly high: number;
  /** Milliseconds between looks. Default 5,000, as in Lotus. */
  readonly tickMs: number;
  /** Milliseconds between dials of the same bootstrap address. Default 60,000, as in Forest. */
  readonly bootstrapMs: number;
  /** Milliseconds between walks of Kademlia. Default 30,000. */
  readonly discoverMs: number;
  /** Most milliseconds until an address that did not answer is tried again; the pause doubles up to it. Default 600,000. */
  readonly maxRedialMs: number;
}

const defaultTargets: KeeperTargets = {
  low: 12,
  high: 32,
  tickMs: 5_000,
  bootstrapMs: 60_000,
  discoverMs: 30_000,
  maxRedialMs: 600_000,
};

/** Everything the keeper may touch. */
export interface KeeperNeeds {
  readonly host: Pick<Host, "dial" | "peers" | "discover" | "on" | "disconnect" | "peer" | "trust">;
  readonly book: PeerBook;
  /** Addresses to begin with; their peers are protected. */
  readonly bootstrap?: readonly string[];
  /** Addresses that must stay connected: redialled as soon as they are lost, protected. */
  readonly always?: readonly string[];
  readonly clock?: Clock;
  readonly log?: NetworkLog;
}

/** A running keeper. */
export interface PeerKeeper {
  /** Looks now; resolves when that look is done. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** Dials of one look at once. */
const dialsAtOnce = 8;
/** Found addresses kept for later. */
const maxFound = 1_024;

/**
 * Keeps enough peers connected: those named, bootstrap, then what Kademlia finds; and keeps the book told of who is there.
 *
 * @see lotus lib/peermgr/peermgr.go, forest src/libp2p/service.rs
 * @example
 * const keeper = keepPeers({ host, book, bootstrap: mainnet.bootstrap });
 */
export function keepPeers(needs: KeeperNeeds, targets?: Partial<KeeperTargets>): PeerKeeper {
  const keeper = new Keeper(needs, { ...defaultTargets, ...targets });
  void keeper.run();
  return keeper;
}

/** When an address was last dialled, and how often in vain since. */
interface Tried {
  at: number;
  failures: number;
  peer: string | undefined;
}

class Keeper implements PeerKeeper {
  readonly #needs: KeeperNeeds;
  readonly #targets: KeeperTargets;
  readonly #clock: Clock;
  readonly #log: NetworkLog;
  readonly #stopped = new AbortController();
  readonly #tried = new Map<string, Tried>();
  /** Peers that Kademlia named, by id; the oldest goes first when there are too many. */
  readonly #found = new Map<string, readonly string[]>();
  readonly #unlisten: () => void;
  #discoveredAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(needs: KeeperNeeds, targets: KeeperTargets) {
    this.#needs = needs;
    this.#targets = targets;
    this.#clock = needs.clock ?? systemClock;
    this.#log = needs.log ?? noLog;
    const { book, host } = needs;
    for (const address of [...(needs.bootstrap ?? []), ...(needs.always ?? [])]) this.#protect(address);
    for (const { peer } of host.peers()) book.joined(peer);
    this.#unlisten = host.on((event) => {
      if (event.type === "left") return book.left(event.peer);
      const { peer } = event.peer;
      if (book.isBanned(peer)) void host.disconnect(peer);
      else book.joined(peer);
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.look();
      await pause(this.#clock, this.#targets.tickMs, signal);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unlisten();
    await this.#looking;
  }

  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#log("debug", "looking for peers ended early", { reason: reasonOf(error) }))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { bootstrap = [], always = [] } = this.#needs;
    const options = { signal: this.#stopped.signal };
    const { tickMs, bootstrapMs, maxRedialMs } = this.#targets;
    const lost = always.filter((address) => this.#isDue(address, tickMs, tickMs));
    await this.#dialEach(lost, options);
    if (this.#useful() >= this.#targets.low) return;
    const alone = this.#useful() === 0; // then bootstrap is tried at every look, and given up on for a minute at most
    const every = alone ? tickMs : bootstrapMs;
    const due = bootstrap.filter((address) => this.#isDue(address, every, alone ? bootstrapMs : maxRedialMs));
    await this.#dialEach((await Promise.all(due.map((address) => this.#behind(address)))).flat(), options);
    if (this.#useful() >= this.#targets.low) return;
    await this.#discover(options);
    const candidates = [...this.#found.keys()].filter((peer) => !this.#isConnected(peer));
    const wanted = Math.max(0, this.#targets.high - this.#useful());
    for (const peer of candidates.slice(0, wanted)) {
      const addresses = this.#found.get(peer) ?? [];
      this.#found.delete(peer);
      await this.#dialEach(
        addresses.slice(0, 4).map((address) => withPeer(address, peer)),
        options,
      );
      if (this.#stopped.signal.aborted || this.#useful() >= this.#targets.high) return;
    }
  }

  /** Peers that serve the chain: others (bare Kademlia nodes) do not count. */
  #useful(): number {
    return this.#needs.host.peers().filter(({ protocols }) => protocols.has(exchangeProtocol)).length;
  }

  #isConnected(peer: string): boolean {
    return this.#needs.host.peers().some((known) => known.peer === peer);
  }

  /** Whether an address may be dialled again: not while its peer is here, and half as often with each failure. */
  #isDue(address: string, everyMs: number, atMostMs: number): boolean {
    const tried = this.#tried.get(address);
    if (tried === undefined) return true;
    if (tried.peer !== undefined && this.#isConnected(tried.peer)) return false;
    return this.#clock.now() - tried.at >= Math.min(atMostMs, everyMs * 2 ** Math.min(30, tried.failures));
  }

  #isAlways(address: string): boolean {
    return this.#needs.always?.includes(address) ?? false;
  }

  /** One name may stand for many peers: each is dialled. */
  async #behind(address: string): Promise<readonly string[]> {
    this.#tried.set(address, { failures: 0, peer: undefined, ...this.#tried.get(address), at: this.#clock.now() });
    try {
      const addresses = await resolveAddresses(address, this.#stopped.signal);
      for (const found of addresses) this.#protect(found);
      return addresses;
    } catch (error) {
      this.#log("debug", "bootstrap address not resolved", { address, reason: reasonOf(error) });
      return [];
    }
  }

  #protect(address: string): void {
    const peer = peerOf(address);
    if (peer === undefined) return;
    this.#needs.book.protect(peer);
    this.#needs.host.trust(peer);
  }

  async #dialEach(addresses: readonly string[], options: AbortOptions): Promise<void> {
    const queue = [...addresses];
    const dialNext = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined && !options.signal?.aborted; next = queue.shift()) {
        await this.#dial(next, options);
      }
    };
    await Promise.all(Array.from({ length: Math.min(dialsAtOnce, queue.length) }, dialNext));
  }

  async #dial(address: string, options: AbortOptions): Promise<void> {
    const known = peerOf(address);
    if (known !== undefined) {
      if (known === this.#needs.host.peer || this.#isConnected(known) || this.#needs.book.isBanned(known)) return;
    }
    const failures = this.#tried.get(address)?.failures ?? 0;
    const tried: Tried = { at: this.#clock.now(), failures: failures + 1, peer: known };
    this.#tried.delete(address);
    this.#tried.set(address, tried);
    if (this.#tried.size > maxFound) this.#tried.delete(this.#tried.keys().next().value ?? "");
    try {
      tried.peer = await this.#needs.host.dial(address, options);
      tried.failures = 0;
      if (this.#isAlways(address)) this.#needs.book.protect(tried.peer);
    } catch (error) {
      this.#log("debug", "dial failed", { address, reason: reasonOf(error) });
    }
  }

  async #discover(options: AbortOptions): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#discoveredAt < this.#targets.discoverMs) return;
    this.#discoveredAt = now;
    for await (const { peer, addresses } of this.#needs.host.discover(options)) {
      if (peer === this.#needs.host.peer || addresses.length === 0 || this.#needs.book.isBanned(peer)) continue;
      this.#found.delete(peer);
      this.#found.set(peer, addresses);
      if (this.#found.size > maxFound) this.#found.delete(this.#found.keys().next().value ?? "");
    }
  }
}

function withPeer(address: string, peer: string): string {
  return peerOf(address) === undefined ? `${address}/p2p/${peer}` : address;
}
