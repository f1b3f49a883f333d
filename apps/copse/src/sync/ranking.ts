import { faultOf, type PeerBook } from "@copse/network";
import { isCopseError } from "@copse/primitives";
import type { Outcome, SourceRanking } from "./sources.ts";

/** Peers whose expected cost is about the best take turns, so that work and trust spread. Slack in ms. */
const evenFactor = 4;
const evenSlack = 1000;
/** Every so many questions the one that waited longest is asked whatever its cost: figures of a bad moment grow old. */
const exploreEvery = 4;

/** Peers whose turn is remembered. */
const maxTurns = 1024;

/** The network's peer book as the ranking of a pool of sources. */
export function bookRanking(book: PeerBook): SourceRanking {
  const turns = new Map<string, number>();
  let turn = 0;
  return {
    rank(ids) {
      const wanted = new Set(ids);
      const ranked = book.pick(ids.length, { suits: (id) => wanted.has(id) });
      const cost = (id: string | undefined): number => (id === undefined ? 0 : (book.standing(id)?.cost ?? 0));
      const limit = cost(ranked[0]) * evenFactor + evenSlack;
      const even = ranked.filter((id) => cost(id) <= limit);
      const lastTurn = (id: string): number => turns.get(id) ?? 0;
      if (turn % exploreEvery === 0) return ranked.toSorted((a, b) => lastTurn(a) - lastTurn(b));
      return [...even.toSorted((a, b) => lastTurn(a) - lastTurn(b)), ...ranked.filter((id) => cost(id) > limit)];
    },
    began(id) {
      turns.delete(id);
      turns.set(id, ++turn);
      if (turns.size > maxTurns) turns.delete(turns.keys().next().value ?? "");
      book.began(id);
    },
    report(id, outcome) {
      if (outcome.kind === "served") {
        const { ms, bytes } = outcome;
        book.succeeded(id, { firstByteMs: ms, elapsedMs: ms, bytes });
      } else if (outcome.kind === "ended" || isOurs(outcome)) {
        book.ended(id);
      } else {
        const fault = outcome.kind === "lied" ? "lie" : (faultOf(outcome.error) ?? "stall");
        book.failed(id, fault, outcome.error instanceof Error ? outcome.error.message : String(outcome.error));
      }
    },
  };
}

/** Whether a request failed at a limit of ours: the network blames nobody for it, and neither do we. */
function isOurs(outcome: Outcome): boolean {
  return outcome.kind === "failed" && isCopseError(outcome.error, "network/") && faultOf(outcome.error) === undefined;
}

/** The ranking of what needs none: a file. */
export const noRanking: SourceRanking = { rank: (ids) => ids, began() {}, report() {} };
