import { setTimeout as wait } from "node:timers/promises";
import {
  type ChainReader,
  coversRange,
  type HeadChange,
  type LinkedTipset,
  type LinkFault,
  type LinkTarget,
  messageRoot,
} from "@copse/chain";
import { Assembler, BadBlocks, HeadTracker, Intake } from "@copse/chain/head";
import type { BlockError } from "@copse/chain/validate";
import { fromCid } from "@copse/ipld";
import { createGossip, type Gossip, type GossipVerdict } from "@copse/network";
import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { CID } from "multiformats/cid";
import type { Logger } from "pino";
import { followStages } from "../execute/follow-stages.ts";
import type { CopseNode } from "../node-types.ts";
import { checkChain, isAbort, type SyncContext } from "./assemble.ts";
import { beaconStage } from "./beacon-stage.ts";
import { judgeGossipBlock, judgeGossipMessage, type VerdictNeeds } from "./gossip-verdicts.ts";
import { linkedWeight } from "./head-probe.ts";
import { leaderStage } from "./leader-stage.ts";
import { MessageFetches, type MessagesFetched } from "./message-fetches.ts";
import { messageStage } from "./message-stage.ts";
import { mostFetches, ParentFetches } from "./parent-fetches.ts";
import type { Stage } from "./stage.ts";

/** What following tells. */
export interface FollowEvents {
  readonly onHead: (change: HeadChange) => void;
  /** A block broke a rule: which, and who brought it, where one peer did. */
  readonly onRefused?: (error: Condemned, from?: string) => void;
  readonly onVerdict?: (verdict: GossipVerdict) => void;
}

const tickMs = 1000;

/**
 * Follows the network from a head that is assembled: blocks come by gossip, missing parents and messages by chain
 * exchange; each tipset is verified, then the heaviest is chosen.
 */
export class Follower {
  readonly #node: CopseNode;
  readonly #context: SyncContext;
  readonly #log: Logger;
  readonly #bad: BadBlocks = new BadBlocks();
  readonly #intake: Intake;
  readonly #assembler: Assembler;
  readonly #onHead: FollowEvents["onHead"];
  readonly #onRefused: FollowEvents["onRefused"];
  #tracker: HeadTracker;
  /** What is checked of a tipset before its messages. */
  readonly #checks: readonly Stage[];
  readonly #messages: MessageFetches;
  readonly #news = new EventTarget();
  readonly #far = new Set<string>();
  readonly #parents: ParentFetches;
  #deafen: () => void = () => {};
  /** The lowest height that became new and was not checked up to the head since. */
  #unchecked = Number.POSITIVE_INFINITY;
  readonly gossip: Gossip;

