import { cidKey, cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import type { Stream } from "@libp2p/interface";
import { type Bitswap, type BitswapLimits, startBitswap } from "../src/bitswap.ts";
import {
  type BitswapMessage,
  decodeBitswap,
  emptyMessage,
  encodeBitswap,
  frame,
  prefixOf,
  type WantEntry,
} from "../src/bitswap-codec.ts";
import { NetworkError } from "../src/errors.ts";
import { FrameBuffer } from "../src/frame-reading.ts";
import type { StreamHandler } from "../src/host-options.ts";
import { bitswapProtocols } from "../src/protocols.ts";

/** What a peer does with one want: what it says, or nothing. */
export type Manner = (want: WantEntry) => Partial<BitswapMessage> | undefined;

/** What was asked of a peer, and when. */
export interface Question {
  readonly peer: string;
  readonly at: number;
  readonly for: "block" | "word" | "cancel";
}

export const block = (n: number): Uint8Array => concatBytes(Uint8Array.of(0x82, n), new Uint8Array(1));

/** Says that it has a block, and gives it. */
export function honest(...blocks: Uint8Array[]): Manner {
  const held = new Map(blocks.map((bytes) => [cidKey(cidOf(bytes)), bytes]));
  return ({ cid, cancel, haveOnly }) => {
    if (cancel) return undefined;
    const data = held.get(cidKey(cid));
    if (data === undefined || haveOnly) return { presences: [{ cid, has: data !== undefined }] };
    return { blocks: [{ prefix: prefixOf(cid), data }] };
  };
}
/** Lacks everything, and says so. */
export const lacking: Manner = honest();
/** Takes every want, and says nothing. */
export const silent: Manner = () => undefined;
/** Says that it has everything, and gives nothing. */
export const promising: Manner = ({ cid, haveOnly }) => (haveOnly ? { presences: [{ cid, has: true }] } : undefined);

/** Peers of some manners, on a clock that stands still unless it is told. */
export class World {
  readonly asked: Question[] = [];
  readonly manners = new Map<string, Manner>();
  /** Milliseconds that a peer takes to answer. */
  readonly delays = new Map<string, number>();
  /** Peers that no stream can be opened to. */
  readonly gone = new Set<string>();
  readonly protocol: string;
  now = 1;
  #timers: { readonly at: number; readonly task: () => void }[] = [];
  #listen: StreamHandler = async () => {};

  constructor(protocol: string = bitswapProtocols[0] as string) {
    this.protocol = protocol;
  }

  bitswap(limits: Partial<BitswapLimits> = {}): Promise<Bitswap> {
    const clock = {
      now: () => this.now,
      unixNanoseconds: () => 0n,
      after: (delayMs: number, task: () => void) => {
        const timer = { at: this.now + delayMs, task };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== timer);
        };
      },
    };
    const host = {
      open: async (peer: string) => {
        if (this.gone.has(peer)) throw new NetworkError("network/peer-gone", { peer, protocol: "", reason: "it left" });
        return this.#stream(peer, clock.after);
      },
      handle: async (_: readonly string[], handler: StreamHandler) => {
        this.#listen = handler;
      },
      unhandle: async () => {},
    };
    return startBitswap({ host, clock }, { totalMs: 10_000, ...limits });
  }

  /** Peers of one manner, by the names they got. */
  join(name: string, count: number, manner: Manner, delayMs = 0): string[] {
    const names = Array.from({ length: count }, (_, i) => (count === 1 ? name : `${name} ${i}`));
    for (const one of names) {
      this.manners.set(one, manner);
      this.delays.set(one, delayMs);
    }
    return names;
  }

  /** Lets time pass until the work is done. @returns how much it took, in ms */
  async until(work: Promise<unknown>): Promise<number> {
    const began = this.now;
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    for (await turn(); !isDone; await turn()) this.#tick();
    return this.now - began;
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    for (await turn(); this.#timers.some(({ at }) => at <= until); await turn()) this.#tick();
    this.now = until;
  }

  #tick(): void {
    const next = this.#timers.reduce((first, one) => (one.at < first.at ? one : first));
    this.#timers = this.#timers.filter((one) => one !== next);
    this.now = next.at;
    next.task();
  }

  #stream(peer: string, after: (delayMs: number, task: () => void) => unknown): Stream {
    const frames = new FrameBuffer(1 << 20, this.protocol);
    const read = (bytes: Uint8Array): void => {
      frames.add(bytes);
      const message = frames.take();
      if (message === undefined) return;
      const answers = decodeBitswap(message).wants.flatMap((want) => {
        this.asked.push({ peer, at: this.now, for: want.cancel ? "cancel" : want.haveOnly ? "word" : "block" });
        return this.manners.get(peer)?.(want) ?? [];
      });
      if (answers.length === 0) return;
      const blocks = answers.flatMap((answer) => answer.blocks ?? []);
      const presences = answers.flatMap((answer) => answer.presences ?? []);
      const delayMs = this.delays.get(peer) ?? 0;
      const say = (): void => this.say(peer, { ...emptyMessage, blocks, presences });
      if (delayMs === 0) queueMicrotask(say);
      else after(delayMs, say);
    };
    const stream = { protocol: this.protocol, writableNeedsDrain: false, send: read, close: async () => {} };
    return stream as unknown as Stream;
  }

  /** A peer says something to us. */
  say(peer: string, message: BitswapMessage): void {
    const stream = Object.assign(new EventTarget(), {
      ...{ protocol: this.protocol, status: "open", readableEnded: false, readBufferLength: 0 },
      close: async () => {},
    });
    void this.#listen(stream as unknown as Stream, peer);
    const data = frame(encodeBitswap(message));
    stream.dispatchEvent(Object.assign(new Event("message"), { data: { subarray: () => data } }));
    stream.dispatchEvent(new Event("end"));
  }
}

/** Lets everything happen that waits for no clock. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
