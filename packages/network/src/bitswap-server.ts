import { type CidBytes, cidKey } from "@copse/ipld";
import {
  type BitswapMessage,
  type BlockPresence,
  emptyMessage,
  maxBitswapBytes,
  type PayloadBlock,
  prefixOf,
  type WantEntry,
} from "./bitswap-codec.ts";
import type { Clock } from "./clock.ts";
import { reasonOf } from "./errors.ts";
import type { NetworkLog, NetworkMetrics } from "./metrics.ts";

/** Blocks to give: any synchronous store. The bytes are read, not kept past the answer. */
export interface BlockSource {
  getSync(cid: CidBytes): Uint8Array | undefined;
}

/** How much the server gives one peer. */
export interface BitswapServerLimits {
  /** Bytes a second that a peer may draw in the long run. Default 4 MiB. */
  readonly bytesPerSecond: number;
  /** Bytes a peer may draw at once. Default 16 MiB. */
  readonly burstBytes: number;
  /** Most wants of a peer that wait; further ones are answered with "don't have". Default 1,024. */
  readonly maxQueuedPerPeer: number;
}

/** Everything the server side may touch. */
export interface ServingNeeds {
  readonly source: BlockSource | undefined;
  readonly send: (peer: string, message: BitswapMessage) => Promise<void>;
  readonly clock: Clock;
  readonly limits: BitswapServerLimits;
  readonly log: NetworkLog;
  readonly metrics: NetworkMetrics;
}

/** What one peer waits for, and what it may still draw. */
interface Account {
  readonly queue: Map<string, WantEntry>;
  /** Bytes it may draw now; refilled as time passes; below 0 after a block larger than it. */
  budget: number;
  refilledAt: number;
  sending: boolean;
}

/** Bytes of blocks gathered into one message before it is sent: others get their turn in between. */
const messageTarget = 512 << 10;
/** A message's envelope around one block. */
const envelope = 1 << 10;
/** Peers remembered; the one that drew longest ago is forgotten first. */
const maxAccounts = 4_096;

/**
 * Answers wantlists from a store: blocks, "have" and "don't have". A want for a block we lack is answered, when asked
 * for, and forgotten: we do not promise blocks that may come later.
 */
export class BitswapServing {
  readonly #needs: ServingNeeds;
  readonly #accounts = new Map<string, Account>();
  readonly #cancels = new Set<() => void>();
  #stopped = false;

  constructor(needs: ServingNeeds) {
    this.#needs = needs;
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#accounts.clear();
  }

  /** Takes a peer's wantlist. */
  receive(peer: string, wants: readonly WantEntry[], full: boolean): void {
    const account = this.#account(peer);
    if (full) account.queue.clear();
    const refused: BlockPresence[] = [];
    for (const want of wants) {
      const key = cidKey(want.cid);
      if (want.cancel) account.queue.delete(key);
      else if (account.queue.size >= this.#needs.limits.maxQueuedPerPeer) {
        if (want.sendDontHave) refused.push({ cid: want.cid, has: false });
      } else {
        // who wants the block and then a word too wants the block still
        const wantsBlock = account.queue.get(key)?.haveOnly === false;
        account.queue.set(key, wantsBlock ? { ...want, haveOnly: false } : want);
      }
    }
    if (refused.length > 0) void this.#needs.send(peer, { ...emptyMessage, presences: refused }).catch(() => {});
    this.#work(peer, account);
  }

  #account(peer: string): Account {
    const account = this.#accounts.get(peer) ?? {
      queue: new Map<string, WantEntry>(),
      budget: this.#needs.limits.burstBytes,
      refilledAt: this.#needs.clock.now(),
      sending: false,
    };
    this.#accounts.delete(peer);
    this.#accounts.set(peer, account); // youngest last
    if (this.#accounts.size > maxAccounts) this.#accounts.delete(this.#accounts.keys().next().value ?? "");
    return account;
  }

  #refill(account: Account): void {
    const { bytesPerSecond, burstBytes } = this.#needs.limits;
    const now = this.#needs.clock.now();
    account.budget = Math.min(burstBytes, account.budget + ((now - account.refilledAt) * bytesPerSecond) / 1_000);
    account.refilledAt = now;
  }

  /** Sends one message at a time to each peer, so that a slow one holds back only its own. */
  #work(peer: string, account: Account): void {
    if (account.sending || account.queue.size === 0 || this.#stopped) return;
    this.#refill(account);
    if (account.budget <= 0) {
      account.sending = true;
      const waitMs = Math.ceil((-account.budget * 1_000) / this.#needs.limits.bytesPerSecond) + 1;
      const cancel = this.#needs.clock.after(waitMs, () => {
        this.#cancels.delete(cancel);
        account.sending = false;
        this.#work(peer, account);
      });
      this.#cancels.add(cancel);
      return;
    }
    const message = this.#gather(account);
    if (message.blocks.length === 0 && message.presences.length === 0) return;
    account.sending = true;
    this.#needs.send(peer, message).then(
      () => {
        account.sending = false;
        this.#work(peer, account);
      },
      () => {
        account.sending = false;
        account.queue.clear(); // it cannot be reached: what it wants it will ask for again
      },
    );
  }

  #gather(account: Account): BitswapMessage {
    const blocks: PayloadBlock[] = [];
    const presences: BlockPresence[] = [];
    let size = 0;
    let failure: unknown;
    // what it throws nobody would catch, for this runs in timers too: the process would end at a stranger's want
    const read = (cid: CidBytes): Uint8Array | undefined => {
      try {
        return this.#read(cid);
      } catch (error) {
        failure ??= error;
        return undefined;
      }
    };
    for (const [key, want] of account.queue) {
      const data = read(want.cid);
      if (size > 0 && size + (data?.length ?? 0) + envelope > maxBitswapBytes) break; // it goes first in the next message
      account.queue.delete(key);
      if (data === undefined) {
        if (want.sendDontHave) presences.push({ cid: want.cid, has: false });
      } else if (want.haveOnly) presences.push({ cid: want.cid, has: true });
      else {
        blocks.push({ prefix: prefixOf(want.cid), data });
        account.budget -= data.length;
        size += data.length + envelope;
        this.#needs.metrics.count("copse_network_bitswap_blocks_total", 1, "sent");
      }
      if (size >= messageTarget || presences.length >= 1_024 || account.budget <= 0) break;
    }
    if (failure !== undefined)
      this.#needs.log("warn", "block source failed while serving", { reason: reasonOf(failure) });
    return { ...emptyMessage, blocks, presences };
  }

  /** A block too large for any message cannot be sent, so it is not held as far as a peer is concerned. */
  #read(cid: CidBytes): Uint8Array | undefined {
    const data = this.#needs.source?.getSync(cid);
    return data === undefined || data.length > maxBitswapBytes - envelope ? undefined : data;
  }
}
