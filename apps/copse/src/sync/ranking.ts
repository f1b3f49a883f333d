import { faultOf, type PeerBook } from "@copse/network";
import type { SourceRanking } from "./sources.ts";

/** The network's peer book as the ranking of a pool of sources. */
export function bookRanking(book: PeerBook): SourceRanking {
  return {
    rank(ids) {
      const wanted = new Set(ids);
      return book.pick(ids.length, { suits: (id) => wanted.has(id) });
    },
    began: (id) => book.began(id),
    report(id, outcome) {
      if (outcome.kind === "served") {
        const { ms, bytes } = outcome;
        book.succeeded(id, { firstByteMs: ms, elapsedMs: ms, bytes });
      } else if (outcome.kind === "ended") {
        book.ended(id);
      } else {
        const fault = outcome.kind === "lied" ? "lie" : (faultOf(outcome.error) ?? "stall");
        book.failed(id, fault, outcome.error instanceof Error ? outcome.error.message : String(outcome.error));
      }
    },
  };
}

/** The ranking of what needs none: a file. */
export const noRanking: SourceRanking = { rank: (ids) => ids, began() {}, report() {} };
