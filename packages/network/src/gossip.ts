import { cidKey } from "@copse/ipld";
import { type BlockMsg, encodeBlockMsg, encodeSignedMessage, type SignedMessage } from "@copse/types";
import type { GossipSub, GossipsubMessage, Message, TopicValidatorResult } from "@libp2p/gossipsub";
import { type Clock, systemClock } from "./clock.ts";
import { NetworkError, reasonOf } from "./errors.ts";
import { maxPublishBytes, routerVerdict, type Verdict } from "./gossip-params.ts";
import {
  type GossipBlock,
  type GossipMessage,
  type Judged,
  judgeBlock,
  judgeMessage,
  type MessageRoot,
} from "./gossip-verdicts.ts";
import type { Host } from "./host.ts";
import { type NetworkLog, type NetworkMetrics, noLog, noMetrics } from "./metrics.ts";
import { blocksTopic, messagesTopic } from "./protocols.ts";

type Awaitable<T> = T | Promise<T>;

/** Everything gossip may touch. */
export interface GossipNeeds {
  readonly host: Pick<Host, "libp2p" | "on">;
  /** The network's p2p name, as the host has it. */
  readonly networkName: string;
  readonly messageRoot: MessageRoot;
  /** Judges a block that is sound by itself. Without it all are ignored: what we cannot judge we must not pass on. */
  readonly validateBlock?: (block: GossipBlock, signal: AbortSignal) => Awaitable<Verdict>;
  /** Judges a message that is sound by itself. Without it all are ignored. */
  readonly validateMessage?: (message: GossipMessage, signal: AbortSignal) => Awaitable<Verdict>;
  /** Told of every verdict. */
  readonly onVerdict?: (told: GossipVerdict) => void;
  readonly clock?: Clock;
  readonly log?: NetworkLog;
  readonly metrics?: NetworkMetrics;
}

/** What was decided of one payload. */
export interface GossipVerdict {
  readonly topic: "blocks" | "messages";
  readonly peer: string;
  readonly verdict: Verdict;
  readonly reason: string;
}

/** Bounds of validation. */
export interface GossipLimits {
  /** Most payloads judged at once; further ones are ignored. Default 256, as in Lotus. */
  readonly maxValidations: number;
  /** Most milliseconds a validator may take; then the payload is ignored. Default 8,000: the router forgets after 10 s. */
  readonly validationMs: number;
  /** Blocks remembered, so that one sent again after the router forgot it (2 min) is not judged twice. Default 8,192. */
  readonly maxSeenBlocks: number;
  /** Peers whose verdicts are counted. Default 1,024. */
  readonly maxPeers: number;
}

const defaultLimits: GossipLimits = {
  maxValidations: 256,
  validationMs: 8_000,
  maxSeenBlocks: 8_192,
  maxPeers: 1_024,
};

/** How a peer's payloads were judged. */
export type VerdictCounts = { readonly [V in Verdict]: number };

/** Block and message gossip of one network. */
export interface Gossip {
  /** Joins `/fil/blocks`. */
  followBlocks(): void;
  /** Joins or leaves `/fil/msgs`; Lotus joins only when its head is within 10 epochs of now. */
  followMessages(follow?: boolean): void;
  /**
   * Publishes a block; resolves with the number of peers it went to.
   *
   * @throws {NetworkError} `network/publish-too-long`, `network/publish-failed`
   */
  publishBlock(block: BlockMsg | Uint8Array): Promise<number>;
  /**
   * Publishes a message, signed whatever its key.
   *
   * @throws {NetworkError} `network/publish-too-long`, `network/publish-failed`
   */
  publishMessage(message: SignedMessage | Uint8Array): Promise<number>;
  /** The router's score of a peer. Below -1000 nothing is published to it, below -2500 it is not listened to. */
  score(peer: string): number;
  /** Verdicts on what came from a peer since it was first heard. */
  verdicts(peer: string): VerdictCounts;
  /** Peers that joined a topic. */
  subscribers(topic: "blocks" | "messages"): readonly string[];
  stop(): void;
}

/** Parts of the router that its public type leaves out. */
type Router = GossipSub & {
  getScore(peer: string): number;
  reportMessageValidationResult(id: string, source: string, verdict: TopicValidatorResult): void;
};

/**
 * Follows a network's gossip: each payload is judged by its bytes, then by the validator, and only what both accept is
 * passed on. A reject costs its sender 100 points of score.
 *
 * @see lotus chain/sub/incoming.go
 * @example
 * const gossip = createGossip({ host, networkName: "testnetnet", messageRoot, validateBlock: () => "ignore" });
 * gossip.followBlocks();
 */
export function createGossip(needs: GossipNeeds, limits?: Partial<GossipLimits>): Gossip {
  return new Follower(needs, { ...defaultLimits, ...limits });
}

class Follower implements Gossip {
  readonly #needs: GossipNeeds;
  readonly #limits: GossipLimits;
  readonly #router: Router;
  readonly #clock: Clock;
  readonly #log: NetworkLog;
  readonly #metrics: NetworkMetrics;
  readonly #stopped = new AbortController();
  readonly #topics: { readonly blocks: string; readonly messages: string };
  readonly #counts = new Map<string, { accept: number; ignore: number; reject: number }>();
  readonly #seen = new Set<string>();
  #running = 0;

  constructor(needs: GossipNeeds, limits: GossipLimits) {
    this.#needs = needs;
    this.#limits = limits;
    this.#router = needs.host.libp2p.services.pubsub as Router;
    this.#clock = needs.clock ?? systemClock;
    this.#log = needs.log ?? noLog;
    this.#metrics = needs.metrics ?? noMetrics;
    this.#topics = { blocks: blocksTopic(needs.networkName), messages: messagesTopic(needs.networkName) };
    this.#router.addEventListener("gossipsub:message", this.#onMessage);
  }

