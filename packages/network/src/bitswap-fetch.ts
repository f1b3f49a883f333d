import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, abortFault, toHex } from "@copse/primitives";
import type { Answerers } from "./answerers.ts";
import type { WantEntry } from "./bitswap-codec.ts";
import type { Clock } from "./clock.ts";
import { NetworkError } from "./errors.ts";
import { bitswapProtocols } from "./protocols.ts";
import type { Want, Wants } from "./wants.ts";

/** Peers that are asked at once where none is known to give, and that come next; each time after that it is twice as many. */
const firstGroup = 4;
/** Groups of peers that are asked while one may take to answer. */
const groupsPerHedge = 4;

/** Everything that fetching a block may touch. */
export interface FetchNeeds {
  readonly clock: Clock;
  readonly limits: { readonly hedgeMs: number; readonly totalMs: number; readonly maxWants: number };
  readonly wants: Wants;
  readonly answerers: Answerers;
  /** Puts a want into the next message to a peer. */
  readonly post: (peer: string, entry: WantEntry, onFailure?: () => void) => void;
}

/** A block, and who gave it. */
export interface FetchedBlock {
  readonly block: Uint8Array;
  /** Absent where it was not asked: who pushes blocks that others are asked for gains no place by it. */
  readonly from?: string;
}

/** How one peer stands with the block. */
interface Asked {
  /** Asked for a word, said that it has it, asked for the block, lacks it, not to be reached. */
  state: "word" | "has" | "block" | "no" | "gone";
  /** When it was last asked something. Unit: ms. */
  since: number;
  /** Whether it said that it has the block. */
  promised: boolean;
  /** Whether its silence was known when it was asked. */
  readonly wasSilent: boolean;
  /** Whether it has had its time. */
  isOver: boolean;
}

/**
 * Fetches a block from the first of some peers that has it, in their order.
 *
 * The first is asked for the block. When it has not answered in a quarter of the hedge, or at once where it has given no
 * block lately, a group is asked beside it whether they have it, and then ever larger ones: words cost little, and so
 * however many keep silent, who has the block is reached soon. Who says that it has it is asked for it: one at once, the
 * others in growing numbers as it does not come.
 *
 * @throws {NetworkError} `network/block-not-found`, `network/too-many-requests`
 * @throws {HostFault} `host/aborted`
 */
export function fetchBlock(
  cid: CidBytes,
  peers: readonly string[],
  needs: FetchNeeds,
  { signal }: AbortOptions = {},
): Promise<FetchedBlock> {
  return new Promise((resolve, reject) => {
    new BlockFetch(cid, peers, needs, { resolve, reject, signal }).start();
  });
}

/** Who waits for a block. */
interface Waiting extends AbortOptions {
  resolve(fetched: FetchedBlock): void;
  reject(error: Error): void;
}

class BlockFetch implements Want {
  readonly cid: CidBytes;
  readonly #needs: FetchNeeds;
  readonly #waiting: Waiting;
  readonly #queue: string[];
  readonly #asked = new Map<string, Asked>();
  readonly #startedAt: number;
  /** Peers of the next group. */
  #group = firstGroup;
  /** Of those that say they have it, how many are asked for it next. */
  #width = 1;
  /** Whether time has passed for the first, and others were asked beside it. */
  #isJoined = false;
  #isTicking = false;
  #cancelNext = (): void => {};
  #cancelTotal = (): void => {};
  #isOver = false;
  readonly #stop = (): void => this.onError(abortFault(this.#waiting.signal as AbortSignal));

  constructor(cid: CidBytes, peers: readonly string[], needs: FetchNeeds, waiting: Waiting) {
    this.cid = Uint8Array.from(cid);
    this.#needs = needs;
    this.#queue = [...new Set(peers)];
    this.#waiting = waiting;
    this.#startedAt = needs.clock.now();
  }

  start(): void {
    const { wants, limits, clock, answerers } = this.#needs;
    const [first] = this.#queue;
    if (first === undefined) {
      this.#notFound();
      return;
    }
    if (!wants.add(this)) {
      const facts = { protocol: bitswapProtocols[0] ?? "", limit: limits.maxWants };
      this.onError(new NetworkError("network/too-many-requests", facts));
      return;
    }
    this.#waiting.signal?.addEventListener("abort", this.#stop, { once: true });
    this.#cancelTotal = clock.after(limits.totalMs, () => this.#notFound());
    if (answerers.hasGivenLately(first)) this.#ask(1);
    else this.#askGroup();
    this.#waitForNext();
  }

  onBlock(block: Uint8Array, from: string): void {
    const isAsked = this.#asked.has(from);
    if (isAsked) this.#needs.answerers.gave(from);
    this.#finish(() => this.#waiting.resolve(isAsked ? { block, from } : { block }), from);
  }

