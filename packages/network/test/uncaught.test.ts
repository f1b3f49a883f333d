// What others do must end no process: nothing is thrown where nobody catches it. Vitest fails on what is uncaught, too.
import { cidOf } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { expect, it, vi } from "vitest";
import { type BitswapMessage, emptyMessage, type WantEntry } from "../src/bitswap-codec.ts";
import { BitswapServing } from "../src/bitswap-server.ts";
import { systemClock } from "../src/clock.ts";
import { NetworkError } from "../src/errors.ts";
import { serveHello } from "../src/hello.ts";
import type { HostEvent } from "../src/host-options.ts";
import { noMetrics } from "../src/metrics.ts";
import { helloProtocol } from "../src/protocols.ts";
import { connect, startNode, testGenesis, until } from "./nodes.ts";

/** Log messages from warnings up. */
function logged() {
  const told: string[] = [];
  const log = (level: string, message: string): void => void (level === "warn" && told.push(message));
  return { told, log };
}

it.each(["when more is sent", "in a timer"])("a block source that fails %s lacks those blocks", async (when) => {
  const blocks = Array.from({ length: 4 }, (_, n) => new Uint8Array(300_000).fill(n));
  const wants: WantEntry[] = blocks.map((block) => ({ cid: cidOf(block), sendDontHave: true }));
  const sent: BitswapMessage[] = [];
  const timers: (() => void)[] = [];
  const { told, log } = logged();
  let [reads, now] = [0, 0];
  const serving = new BitswapServing({
    source: {
      getSync() {
        const block = blocks[reads++];
        if (reads > 2) throw new Error("the disk is gone");
        return block;
      },
    },
    send: async (_, message) => void sent.push(message),
    clock: {
      ...systemClock,
      now: () => now,
      after(_, task) {
        timers.push(task);
        return () => {};
      },
    },
    limits: { bytesPerSecond: 1, burstBytes: when === "in a timer" ? 600_000 : 1 << 30, maxQueuedPerPeer: 9 },
    log,
    metrics: noMetrics,
  });
  serving.receive("peer", wants, false);
  await until(() => sent.length + timers.length === 2);
  now = 10_000;
  timers.shift()?.();
  await until(() => sent.length === 2);
  const lacking = wants.slice(2).map(({ cid }) => ({ cid, has: false }));
  expect(sent[0]?.blocks.map(({ data }) => data[0])).toEqual([0, 1]);
  expect(sent[1]).toEqual({ ...emptyMessage, presences: lacking });
  expect(told).toEqual(["block source failed while serving"]);
  serving.stop();
});

it("who listens for faults of hello may fail", async () => {
  const { told, log } = logged();
  let tell: (event: HostEvent) => void = () => {};
  const gone = new NetworkError("network/peer-gone", { peer: "a", protocol: helloProtocol, reason: "it left" });
  const hello = await serveHello({
    host: {
      open: () => Promise.reject(gone),
      handle: async () => {},
      unhandle: async () => {},
      disconnect: async () => {},
      on: (listener) => {
        tell = listener;
        return () => {};
      },
    },
    genesis: testGenesis,
    head: () => ({ head: TipsetKey.fromBytes(testGenesis), height: 0, weight: 0n }),
    onHead: () => {},
    onFault: () => {
      throw new Error("who listens has failed");
    },
    log,
  });
  const protocols = new Set([helloProtocol]);
  tell({ type: "joined", peer: { peer: "a", agent: "", protocols, address: "", direction: "inbound" } });
  await until(() => told.length > 0);
  expect(told).toEqual(["fault of hello not told"]);
  await hello.stop();
});

it("who listens for peers may fail: others are told all the same", async () => {
  const { told, log } = logged();
  const [a, b] = await Promise.all([startNode({ host: { log } }), startNode()]);
  a.host.on(() => {
    throw new Error("who listens has failed");
  });
  const events: string[] = [];
  a.host.on(({ type }) => events.push(type));
  await connect(a, b);
  await b.host.disconnect(a.peer);
  await until(() => events.length === 2);
  expect(events).toEqual(["joined", "left"]);
  expect(told).toEqual(["listener failed", "listener failed"]);
});

it("a connection that cannot be ended is left, and the peer's others are ended", async () => {
  const node = await startNode();
  const { libp2p, peer } = node.host;
  const connection = (abort: () => void) => ({ abort, remotePeer: libp2p.peerId });
  const aborted = vi.fn();
  const closed = (): never => {
    throw new Error("Cannot write to a stream that is closed");
  };
  vi.spyOn(libp2p, "hangUp").mockRejectedValue(new Error("timed out"));
  const connections = vi.spyOn(libp2p, "getConnections");
  connections.mockReturnValue([connection(closed), connection(aborted)] as never);
  await node.host.disconnect(peer);
  expect(aborted).toHaveBeenCalledOnce();
  vi.restoreAllMocks();
});
