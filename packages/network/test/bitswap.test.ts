import { cidKey, cidOf, rawCidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { expect, it } from "vitest";
import { type Bitswap, type BitswapNeeds, startBitswap } from "../src/bitswap.ts";
import {
  type BitswapMessage,
  emptyMessage,
  encodeBitswap,
  frame,
  maxBitswapBytes,
  prefixOf,
} from "../src/bitswap-codec.ts";
import { BitswapServing } from "../src/bitswap-server.ts";
import { systemClock } from "../src/clock.ts";
import type { NetworkError } from "../src/errors.ts";
import { noLog, noMetrics } from "../src/metrics.ts";
import { bitswapProtocols } from "../src/protocols.ts";
import { connect, startNode, type TestNode, until } from "./nodes.ts";

const block = (n: number, size = 100): Uint8Array => concatBytes(Uint8Array.of(n), new Uint8Array(size));
const store = (...blocks: Uint8Array[]): { getSync(cid: Uint8Array): Uint8Array | undefined } => {
  const rows = new Map(
    blocks.flatMap((bytes) => [[cidKey(cidOf(bytes)), bytes] as const, [cidKey(rawCidOf(bytes)), bytes] as const]),
  );
  return { getSync: (cid) => rows.get(cidKey(cid)) };
};
const bitswapOf = (node: TestNode, needs: Partial<BitswapNeeds> = {}, limits = {}): Promise<Bitswap> =>
  startBitswap({ host: node.host, ...needs }, limits);

it("fetches blocks of several codecs, many at once, and tells of those not there", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const blocks = Array.from({ length: 200 }, (_, n) => block(n, 20_000));
  await bitswapOf(b, { source: store(...blocks) });
  const bitswap = await bitswapOf(a);
  await connect(a, b);
  const got = await Promise.all(blocks.map((bytes) => bitswap.get(cidOf(bytes), [b.peer])));
  expect(got.every((bytes, n) => cidKey(bytes) === cidKey(blocks[n] as Uint8Array))).toBe(true);
  expect(await bitswap.get(rawCidOf(blocks[3] as Uint8Array), [b.peer])).toEqual(blocks[3]);
  await expect(bitswap.get(cidOf(block(250)), [b.peer])).rejects.toMatchObject({
    code: "network/block-not-found",
    facts: { asked: 1 },
  });
});

it("asks whether a peer has a block, without taking it", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  await bitswapOf(b, { source: store(block(1)) });
  const bitswap = await bitswapOf(a);
  await connect(a, b);
  expect(await bitswap.has(cidOf(block(1)), b.peer)).toBe(true);
  expect(await bitswap.has(cidOf(block(2)), b.peer)).toBe(false);
  expect(await bitswap.has(cidOf(block(2)), "12D3KooWBF8cpp65hp2u9LK5mh19x67ftAam84z9LsfaquTDSBpt")).toBe(false);
});

it("speaks the oldest protocol too: blocks without prefix, no presences", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const oldest = bitswapProtocols.slice(-1);
  const only = (node: TestNode): BitswapNeeds["host"] => ({
    open: (peer, _, options) => node.host.open(peer, oldest, options),
    handle: (_, handler, options) => node.host.handle(oldest, handler, options),
    unhandle: () => node.host.unhandle(oldest),
  });
  await startBitswap({ host: only(b), source: store(block(1)) });
  const bitswap = await startBitswap({ host: only(a) });
  await connect(a, b);
  expect(await bitswap.get(cidOf(block(1)), [b.peer])).toEqual(block(1));
});

it("turns to the next peer when one has nothing, and remembers who had it", async () => {
  const [a, b, c] = await Promise.all([startNode(), startNode(), startNode()]);
  await bitswapOf(b, { source: store() });
  await bitswapOf(c, { source: store(block(1), block(2)) });
  const bitswap = await bitswapOf(a);
  await connect(a, b);
  await connect(a, c);
  const session = bitswap.session([b.peer, c.peer]);
  expect(await session.get(cidOf(block(1)))).toEqual(block(1));
  expect(session.peers[0]).toBe(c.peer);
  expect(await session.get(cidOf(block(2)))).toEqual(block(2));
});