  onHave(from: string): void {
    const one = this.#asked.get(from);
    if (one === undefined) return;
    this.#needs.answerers.heard(from);
    one.promised = true;
    if (one.state !== "word") return;
    one.state = "has";
    if (!this.#isPromised()) this.#askForBlock(from);
    else if (!this.#isTicking) this.#waitForNext();
  }

  onDontHave(from: string): void {
    const one = this.#asked.get(from);
    if (one === undefined || one.state === "no" || one.state === "gone") return;
    this.#needs.answerers.answered(from);
    one.state = "no";
    this.#goOn();
  }

  onError(error: Error): void {
    this.#finish(() => this.#waiting.reject(error));
  }

  #onFailure(peer: string): void {
    const one = this.#asked.get(peer);
    if (one === undefined || one.state === "no" || one.state === "gone") return;
    // one that gives may have more streams open to it than it takes
    if (!this.#needs.answerers.hasGivenLately(peer)) this.#needs.answerers.silent(peer);
    one.state = "gone";
    this.#goOn();
  }

  /** One peer less may have it: others are asked in its place. */
  #goOn(): void {
    if (this.#isOver) return;
    const [waiting] = this.#inState("has");
    if (waiting !== undefined && !this.#isPromised()) this.#askForBlock(waiting[0]);
    if (this.#asked.size === 1) this.#askGroup();
    else this.#ask(2);
    this.#endIfNobodyIsLeft();
  }

  /** Time has passed: those that say they have it, and further peers, are asked beside those that were. */
  #next(): void {
    const { clock, limits, answerers } = this.#needs;
    const now = clock.now();
    for (const [peer, one] of this.#asked) this.#judge(peer, one, now);
    // who is sending block after block has this one in line: one group beside it will do for as long as the hedge
    const isFlowing = this.#inState("block").some(([peer, { since }]) => answerers.hasGivenSince(peer, since));
    if (!isFlowing || !this.#isJoined || now - this.#startedAt >= limits.hedgeMs) {
      this.#isJoined = true;
      this.#width *= 2;
      for (const [peer] of this.#inState("has").slice(0, this.#width)) this.#askForBlock(peer);
      this.#askGroup();
    }
    this.#endIfNobodyIsLeft();
    this.#waitForNext();
  }

  #waitForNext(): void {
    this.#cancelNext();
    const isOpen = ({ state, isOver }: Asked): boolean => state === "has" || (isWaitedFor(state) && !isOver);
    this.#isTicking = !this.#isOver && (this.#queue.length > 0 || [...this.#asked.values()].some(isOpen));
    if (!this.#isTicking) return;
    const { clock, limits } = this.#needs;
    this.#cancelNext = clock.after(limits.hedgeMs / groupsPerHedge, () => this.#next());
  }

  /** Whether a peer kept silent, once it has had its time. */
  #judge(peer: string, one: Asked, now: number): void {
    const { limits, answerers } = this.#needs;
    if (one.isOver || !isWaitedFor(one.state) || now - one.since < limits.hedgeMs) return;
    one.isOver = true;
    // a peer that is busy answers something; one that said it has the block owes blocks
    const isHeard = one.promised ? answerers.hasGivenSince(peer, one.since) : answerers.wasHeardSince(peer, one.since);
    if (!isHeard) answerers.silent(peer);
  }

  #askGroup(): void {
    this.#ask(this.#group);
    this.#group *= 2;
  }

  /** Asks the next peers: for the block where nobody else is, for a word otherwise. */
  #ask(count: number): void {
    const { answerers, post, clock } = this.#needs;
    let forBlock = this.#inState("block").length === 0;
    for (const peer of this.#queue.splice(0, count)) {
      const wasSilent = answerers.isSilent(peer);
      const state = forBlock ? "block" : "word";
      this.#asked.set(peer, { state, since: clock.now(), promised: false, wasSilent, isOver: false });
      post(peer, { cid: this.cid, haveOnly: !forBlock, sendDontHave: true }, () => this.#onFailure(peer));
      forBlock = false;
    }
  }

  #askForBlock(peer: string): void {
    const one = this.#asked.get(peer) as Asked;
    one.state = "block";
    one.since = this.#needs.clock.now();
    one.isOver = false;
    this.#needs.post(peer, { cid: this.cid, sendDontHave: true }, () => this.#onFailure(peer));
    if (!this.#isTicking) this.#waitForNext();
  }

  /** Whether one that said it has the block was asked for it, and has not answered. */
  #isPromised(): boolean {
    return this.#inState("block").some(([, { promised }]) => promised);
  }

  #inState(state: Asked["state"]): [string, Asked][] {
    return [...this.#asked].filter(([, one]) => one.state === state);
  }

  /** A peer whose silence is known is not waited for till the end. */
  #endIfNobodyIsLeft(): void {
    if (this.#isOver || this.#queue.length > 0) return;
    const { answerers } = this.#needs;
    for (const [peer, { state, wasSilent, isOver }] of this.#asked) {
      if (state === "has") return;
      if (isWaitedFor(state) && !(wasSilent && isOver && answerers.isSilent(peer))) return;
    }
    this.#notFound();
  }

  #notFound(): void {
    const facts = { cid: toHex(this.cid), asked: this.#asked.size, refused: this.#inState("no").length };
    this.onError(new NetworkError("network/block-not-found", facts));
  }

  #finish(settle: () => void, from?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelNext();
    this.#cancelTotal();
    this.#waiting.signal?.removeEventListener("abort", this.#stop);
    if (this.#needs.wants.remove(this)) {
      for (const [peer, { state }] of this.#asked) {
        if (peer === from || state === "no" || state === "gone") continue;
        this.#needs.post(peer, { cid: this.cid, cancel: true });
      }
    }
    settle();
  }
}

function isWaitedFor(state: Asked["state"]): boolean {
  return state === "word" || state === "block";
}
