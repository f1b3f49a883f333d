import { createMemoryBlockstore, type Store } from "@copse/blockstore";
import { describeReadOnlyAsyncStore } from "@copse/blockstore/compliance";
import { cidOf, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { startBitswap } from "../src/bitswap.ts";
import { emptyMessage, encodeBitswap, frame, prefixOf } from "../src/bitswap-codec.ts";
import { bitswapPeersOf, createBitswapStore } from "../src/bitswap-store.ts";
import { NetworkError } from "../src/errors.ts";
import { bitswapProtocols } from "../src/protocols.ts";
import { connect, startNode, type TestNode } from "./nodes.ts";

const block = (n: number, size = 100): Uint8Array => concatBytes(Uint8Array.of(n), new Uint8Array(size));
const holding = (...blocks: Uint8Array[]): Store => {
  const store = createMemoryBlockstore();
  store.putManySync(blocks.map((bytes) => [cidOf(bytes), bytes]));
  return store;
};

/** A node that gives the blocks of a store, and one connected to it that fetches. */
async function pair(
  source: Store,
  limits = {},
): Promise<{ a: TestNode; b: TestNode; store: () => ReturnType<typeof over> }> {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  await startBitswap({ host: b.host, source });
  const bitswap = await startBitswap({ host: a.host }, limits);
  await connect(a, b);
  const over = () => createBitswapStore({ bitswap, peers: () => bitswapPeersOf(a.host) }, { retries: 0 });
  return { a, b, store: over };
}

describeReadOnlyAsyncStore(
  "bitswap store",
  {
    unlisted: true,
    async open(blocks) {
      const source = createMemoryBlockstore();
      source.putManySync(blocks.filter(([, bytes]) => bytes.length <= 1 << 20));
      // One block of the suite is larger than a bitswap message: it lies at home.
      const local = createMemoryBlockstore();
      local.putManySync(blocks.filter(([, bytes]) => bytes.length > 1 << 20));
      const [a, b] = await Promise.all([startNode(), startNode()]);
      await startBitswap({ host: b.host, source });
      const bitswap = await startBitswap({ host: a.host });
      await connect(a, b);
      return createBitswapStore({ bitswap, peers: [b.peer], local }, { maxBlockBytes: 4 << 20 });
    },
  },
  { describe, it },
);

it("reads from connected peers that speak bitswap, many blocks at once", async () => {
  const blocks = Array.from({ length: 200 }, (_, n) => block(n, 2000));
  const { a, b, store } = await pair(holding(...blocks));
  expect(bitswapPeersOf(a.host)).toEqual([b.peer]);
  const found = await store().getManyBytes(blocks.map(cidOf));
  expect(found).toEqual(blocks);
  for await (const chunk of store().get(toCid(cidOf(block(7, 2000))))) expect(chunk).toEqual(block(7, 2000));
});

it("keeps what came in the local store", async () => {
  let asked = 0;
  const session = { peers: ["a"], get: async () => block(1 + asked++) };
  const local = createMemoryBlockstore();
  const store = createBitswapStore({ bitswap: { session: () => session }, peers: ["a"], local });
  await store.getBytes(cidOf(block(1)));
  expect(await store.getBytes(cidOf(block(1)))).toEqual(local.getSync(cidOf(block(1))));
  expect(asked).toBe(1);
});

it("calls a block absent only when every peer says so", async () => {
  const { a, b, store } = await pair(holding(block(1)), { hedgeMs: 30, totalMs: 200 });
  expect(await store().getBytes(cidOf(block(2)))).toBeUndefined();
  expect(await store().hasBytes(cidOf(block(2)))).toBe(false);

  const c = await startNode();
  await c.host.handle(bitswapProtocols, async () => {}); // takes every want, says nothing
  await connect(a, c);
  const facts = { asked: 2, refused: 1 };
  await expect(store().getBytes(cidOf(block(2)))).rejects.toMatchObject({
    code: "remote/unavailable",
    cause: { code: "remote/source-failed", cause: { code: "network/block-not-found", facts } },
  });
  expect(await store().getBytes(cidOf(block(1)))).toEqual(block(1));
  await Promise.all([a.host.disconnect(b.peer), a.host.disconnect(c.peer)]);
  await expect(store().getBytes(cidOf(block(1)))).rejects.toMatchObject({
    cause: { cause: { facts: { asked: 0, refused: 0 } } },
  });
});

it("counts a peer that cannot be reached as silent, not as one that lacks the block", async () => {
  const { a } = await pair(holding());
  const bitswap = await startBitswap({
    host: {
      ...a.host,
      open: () => Promise.reject(new NetworkError("network/host-not-running", { state: "x" })),
      handle: async () => {},
      unhandle: async () => {},
    },
  });
  const gone = "12D3KooWBF8cpp65hp2u9LK5mh19x67ftAam84z9LsfaquTDSBpt";
  await expect(bitswap.get(cidOf(block(1)), [gone])).rejects.toMatchObject({ facts: { asked: 1, refused: 0 } });
});

it("asks whom it had the last block from first", async () => {
  const asked: (readonly string[])[] = [];
  const bitswap = {
    session(peers: readonly string[]) {
      asked.push(peers);
      return { peers: ["c", ...peers.filter((peer) => peer !== "c")], get: async () => block(asked.length) };
    },
  };
  const store = createBitswapStore({ bitswap, peers: ["a", "b", "c"] });
  await store.getBytes(cidOf(block(1)));
  await store.getBytes(cidOf(block(2)));
  expect(asked).toEqual([
    ["a", "b", "c"],
    ["c", "a", "b"],
  ]);
});

it("takes no other block than the one asked for, and stops when told to", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const faults: string[] = [];
  const bitswap = await startBitswap({ host: a.host, onFault: (peer) => faults.push(peer) }, { totalMs: 300 });
  const wanted = cidOf(block(1));
  await b.host.handle(bitswapProtocols, async () => {
    const answer = await b.host.open(a.peer, bitswapProtocols);
    answer.send(frame(encodeBitswap({ ...emptyMessage, blocks: [{ prefix: prefixOf(wanted), data: block(2) }] })));
    await answer.close();
  });
  await connect(a, b);
  const store = createBitswapStore({ bitswap, peers: [b.peer] }, { retries: 0 });
  await expect(store.getBytes(wanted)).rejects.toMatchObject({ code: "remote/unavailable" });
  expect(faults).toEqual([b.peer]);
  const controller = new AbortController();
  const getting = store.getBytes(wanted, { signal: controller.signal });
  const ends = expect(getting).rejects.toMatchObject({ code: "host/aborted" });
  controller.abort();
  await ends;
});