  constructor(node: CopseNode, context: SyncContext, log: Logger, events: FollowEvents) {
    const { network, store, rules, signatures } = node;
    const { reader } = store;
    this.#node = node;
    // near the head nobody waits a minute for one tipset
    this.#context = { ...context, patience: { hedgeMs: context.patience.hedgeMs, idleMs: 5000 } };
    this.#log = log;
    this.#intake = new Intake({ rules, bad: this.#bad });
    this.#assembler = new Assembler({
      rules,
      stored: (key) => reader.tipset(key),
      onDropped: (tipsets, fault) => this.#dropped(tipsets, fault),
    });
    this.#parents = new ParentFetches({
      pool: context.pool,
      rules,
      store,
      offer: (tipset, from) => this.#offer(tipset, from),
      onLacking: (target, reason) => this.#forgetAbove(target, reason),
      onEnd: () => this.#wake(),
    });
    this.#onHead = events.onHead;
    this.#onRefused = events.onRefused;
    this.#tracker = this.#newTracker();
    const beacon = beaconStage({ network, reader, signatures });
    // near the head peers have them
    const states = { states: context.states, mostMisses: Number.POSITIVE_INFINITY, exactStanding: true };
    const leader = leaderStage({ network, reader, signatures, proofs: context.proofs, ...states });
    const executed = context.execution && followStages(context.execution);
    const checks = executed === undefined ? [beacon, leader] : [beacon, executed.ready, leader, executed.judge];
    this.#checks = checks;
    const messages = messageStage({ ...this.#context, reader, refusal: "free" });
    this.#messages = new MessageFetches({
      check: (tipset, over) => messages.check([tipset], { first: true, signal: over }),
      onEnd: () => this.#wake(),
    });
    const needs: VerdictNeeds = {
      network,
      store,
      intake: this.#intake,
      bad: this.#bad,
      signatures,
      checks,
      take: (tipset, from, verified) => this.#take(tipset, from, verified),
      onRefused: events.onRefused,
      now: () => Date.now() / 1000,
    };
    this.gossip = createGossip({
      host: node.host,
      networkName: network.p2pName,
      messageRoot: (bls, secp) => messageRoot(bls.map(fromCid), secp.map(fromCid)).root,
      validateBlock: (block, signal) => judgeGossipBlock(block, needs, signal),
      validateMessage: (message, signal) => judgeGossipMessage(message, needs, signal),
      ...(events.onVerdict === undefined ? {} : { onVerdict: events.onVerdict }),
      metrics: node.metrics.network,
    });
  }

  /** Joins gossip; messages too, where they are wanted. */
  start(): void {
    this.gossip.followBlocks();
    if (this.#context.messages.kind !== "none") this.gossip.followMessages();
    this.#deafen = this.#node.peers.onShown((peer, tipsets) => this.#hear(peer, tipsets));
  }

  stop(): void {
    this.#deafen();
    this.gossip.stop();
  }

  /** A block of the stored chain proved bad, and the head went back: it is not chosen again, and following ends. */
  refuse({ code, message, facts }: BlockError): void {
    this.#bad.add(CID.parse(facts.block).bytes, { code, message });
    this.#tracker = this.#newTracker();
    this.#far.add(facts.block);
    this.#wake();
  }

  /**
   * Takes in what comes until the head is too far behind to follow.
   *
   * @throws {HostFault} `host/aborted`
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#far.clear();
    this.#parents.begin();
    for (;;) {
      for (const { tipset, from } of this.#intake.due(Date.now() / 1000)) this.#offer(tipset, from);
      while (await this.#advance(signal)) signal.throwIfAborted();
      this.#parents.assertSound();
      if (this.#far.size > 0) return;
      await nextNews(this.#news, tickMs, signal);
    }
  }

  #take(tipset: LinkedTipset, from: string, verified: boolean): void {
    this.#node.peers.tell(
      { peer: from, key: tipset.key, height: tipset.height, weight: tipset.parentWeight, isPassedOn: true },
      verified,
    );
    this.#offer(tipset, from);
    this.#wake();
  }

  /** A head that a peer told by hello and showed. Heavier than ours: gossip may not bring it again, so it is taken from there. */
  #hear(peer: string, tipsets: readonly LinkedTipset[]): void {
    const { head, reader } = this.#node.store;
    const [top, below] = tipsets;
    if (top === undefined || (head !== undefined && linkedWeight(top, below) <= head.weight)) return;
    const moment = { now: Date.now() / 1000, headHeight: head?.height ?? 0 };
    for (const { key, headers } of tipsets) {
      if (reader.tipset(key) !== undefined) break;
      const found = this.#intake.offerTipset(key, headers, moment, peer);
      if (found.kind !== "candidate" && found.kind !== "seen") break;
      if (found.kind === "seen") continue;
      this.#offer(found.tipset, peer);
    }
    this.#wake();
  }

  #wake(): void {
    this.#news.dispatchEvent(new Event("news"));
  }

  #offer(tipset: LinkedTipset, from: string | undefined): void {
    const fault = this.#assembler.offer(tipset, from);
    if (fault !== undefined) this.#condemn(tipset, fault);
  }

  /** What the assembler let go by itself: for room, and then it may come again; or the first is bad, and so is the rest. */
  #dropped(tipsets: readonly LinkedTipset[], fault: LinkFault | undefined): void {
    const [first, ...above] = tipsets;
    if (first === undefined || fault === undefined) {
      for (const { key } of tipsets) this.#intake.forget(key);
      return;
    }
    this.#condemn(first, fault);
    const { code, message } = fault;
    for (const { key } of above) for (const block of TipsetKey.cidBytes(key)) this.#bad.add(block, { code, message });
  }

  /** One step: checks what is ready, takes what holds, and has fetched what is wanted. @returns whether there may be more to do */
  async #advance(signal: AbortSignal): Promise<boolean> {
    const fetched = this.#messages.take();
    for (const one of fetched) await this.#settle(one.tipset, () => this.#finish(one, signal), signal);
    const ready = this.#assembler.ready(true);
    for (const tipset of ready) await this.#settle(tipset, () => this.#judge(tipset, signal), signal);
    const head = this.#node.store.head?.height ?? 0;
    this.#messages.start(head, signal);
    if (fetched.length > 0 || ready.length > 0) return true;
    const isAsked = (key: TipsetKey): boolean => this.#parents.has(key) || this.#messages.has(key);
    for (const want of this.#assembler.wants(head, mostFetches, isAsked)) {
      if (want.kind === "messages") continue;
      if (want.kind === "tipset") {
        this.#parents.start(want.target, want.bringer, signal);
        continue;
      }
      // too far to fetch one by one: whoever runs us picks a target anew, for the peer that sent it has told its head
      this.#far.add(TipsetKey.key(want.target.key));
      this.#forgetAbove(want.target, "they are far above the head");
    }
    return false;
  }

  /** Does something about a tipset; what it fails with is the tipset's fault, or passes, or is ours. */
  async #settle(tipset: LinkedTipset, step: () => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (signal.aborted) throw error;
      // whoever else was told to stop, we were not: it comes again
      if (isAbort(error)) this.#putOff(tipset, error);
      else if (isCopseError(error, "block/")) this.#condemn(tipset, error);
      else if (isCopseError(error) && !error.code.startsWith("host/")) this.#putOff(tipset, error);
      else throw error;
    }
  }

  /** Verifies a tipset that stands on the stored chain, all but its messages, and has these fetched. */
  async #judge(tipset: LinkedTipset, signal: AbortSignal): Promise<void> {
    const { store } = this.#node;
    for (const stage of this.#checks) {
      const { blocks, unresolved } = await stage.check([tipset], { first: true, signal });
      if (stage.level === "leader-checked" && unresolved?.has(tipset.height) === true) {
        const doubt = await this.#doubt(tipset, signal);
        if (doubt !== undefined) return this.#putOff(tipset, doubt);
      }
      if (blocks !== undefined && blocks.length > 0) await store.raise([], blocks);
    }
    if (this.#context.messages.kind === "none") return this.#choose(tipset, signal);
    const gone = this.#messages.add(tipset);
    if (gone !== undefined) this.#putOff(gone, "too many wait for their messages");
  }

  /** Keeps the messages of a tipset, if they came and hold. */
  async #finish(one: MessagesFetched, signal: AbortSignal): Promise<void> {
    if ("error" in one) throw one.error;
    const { key, parents } = one.tipset;
    const reason = this.#bad.reasonOf(key, parents); // what it stands on may have proved bad meanwhile
    if (reason !== undefined) return this.#putOff(one.tipset, reason.message);
    if (one.blocks.length > 0) await this.#node.store.raise([], one.blocks);
    await this.#choose(one.tipset, signal);
  }

  /** Has the head chosen anew, where a tipset is sound. */
  async #choose(tipset: LinkedTipset, signal: AbortSignal): Promise<void> {
    const { change, refused } = await this.#tracker.consider([tipset]);
    if (refused !== undefined) this.#log.warn({ error: refused }, "a heavier fork was refused");
    if (change !== undefined) await this.#checkNew(change, signal);
  }

  /**
   * Why a tipset that no state speaks for is not taken. Headers cost nothing: where our own head was judged, what can not be
   * does not take its place. Where it was not, as many peers must hold it as a head needs. A chain that goes on so for long
   * comes to be chosen anew, among all that peers tell.
   */
  async #doubt(tipset: LinkedTipset, signal: AbortSignal): Promise<string | undefined> {
    const { store, peers } = this.#node;
    const height = store.head?.height ?? 0;
    if (height > 0 && coversRange(store.assurance["leader-checked"], { from: height, to: height })) {
      return "no state speaks for its leaders, and those of our head are checked";
    }
    return (await peers.isSupported(tipset.key, signal)) ? undefined : "one peer's word";
  }

  async #checkNew(change: HeadChange, signal: AbortSignal): Promise<void> {
    // what a check before this one did not get to
    this.#unchecked = Math.min(this.#unchecked, lowestApplied(change, this.#node.store.reader));
    try {
      await checkChain(this.#context, signal, this.#unchecked);
      this.#unchecked = Number.POSITIVE_INFINITY;
    } catch (error) {
      // the head went back; blocks of what was left must not be chosen again
      if (isCopseError(error, "block/")) this.#tracker = this.#newTracker();
      throw error;
    }
  }

  #newTracker(): HeadTracker {
    const tracker = new HeadTracker(this.#node.store);
    tracker.onChange(this.#onHead);
    return tracker;
  }

  /** Nobody gave what it lacks, for now: let it come again, and what stands on it. */
  #putOff(tipset: LinkedTipset, reason: unknown): void {
    for (const { key } of [tipset, ...this.#assembler.drop(tipset.key)]) this.#intake.forget(key);
    this.#log.info({ height: tipset.height, reason: String(reason) }, "a tipset was put off");
  }

  /** Nobody has the parents: what stands on them is forgotten, and may come again. */
  #forgetAbove(target: LinkTarget, reason: string): void {
    this.#log.info({ tipset: TipsetKey.format(target.key), reason }, "parents could not be had");
    for (const gone of this.#assembler.drop(target.key)) this.#intake.forget(gone.key);
  }

  /**
   * Marks what broke a rule, and what stands on it. Where the rule is about one block, the others of its tipset are not
   * marked: whoever invents a block may put it beside honest ones.
   */
  #condemn(tipset: LinkedTipset, broken: Condemned): void {
    const { code, message, facts } = broken;
    this.#onRefused?.(broken);
    this.#log.warn({ height: tipset.height, code, reason: message }, "a tipset is bad");
    const reason = { code, message };
    const { block } = facts as { readonly block?: string };
    const named = code.startsWith("block/") && block !== undefined ? CID.parse(block).bytes : undefined;
    const guilty = named === undefined ? TipsetKey.cidBytes(tipset.key) : [named];
    const above = this.#assembler.drop(tipset.key).filter(({ key }) => !TipsetKey.equals(key, tipset.key));
    for (const block of [...guilty, ...above.flatMap(({ key }) => TipsetKey.cidBytes(key))])
      this.#bad.add(block, reason);
  }
}

/** What a rule says of a block or tipset that breaks it. */
export type Condemned = { readonly code: string; readonly message: string; readonly facts: unknown };

/** The lowest height that a change of the head makes new: right above the tipset below, null rounds included. */
function lowestApplied(change: HeadChange, reader: ChainReader): number {
  const lowest = Math.min(change.to.height, ...change.apply.map(({ height }) => height));
  return (reader.tipsetAt(lowest - 1, "previous")?.height ?? -1) + 1;
}

async function nextNews(news: EventTarget, ms: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const woken = new Promise<void>((resolve) =>
    news.addEventListener("news", () => resolve(), { once: true, signal: either }),
  );
  await Promise.race([woken, wait(ms, undefined, { signal: either }).catch(() => {})]);
  over.abort();
  signal.throwIfAborted();
}
