import { NetworkError, PeerBook } from "@copse/network";
import { describe, expect, it } from "vitest";
import { bookRanking, noRanking } from "../../src/sync/ranking.ts";
import { garbage, late, lie } from "./fake-source.ts";

const ids = ["a", "b", "c"];

function setUp(): { book: PeerBook; ranking: ReturnType<typeof bookRanking>; pass: (ms: number) => void } {
  let now = 0;
  const book = new PeerBook({ now: () => now });
  for (const id of ids) book.joined(id);
  const pass = (ms: number): void => {
    now += ms;
  };
  return { book, ranking: bookRanking(book), pass };
}

/** Asks and answers, `ms` long. */
function serve({ ranking }: ReturnType<typeof setUp>, id: string, ms: number): void {
  ranking.began(id);
  ranking.report(id, { kind: "served", ms, bytes: 100_000 });
}

describe("bookRanking", () => {
  it("gives equal peers turns, so that work and trust spread", () => {
    const world = setUp();
    const asked: string[] = [];
    for (let i = 0; i < 9; i++) {
      const first = world.ranking.rank(ids)[0] as string;
      asked.push(first);
      serve(world, first, 50);
    }
    for (const id of ids) expect(asked.filter((one) => one === id).length).toBe(3);
  });

  it("puts a far slower peer last, and yet asks it now and then: it may have been a bad moment", () => {
    const world = setUp();
    for (let i = 0; i < 5; i++) {
      serve(world, "a", 20);
      serve(world, "b", 20);
      serve(world, "c", 30_000);
    }
    let firstOfAll = 0;
    const rounds = 40;
    for (let i = 0; i < rounds; i++) {
      const [first] = world.ranking.rank(ids);
      if (first === "c") firstOfAll++;
      serve(world, first as string, first === "c" ? 30_000 : 20);
    }
    expect(firstOfAll).toBeGreaterThan(0);
    expect(firstOfAll).toBeLessThanOrEqual(rounds / 4);
  });

  it("asks only those that are wanted, each once", () => {
    const { ranking } = setUp();
    expect([...ranking.rank(["b", "c"])].sort()).toEqual(["b", "c"]);
    expect(ranking.rank(["stranger"])).toEqual([]);
    expect(ranking.rank([])).toEqual([]);
  });

  it("bars a liar, and pauses one that was late", () => {
    const { book, ranking, pass } = setUp();
    for (const id of ids) ranking.began(id);
    ranking.report("a", { kind: "lied", error: lie() });
    ranking.report("b", { kind: "failed", error: late() });
    ranking.report("c", { kind: "ended" });
    expect(book.isBanned("a")).toBe(true);
    expect(ranking.rank(ids)).toEqual(["c"]);
    pass(5000);
    expect([...ranking.rank(ids)].sort()).toEqual(["b", "c"]);
    expect(book.standing("b")?.failures.stall).toBe(1);
    expect(book.standing("b")?.running).toBe(0);
  });

  it("bars one for garbage as for a lie, once the pool has called it one", () => {
    const { book, ranking } = setUp();
    ranking.began("a");
    ranking.report("a", { kind: "lied", error: garbage() });
    expect(book.isBanned("a")).toBe(true);
  });

  it("blames nobody for limits of ours, and takes an uncoded failure for a stall", () => {
    const { book, ranking } = setUp();
    ranking.began("a");
    const ours = new NetworkError("network/ask-out-of-range", { what: "count", value: 901, limit: 900 });
    ranking.report("a", { kind: "failed", error: ours });
    expect(Object.values(book.standing("a")?.failures ?? {}).every((count) => count === 0)).toBe(true);
    ranking.began("b");
    ranking.report("b", { kind: "failed", error: "text" });
    expect(book.standing("b")?.failures.stall).toBe(1);
  });

  it("does not grow with the peers that come and go", () => {
    const { book, ranking } = setUp();
    for (let i = 0; i < 5000; i++) {
      book.joined(`p${i}`);
      ranking.began(`p${i}`);
      ranking.report(`p${i}`, { kind: "ended" });
      book.left(`p${i}`);
    }
    expect([...ranking.rank(ids)].sort()).toEqual(ids);
  });
});

describe("noRanking", () => {
  it("keeps the order", () => expect(noRanking.rank(ids)).toEqual(ids));
});
