import { createMemoryDatabase } from "@copse/blockstore";
import { cidOf } from "@copse/ipld";
import { NetworkError } from "@copse/network";
import { HostFault, toHex } from "@copse/primitives";
import { describe, expect, it, vi } from "vitest";
import { firstAbsentMs, maxAbsent, mostAbsentMs } from "../../src/sync/absent-blocks.ts";
import { stateSource } from "../../src/sync/state-source.ts";

const bytes = Uint8Array.of(0x41, 7);
const cid = cidOf(bytes);
const notFound = (asked = 1): NetworkError =>
  new NetworkError("network/block-not-found", { cid: toHex(cid), asked, refused: asked });

function setUp(get: (asked: number) => Promise<Uint8Array>) {
  const database = createMemoryDatabase();
  const world = { peers: ["a"], lie: undefined as unknown, asked: 0, gives: "a", ranked: [] as string[], now: 5 };
  const source = stateSource({
    database,
    reader: database.blocks,
    bitswap: {
      session: (peers) => ({
        peers: peers.toSorted((a, b) => Number(b === world.gives) - Number(a === world.gives)),
        get() {
          world.asked++;
          world.ranked.push(peers.join(""));
          return get(peers.length);
        },
      }),
    },
    peers: () => world.peers,
    onlyLie: () => world.lie,
    now: () => world.now,
  });
  return { database, world, source };
}

