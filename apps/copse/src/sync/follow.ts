import { setTimeout as wait } from "node:timers/promises";
import {
  type ChainReader,
  chainError,
  type HeadChange,
  type LinkedTipset,
  type LinkTarget,
  linkRun,
  messageRoot,
} from "@copse/chain";
import { Assembler, BadBlocks, HeadTracker, Intake, type Want } from "@copse/chain/head";
import { fromCid } from "@copse/ipld";
import { createGossip, type Gossip, type GossipVerdict } from "@copse/network";
import { isCopseError } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import type { CopseNode } from "../node-types.ts";
import { askSources } from "./ask.ts";
import { checkChain, isAbort, type SyncContext } from "./assemble.ts";
import { beaconStage } from "./beacon-stage.ts";
import { judgeGossipBlock, judgeGossipMessage, type VerdictNeeds } from "./gossip-verdicts.ts";
import { leaderStage } from "./leader-stage.ts";
import { messageStage } from "./message-stage.ts";
import type { HeaderSlices } from "./sources.ts";
import type { Stage } from "./stage.ts";

/** What following tells. */
export interface FollowEvents {
  readonly onHead: (change: HeadChange) => void;
  readonly onVerdict?: (verdict: GossipVerdict) => void;
}

/** Tipsets asked for at once when a parent is missing. */
const parentWindow = 16;
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
  readonly #tracker: HeadTracker;
  readonly #stages: readonly Stage[];
  readonly #news = new EventTarget();
  readonly #far = new Set<string>();
  readonly gossip: Gossip;

  constructor(node: CopseNode, context: SyncContext, log: Logger, events: FollowEvents) {
    const { network, store, rules, signatures } = node;
    const { reader } = store;
    this.#node = node;
    // near the head nobody waits a minute for one tipset
    this.#context = { ...context, patience: { hedgeMs: context.patience.hedgeMs, idleMs: 5000 } };
    this.#log = log;
    this.#intake = new Intake({ rules, bad: this.#bad });
    this.#assembler = new Assembler({ rules, stored: (key) => reader.tipset(key) });
    this.#tracker = new HeadTracker(store, rules);
    this.#tracker.onChange(events.onHead);
    const beacon = beaconStage({ network, reader, signatures });
    const leader = leaderStage({ network, reader, signatures, states: context.states });
    this.#stages = [beacon, leader, messageStage({ ...this.#context, reader })];
    const needs: VerdictNeeds = {
      network,
      store,
      intake: this.#intake,
      bad: this.#bad,
      signatures,
      checks: [beacon, leader],
      take: (tipset, from) => this.#take(tipset, from),
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
  }

  stop(): void {
    this.gossip.stop();
  }

  /**
   * Takes in what comes until the head is too far behind to follow.
   *
   * @throws {HostFault} `host/aborted`
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#far.clear();
    for (;;) {
      for (const tipset of this.#intake.due(Date.now() / 1000)) this.#offer(tipset);
      while (await this.#advance(signal)) signal.throwIfAborted();
      if (this.#far.size > 0) return;
      await nextNews(this.#news, tickMs, signal);
    }
  }

  #take(tipset: LinkedTipset, from: string): void {
    this.#node.peers.tell({ peer: from, key: tipset.key, height: tipset.height, weight: tipset.parentWeight });
    this.#offer(tipset);
    this.#news.dispatchEvent(new Event("news"));
  }

  #offer(tipset: LinkedTipset): void {
    const fault = this.#assembler.offer(tipset);
    if (fault !== undefined) this.#condemn(tipset, fault.code, fault.message);
  }

  /** One step: stores what is ready, or fetches what is wanted. @returns whether there may be more to do */
  async #advance(signal: AbortSignal): Promise<boolean> {
    const ready = this.#assembler.ready();
    for (const tipset of ready) await this.#settle(tipset, signal);
    if (ready.length > 0) return true;
    const head = this.#node.store.head?.height ?? 0;
    const wants = this.#assembler.wants(head);
    for (const want of wants) await this.#fetch(want, signal);
    return wants.length > 0 && this.#far.size === 0;
  }

  /** Verifies a tipset that stands on the stored chain, keeps its messages, and has the head chosen anew. */
  async #settle(tipset: LinkedTipset, signal: AbortSignal): Promise<void> {
    const { store } = this.#node;
    try {
      for (const stage of this.#stages) {
        if (stage.level === "messages-checked" && this.#context.messages.kind === "none") continue;
        const { blocks } = await stage.check([tipset], { first: true, signal });
        if (blocks !== undefined && blocks.length > 0) await store.raise([], blocks);
      }
      const { change, refused } = await this.#tracker.consider([tipset]);
      if (refused !== undefined) this.#log.warn({ error: refused }, "a heavier fork was refused");
      if (change !== undefined) await checkChain(this.#context, signal, lowestApplied(change, store.reader));
    } catch (error) {
      if (isAbort(error)) throw error;
      if (isCopseError(error, "block/")) this.#condemn(tipset, error.code, error.message);
      else if (isCopseError(error) && !error.code.startsWith("host/")) {
        // nobody gave what it lacks, for now: let it come again
        this.#intake.forget(tipset.key);
        this.#log.info({ height: tipset.height, error }, "a tipset was put off");
      } else throw error;
    }
  }

  async #fetch(want: Want, signal: AbortSignal): Promise<void> {
    if (want.kind === "messages") return;
    if (want.kind === "range") {
      // too far to fetch one by one: whoever runs us picks a target anew, for the peer that sent it has told its head
      this.#far.add(TipsetKey.key(want.target.key));
      this.#assembler.drop(want.target.key);
      return;
    }
    const { pool, patience, rules } = this.#context;
    try {
      const { value, source } = await askSources<readonly HeaderSlices[]>(
        pool,
        { ask: (one, over) => one.headers(want.target.key, parentWindow, { signal: over }), size: () => 0 },
        patience,
        signal,
      );
      const { linked, fault } = linkRun(want.target, value, rules);
      if (fault !== undefined) pool.report(source, { kind: "lied", error: chainError(fault) });
      for (const tipset of linked) {
        if (this.#node.store.reader.tipset(tipset.key) !== undefined) break;
        this.#offer(tipset);
      }
    } catch (error) {
      if (isAbort(error) || !isCopseError(error)) throw error;
      this.#forgetAbove(want.target, error.message);
    }
  }

  /** Nobody has the parents: what stands on them is forgotten, and may come again. */
  #forgetAbove(target: LinkTarget, reason: string): void {
    this.#log.info({ tipset: TipsetKey.format(target.key), reason }, "parents could not be had");
    for (const gone of this.#assembler.drop(target.key)) this.#intake.forget(gone.key);
  }

  #condemn(tipset: LinkedTipset, code: string, message: string): void {
    this.#log.warn({ height: tipset.height, code, reason: message }, "a tipset is bad");
    const gone = [tipset, ...this.#assembler.drop(tipset.key)];
    for (const { key } of gone) for (const block of TipsetKey.cidBytes(key)) this.#bad.add(block, { code, message });
  }
}

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