it("asks the next peer when one stalls, ends in time, and stops when told to", async () => {
  const [a, b, c] = await Promise.all([startNode(), startNode(), startNode()]);
  await b.host.handle(bitswapProtocols, async () => {}); // takes every want, says nothing
  await bitswapOf(c, { source: store(block(9)) });
  const bitswap = await bitswapOf(a, {}, { hedgeMs: 30, totalMs: 200 });
  await connect(a, b);
  await connect(a, c);
  expect(await bitswap.get(cidOf(block(9)), [b.peer, c.peer])).toEqual(block(9));
  await expect(bitswap.get(cidOf(block(8)), [b.peer])).rejects.toMatchObject({ code: "network/block-not-found" });
  const controller = new AbortController();
  const getting = bitswap.get(cidOf(block(7)), [b.peer], { signal: controller.signal });
  controller.abort();
  await expect(getting).rejects.toMatchObject({ code: "host/aborted" });
});

it("believes no claim of a block, and names who sent what nobody asked for", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const faults: [string, NetworkError][] = [];
  const bitswap = await bitswapOf(a, { onFault: (peer, error) => faults.push([peer, error]) }, { totalMs: 300 });
  const wanted = cidOf(block(1));
  await b.host.handle(bitswapProtocols, async () => {
    const answer = await b.host.open(a.peer, bitswapProtocols);
    answer.send(frame(encodeBitswap({ ...emptyMessage, blocks: [{ prefix: prefixOf(wanted), data: block(2) }] })));
    await answer.close();
  });
  await connect(a, b);
  await expect(bitswap.get(wanted, [b.peer])).rejects.toMatchObject({ code: "network/block-not-found" });
  expect(faults[0]?.[0]).toBe(b.peer);
  expect(faults[0]?.[1]).toMatchObject({ code: "network/block-mismatch", fault: "lie" });
});

it("bounds garbage and oversized frames", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const codes: string[] = [];
  await bitswapOf(a, { onFault: (_, error) => codes.push(error.code) });
  await connect(a, b);
  for (const bytes of [Uint8Array.of(3, 0xff, 0xff, 0xff), frame(Uint8Array.of(0x0a, 0x02, 0x0a, 0x7f))]) {
    const stream = await b.host.open(a.peer, bitswapProtocols);
    stream.send(bytes);
  }
  const large = await b.host.open(a.peer, bitswapProtocols);
  large.send(Uint8Array.of(0x81, 0x80, 0x80, 0x01)); // a frame of 2 MiB and one byte is announced
  await until(() => codes.length === 3);
  expect(codes.sort()).toEqual(["network/message-malformed", "network/message-malformed", "network/message-too-long"]);
  expect(maxBitswapBytes + 1).toBe(0x200001);
});

it("gives the block to a peer that wants it, and a word of it as well", async () => {
  const sent: BitswapMessage[] = [];
  const serving = new BitswapServing({
    source: store(block(1)),
    send: async (_, message) => void sent.push(message),
    clock: systemClock,
    limits: { bytesPerSecond: 1, burstBytes: 1 << 20, maxQueuedPerPeer: 9 },
    log: noLog,
    metrics: noMetrics,
  });
  const cid = cidOf(block(1));
  const wants = [true, false, true].map((haveOnly) => ({ cid, cancel: false, haveOnly, sendDontHave: true }));
  serving.receive("peer", wants, false);
  expect(sent).toMatchObject([{ blocks: [{ data: block(1) }], presences: [] }]);
  serving.stop();
});

it("gives a peer no more than its budget, and more as time passes", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const blocks = Array.from({ length: 40 }, (_, n) => block(n, 50_000));
  const tasks: (() => void)[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    unixNanoseconds: () => 0n,
    after: (delayMs: number, task: () => void) => {
      if (delayMs < 8_000) tasks.push(task);
      return () => {};
    },
  };
  await bitswapOf(b, { source: store(...blocks), clock }, { burstBytes: 100_000, bytesPerSecond: 1_000_000 });
  const bitswap = await bitswapOf(a, {}, { hedgeMs: 60_000 });
  await connect(a, b);
  let got = 0;
  const all = blocks.map(async (bytes) => {
    await bitswap.get(cidOf(bytes), [b.peer]);
    got++;
  });
  await until(() => tasks.length > 0);
  expect(got).toBeLessThanOrEqual(3);
  const drain = setInterval(() => {
    now += 100;
    for (const task of tasks.splice(0)) task();
  }, 1);
  await Promise.all(all);
  clearInterval(drain);
  expect(got).toBe(40);
});