describe("stateSource", () => {
  it("fetches a block once, and keeps it", async () => {
    const { source, database, world } = setUp(async () => bytes);
    expect(await source.getBytes(cid)).toEqual(bytes);
    expect(await source.getBytes(cid)).toEqual(bytes);
    expect(world.asked).toBe(1);
    expect(database.blocks.getSync(cid)).toEqual(bytes);
  });

  it("asks first who gave the last block", async () => {
    let next = 0;
    const { source, world } = setUp(async () => Uint8Array.of(0x41, next++));
    world.peers = ["a", "b", "c"];
    world.gives = "c";
    for (let i = 0; i < 3; i++) await source.getBytes(cidOf(Uint8Array.of(0x41, i)));
    world.peers = ["a", "b"]; // it is gone
    await source.getBytes(cidOf(Uint8Array.of(0x41, 9)));
    expect(world.ranked).toEqual(["abc", "cab", "cab", "ab"]);
  });

  it("keeps what is fetched ahead in memory, and stores what was needed, all of a turn at once", async () => {
    const blocks = [1, 2, 3, 4].map((n) => Uint8Array.of(0x41, n));
    let next = 0;
    const { source, database } = setUp(async () => blocks[next++] as Uint8Array);
    const commit = vi.spyOn(database, "commit");
    const cids = blocks.map((block) => cidOf(block));
    await Promise.all(cids.slice(0, 3).map((one) => source.getBytes(one)));
    expect(commit).toHaveBeenCalledTimes(1);
    expect(await source.ahead.getBytes(cids[3] as Uint8Array)).toEqual(blocks[3]);
    expect(commit).toHaveBeenCalledTimes(1);
    expect(database.blocks.getSync(cids[3] as Uint8Array)).toBeUndefined();
    expect(source.held.getSync(cids[3] as Uint8Array)).toEqual(blocks[3]);
    expect(await source.getBytes(cids[3] as Uint8Array)).toEqual(blocks[3]);
    expect(source.fetched()).toMatchObject({ needed: { blocks: 3, bytes: 6 }, ahead: { blocks: 1, bytes: 2 } });
  });

  it("asks the same peers again after a wait that doubles up to five minutes", async () => {
    const { source, world } = setUp(async (asked) => {
      if (world.gives === "nobody") throw notFound(asked);
      return bytes;
    });
    world.gives = "nobody";
    let waitMs = firstAbsentMs;
    for (let round = 1; round <= 8; round++) {
      expect(source.isAbsent(cid)).toBe(false);
      expect(await source.getBytes(cid)).toBeUndefined();
      expect(world.asked).toBe(round);
      world.now += waitMs - 1;
      expect(source.isAbsent(cid)).toBe(true);
      expect(await source.getBytes(cid)).toBeUndefined();
      expect(world.asked).toBe(round);
      world.now += 1;
      waitMs = Math.min(mostAbsentMs, waitMs * 2);
    }
    expect(waitMs).toBe(mostAbsentMs);
    world.gives = "a"; // the slow one has it now
    expect(await source.getBytes(cid)).toEqual(bytes);
    expect(source.isAbsent(cid)).toBe(false);
  });

  it("asks at once a peer that was not asked, and it alone", async () => {
    const { source, world } = setUp((asked) => Promise.reject(notFound(asked)));
    await source.getBytes(cid);
    world.peers = ["a", "b", "c"];
    expect(source.isAbsent(cid)).toBe(false);
    expect(await source.getBytes(cid)).toBeUndefined();
    expect(source.isAbsent(cid)).toBe(true);
    world.now += firstAbsentMs; // the wait is of who was asked first
    await source.getBytes(cid);
    expect(world.ranked).toEqual(["a", "bc", "abc"]);
  });

  it("asks those that time ran out for, and one that has come back", async () => {
    const { source, world } = setUp(() => Promise.reject(notFound(1)));
    world.peers = ["a", "b"];
    await source.getBytes(cid);
    expect(source.isAbsent(cid)).toBe(false);
    await source.getBytes(cid);
    expect(source.isAbsent(cid)).toBe(true);
    world.peers = ["b", "c"]; // who has left is forgotten with the next answer
    await source.getBytes(cid);
    world.peers = ["a", "b", "c"];
    await source.getBytes(cid);
    expect(world.ranked).toEqual(["ab", "b", "c", "a"]);
  });

  it("asks those that time ran out for, in whatever order the others were asked", async () => {
    const { source, world } = setUp(() => Promise.reject(notFound(1)));
    world.peers = ["a", "b"];
    world.gives = "b"; // the session puts it first
    await source.getBytes(cid);
    await source.getBytes(cid);
    expect(source.isAbsent(cid)).toBe(true);
    expect(world.ranked).toEqual(["ab", "a"]);
  });

  it("counts one time for all who ask for a block at once", async () => {
    const { source, world } = setUp((asked) => Promise.reject(notFound(asked)));
    await Promise.all([source.getBytes(cid), source.getBytes(cid), source.ahead.getBytes(cid)]);
    world.now += firstAbsentMs;
    expect(source.isAbsent(cid)).toBe(false);
    await Promise.all([source.getBytes(cid), source.getBytes(cid)]);
    world.now += 2 * firstAbsentMs;
    expect(source.isAbsent(cid)).toBe(false);
  });

  it("forgets the oldest absence where there are too many", async () => {
    const { source } = setUp((asked) => Promise.reject(notFound(asked)));
    const cids = Array.from({ length: maxAbsent + 1 }, (_, i) => cidOf(Uint8Array.of(0x42, i >> 8, i & 0xff)));
    for (const one of cids) await source.getBytes(one);
    expect(cids.map((one) => source.isAbsent(one))).toEqual(cids.map((_, i) => i > 0));
  });

  it("remembers nothing of a moment without peers, nor of peers that were late", async () => {
    const late = new NetworkError("network/answer-late", { protocol: "bitswap", received: 0, waitedMs: 5 });
    const { source, world } = setUp(() => Promise.reject(late));
    world.peers = [];
    expect(await source.getBytes(cid)).toBeUndefined();
    expect(world.asked).toBe(0);
    world.peers = ["a"];
    expect(await source.getBytes(cid)).toBeUndefined();
    expect(source.isAbsent(cid)).toBe(false);
  });

  it("names the block where all there were sent another for it", async () => {
    const { source, world } = setUp(() => Promise.reject(notFound()));
    world.lie = new NetworkError("network/block-mismatch", { peer: "a", reason: "it hashes to another" });
    await expect(source.getBytes(cid)).rejects.toMatchObject({ code: "copse/block-mismatch", cause: world.lie });
    world.lie = new NetworkError("network/more-than-asked", { asked: 1, got: 2 });
    await expect(source.getBytes(cid)).rejects.toBe(world.lie);
  });

  it("passes on that it was stopped, and faults of the machine", async () => {
    for (const fault of [
      new HostFault("host/aborted", { reason: "Ctrl-C" }),
      new HostFault("host/store-failed", { operation: "commit", reason: "full" }),
    ]) {
      const { source } = setUp(() => Promise.reject(fault));
      await expect(source.getBytes(cid)).rejects.toBe(fault);
      expect(source.isAbsent(cid)).toBe(false);
    }
  });
});
