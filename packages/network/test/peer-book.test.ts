import { describe, expect, it } from "vitest";
import { PeerBook, type PeerBookOptions } from "../src/peer-book.ts";

function book(options: Partial<PeerBookOptions> = {}): { book: PeerBook; clock: { now: number } } {
  const clock = { now: 0 };
  return { clock, book: new PeerBook({ now: () => clock.now, ...options }) };
}

const answer = (
  firstByteMs: number,
  bytesPerSecond = 1 << 20,
): { firstByteMs: number; elapsedMs: number; bytes: number } => ({
  firstByteMs,
  elapsedMs: 1_000,
  bytes: bytesPerSecond,
});

describe("peer book", () => {
  it("asks the quick before the slow, and newcomers before the average", () => {
    const { book: peers } = book();
    for (const peer of ["slow", "quick", "new"]) peers.joined(peer);
    peers.succeeded("slow", answer(900));
    peers.succeeded("quick", answer(20));
    expect(peers.pick(3)).toEqual(["quick", "new", "slow"]);
    expect(peers.pick(1)).toEqual(["quick"]);
  });

  it("counts throughput, not latency alone", () => {
    const { book: peers } = book();
    for (const peer of ["near", "wide"]) peers.joined(peer);
    peers.succeeded("near", answer(10, 100_000));
    peers.succeeded("wide", answer(200, 20_000_000));
    expect(peers.pick(2)).toEqual(["wide", "near"]);
  });

  it("spreads requests that run at once", () => {
    const { book: peers } = book();
    for (const peer of ["a", "b"]) {
      peers.joined(peer);
      peers.succeeded(peer, answer(peer === "a" ? 10 : 20));
    }
    peers.began("a");
    expect(peers.pick(1)).toEqual(["b"]);
    for (let i = 0; i < 3; i++) peers.began("a");
    expect(peers.pick(9)).toEqual(["b"]); // four run on a
    peers.ended("a");
    expect(peers.pick(9)).toEqual(["b", "a"]);
  });

  it("pauses a peer that fails, twice as long each time in a row", () => {
    const { book: peers, clock } = book();
    peers.joined("a");
    expect(peers.failed("a", "stall")).toBeUndefined();
    expect(peers.pick(1)).toEqual([]);
    clock.now = 1_000;
    expect(peers.pick(1)).toEqual(["a"]);
    peers.failed("a", "gone");
    clock.now = 2_999;
    expect(peers.pick(1)).toEqual([]);
    clock.now = 3_000;
    expect(peers.pick(1)).toEqual(["a"]);
    peers.succeeded("a", answer(10));
    peers.failed("a", "refused");
    expect(peers.standing("a")?.pausedUntil).toBe(4_000);
    for (let i = 0; i < 40; i++) peers.failed("a", "refused");
    expect(peers.standing("a")?.pausedUntil).toBe(63_000);
  });

  it("bars a liar for an hour, and garbage the second time", () => {
    const { book: peers, clock } = book();
    for (const peer of ["liar", "noisy"]) peers.joined(peer);
    expect(peers.failed("liar", "lie", "wrong parents")).toEqual({
      peer: "liar",
      fault: "lie",
      reason: "wrong parents",
      until: 3_600_000,
    });
    expect(peers.failed("noisy", "garbage")).toBeUndefined();
    clock.now = 5_000;
    expect(peers.pick(9)).toEqual(["noisy"]);
    expect(peers.failed("noisy", "garbage")).toBeDefined();
    expect(peers.bans().map(({ peer }) => peer)).toEqual(["liar", "noisy"]);
    clock.now = 3_600_001;
    expect(peers.isBanned("liar")).toBe(false);
    expect(peers.isBanned("noisy")).toBe(true);
    expect(peers.pick(9)).toEqual(["liar"]);
  });

  it("never bars a protected peer, but ranks it by what it does", () => {
    const { book: peers, clock } = book();
    for (const peer of ["boot", "other"]) peers.joined(peer);
    peers.protect("boot");
    expect(peers.failed("boot", "lie")).toBeUndefined();
    expect(peers.ban("boot", "lie", "", 1)).toBeUndefined();
    clock.now = 2_000;
    expect(peers.pick(9)).toEqual(["other", "boot"]);
  });

  it("keeps to connected peers that suit", () => {
    const { book: peers } = book();
    for (const peer of ["a", "b", "c"]) peers.joined(peer);
    peers.left("b");
    expect(peers.pick(9, { suits: (peer) => peer !== "a" })).toEqual(["c"]);
    expect(peers.standings().map(({ peer }) => peer)).toEqual(["a", "c"]);
  });

  it("is bounded: forgets who left first, never who is connected", () => {
    const { book: peers } = book({ maxPeers: 3 });
    peers.joined("kept");
    for (let i = 0; i < 10; i++) {
      peers.joined(`p${i}`);
      peers.left(`p${i}`);
    }
    expect(peers.standing("kept")).toBeDefined();
    expect(peers.standing("p0")).toBeUndefined();
    expect(peers.standing("p9")).toBeDefined();
  });
});
