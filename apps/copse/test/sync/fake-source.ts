import { NetworkError } from "@copse/network";
import type { ChainSourcePort, Outcome, SourceRanking } from "../../src/sync/sources.ts";

/** A question to a fake source that waits for its answer. */
export interface Asked {
  readonly source: string;
  readonly signal: AbortSignal;
  readonly answer: (value: string) => void;
  readonly fail: (error: unknown) => void;
}

/** A want of text, and the questions it has led to. */
export interface FakeWant {
  readonly ask: (source: ChainSourcePort, signal: AbortSignal) => Promise<string>;
  readonly size: (answer: string) => number;
  readonly asked: Asked[];
}

/** A want that notes each question. One that is aborted fails as libp2p does: with the signal's reason. */
export function fakeWant(): FakeWant {
  const asked: Asked[] = [];
  return {
    asked,
    size: (answer) => answer.length,
    ask: (source, signal) =>
      new Promise((answer, fail) => {
        asked.push({ source: source.id, signal, answer, fail });
        signal.addEventListener("abort", () => fail(signal.reason), { once: true });
      }),
  };
}

/** A source of that id, which holds nothing. */
export function fakeSource(id: string): ChainSourcePort {
  const fail = (): Promise<never> => Promise.reject(new Error("not asked for"));
  return { id, headers: fail, messages: fail };
}

/** A ranking that keeps the order, and notes what it is told. */
export function notingRanking(): SourceRanking & { readonly told: [id: string, kind: Outcome["kind"] | "began"][] } {
  const told: [string, Outcome["kind"] | "began"][] = [];
  return {
    told,
    rank: (ids) => ids,
    began: (id) => void told.push([id, "began"]),
    report: (id, { kind }) => void told.push([id, kind]),
  };
}

export const late = (): NetworkError =>
  new NetworkError("network/answer-late", { protocol: "p", received: 0, waitedMs: 9 });
export const cut = (): NetworkError => new NetworkError("network/message-cut", { protocol: "p", received: 3 });
export const garbage = (): NetworkError =>
  new NetworkError("network/message-malformed", { protocol: "p", what: "answer", reason: "no CBOR" });
export const lie = (): NetworkError => new NetworkError("network/more-than-asked", { asked: 1, got: 2 });
export const refusal = (): NetworkError =>
  new NetworkError("network/refused", { protocol: "p", status: 201, reason: "block not found" });
