import { createMemoryDatabase } from "@copse/blockstore";
import { cidOf } from "@copse/ipld";
import { NetworkError } from "@copse/network";
import { HostFault, toHex } from "@copse/primitives";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stateSource } from "../../src/sync/state-source.ts";

const bytes = Uint8Array.of(0x41, 7);
const cid = cidOf(bytes);
const notFound = (): NetworkError =>
  new NetworkError("network/block-not-found", { cid: toHex(cid), asked: 1, refused: 1 });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(get: () => Promise<Uint8Array>) {
  const database = createMemoryDatabase();
  const world = { peers: ["a"], lie: undefined as unknown, asked: 0, gives: "a", ranked: [] as string[] };
  const source = stateSource({
    database,
    reader: database.blocks,
    bitswap: {
      session: (peers) => ({
        peers: peers.toSorted((a, b) => Number(b === world.gives) - Number(a === world.gives)),
        get() {
          world.asked++;
          world.ranked.push(peers.join(""));
          return get();
        },
      }),
    },
    peers: () => world.peers,
    onlyLie: () => world.lie,
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

  it("does not ask again for a while for what nobody had", async () => {
    const { source, world } = setUp(() => Promise.reject(notFound()));
    expect(await source.getBytes(cid)).toBeUndefined();
    expect(source.isAbsent(cid)).toBe(true);
    expect(await source.getBytes(cid)).toBeUndefined();
    expect(world.asked).toBe(1);
    vi.advanceTimersByTime(300_000);
    expect(source.isAbsent(cid)).toBe(false);
    await source.getBytes(cid);
    expect(world.asked).toBe(2);
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