  followBlocks(): void {
    this.#router.subscribe(this.#topics.blocks);
  }

  followMessages(follow = true): void {
    if (follow) this.#router.subscribe(this.#topics.messages);
    else this.#router.unsubscribe(this.#topics.messages);
  }

  async publishBlock(block: BlockMsg | Uint8Array): Promise<number> {
    const bytes = block instanceof Uint8Array ? block : encodeBlockMsg(block);
    return this.#publish(this.#topics.blocks, bytes, maxPublishBytes);
  }

  async publishMessage(message: SignedMessage | Uint8Array): Promise<number> {
    const bytes = message instanceof Uint8Array ? message : encodeSignedMessage(message);
    return this.#publish(this.#topics.messages, bytes, maxPublishBytes);
  }

  score(peer: string): number {
    return this.#router.getScore(peer);
  }

  verdicts(peer: string): VerdictCounts {
    return { ...(this.#counts.get(peer) ?? { accept: 0, ignore: 0, reject: 0 }) };
  }

  subscribers(topic: "blocks" | "messages"): readonly string[] {
    return this.#router.getSubscribers(this.#topics[topic]).map(String);
  }

  stop(): void {
    this.#stopped.abort();
    this.#router.removeEventListener("gossipsub:message", this.#onMessage);
  }

  async #publish(topic: string, bytes: Uint8Array, limit: number): Promise<number> {
    if (bytes.length > limit)
      throw new NetworkError("network/publish-too-long", { topic, length: bytes.length, limit });
    try {
      return (await this.#router.publish(topic, bytes)).recipients.length;
    } catch (cause) {
      throw new NetworkError("network/publish-failed", { topic, reason: reasonOf(cause) }, { cause });
    }
  }

  readonly #onMessage = (event: CustomEvent<GossipsubMessage>): void => {
    const { msg, msgId, propagationSource } = event.detail;
    const peer = propagationSource.toString();
    const topic = this.#topicOf(msg);
    if (topic === undefined) return;
    this.#judge(topic, msg.data, peer)
      .then(({ verdict, reason }) => {
        if (this.#stopped.signal.aborted) return;
        this.#router.reportMessageValidationResult(msgId, peer, routerVerdict(verdict));
        this.#count(topic, peer, verdict, reason);
      })
      // what a router or listener throws here nobody would catch: the process would end at a stranger's word
      .catch((error: unknown) => this.#log("warn", "verdict not told", { topic, peer, reason: reasonOf(error) }));
  };

  #topicOf(message: Message): "blocks" | "messages" | undefined {
    if (message.topic === this.#topics.blocks) return "blocks";
    return message.topic === this.#topics.messages ? "messages" : undefined;
  }

  /** Never rejects the sender for our own trouble: a validator that fails, or a full queue, means ignore. */
  async #judge(
    topic: "blocks" | "messages",
    data: Uint8Array,
    peer: string,
  ): Promise<{ verdict: Verdict; reason: string }> {
    if (this.#running >= this.#limits.maxValidations) return { verdict: "ignore", reason: "too many at once" };
    this.#running++;
    try {
      if (topic === "messages") {
        return await this.#ask(judgeMessage(data, peer), this.#needs.validateMessage);
      }
      const judged = judgeBlock(data, peer, this.#needs.messageRoot);
      if (judged.verdict === "accept" && !this.#isNew(cidKey(judged.value.cid))) {
        return { verdict: "ignore", reason: "seen before" };
      }
      return await this.#ask(judged, this.#needs.validateBlock);
    } catch (error) {
      this.#log("warn", "validator failed", { topic, peer, reason: reasonOf(error) });
      return { verdict: "ignore", reason: "the validator failed" };
    } finally {
      this.#running--;
    }
  }

  async #ask<T>(
    judged: Judged<T>,
    validate: ((value: T, signal: AbortSignal) => Awaitable<Verdict>) | undefined,
  ): Promise<{ verdict: Verdict; reason: string }> {
    if (judged.verdict !== "accept") return judged;
    if (validate === undefined) return { verdict: "ignore", reason: "nobody here to judge it" };
    const deadline = new AbortController();
    const late = new Promise<"late">((resolve) => {
      deadline.signal.addEventListener("abort", () => resolve("late"), { once: true });
    });
    const cancel = this.#clock.after(this.#limits.validationMs, () => deadline.abort());
    try {
      const signal = AbortSignal.any([deadline.signal, this.#stopped.signal]);
      const verdict = await Promise.race([validate(judged.value, signal), late]);
      return verdict === "late"
        ? { verdict: "ignore", reason: "judging took too long" }
        : { verdict, reason: "by the validator" };
    } finally {
      cancel();
    }
  }

  #isNew(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > this.#limits.maxSeenBlocks) this.#seen.delete(this.#seen.values().next().value ?? "");
    return true;
  }

  #count(topic: "blocks" | "messages", peer: string, verdict: Verdict, reason: string): void {
    const counts = this.#counts.get(peer) ?? { accept: 0, ignore: 0, reject: 0 };
    counts[verdict]++;
    this.#counts.delete(peer);
    this.#counts.set(peer, counts); // youngest last
    if (this.#counts.size > this.#limits.maxPeers) this.#counts.delete(this.#counts.keys().next().value ?? "");
    this.#metrics.count("copse_network_gossip_verdicts_total", 1, `${topic} ${verdict}`);
    if (verdict === "reject") this.#log("debug", "gossip rejected", { topic, peer, reason });
    this.#needs.onVerdict?.({ topic, peer, verdict, reason });
  }
}
