import { cidOf } from "@copse/ipld";
import { expect, it } from "vitest";
import { serveHello } from "../src/hello.ts";
import { encodeHello } from "../src/hello-codec.ts";
import type { HostEvent, StreamHandler } from "../src/host-options.ts";
import { helloProtocol } from "../src/protocols.ts";
import { connect, pair, startNode, testGenesis, until } from "./nodes.ts";

it("says hello both ways once identify is done", async () => {
  const [a, b] = await pair();
  await until(() => a.heads.length === 1 && b.heads.length === 1);
  expect(a.heads[0]).toEqual({ peer: b.peer, head: testGenesis, height: 7, weight: 1n << 70n });
  expect(await a.hello.say(b.peer)).toBeGreaterThanOrEqual(0);
});

it("disconnects a peer of another genesis and says why", async () => {
  const other = cidOf(Uint8Array.of(0x81, 0x01));
  const [a, b] = await Promise.all([startNode(), startNode({ genesis: other })]);
  await b.host.dial(a.address);
  await until(() => a.faults.some(({ error }) => error.code === "network/genesis-mismatch"));
  await until(() => a.host.peers().length === 0 && b.host.peers().length === 0);
});

it("drops a peer that stays silent", async () => {
  const a = await startNode({ hello: { silenceMs: 50 } });
  const b = await startNode();
  await b.host.unhandle([helloProtocol]);
  await b.hello.stop(); // answers nothing, says nothing
  await b.host.handle([helloProtocol], async () => {});
  await b.host.dial(a.address);
  await until(() => a.host.peers().length === 1);
  await until(() => a.host.peers().length === 0);
});

it("lets a peer stay whose hello came before its identify was done", async () => {
  let handler: StreamHandler | undefined;
  let tell: ((event: HostEvent) => void) | undefined;
  const dropped: string[] = [];
  const timers: (() => void)[] = [];
  const [a, b] = await Promise.all([startNode(), startNode()]);
  const hello = await serveHello({
    host: {
      open: () => new Promise(() => {}),
      handle: async (_, given) => {
        handler = given;
      },
      unhandle: async () => {},
      on: (listener) => {
        tell = listener;
        return () => {};
      },
      disconnect: async (peer) => void dropped.push(peer),
    },
    genesis: testGenesis,
    head: () => ({ head: testGenesis, height: 0, weight: 0n }),
    onHead: () => {},
    clock: {
      now: () => 0,
      unixNanoseconds: () => 0n,
      after: (ms, task) => {
        if (ms === 30_000) timers.push(task);
        return () => {};
      },
    },
  });
  await a.host.handle(["/raw-hello"], (stream, peer) => handler?.(stream, peer) ?? Promise.resolve());
  await connect(a, b);
  const joins = (peer: string): void =>
    tell?.({
      type: "joined",
      peer: { peer, agent: "", protocols: new Set([helloProtocol]), address: "", direction: "inbound" },
    });
  const stream = await b.host.libp2p.getConnections()[0]?.newStream("/raw-hello");
  stream?.send(encodeHello({ head: testGenesis, height: 1, weight: 1n, genesis: testGenesis }));
  await stream?.close();
  await until(() => stream?.status === "closed");
  joins(b.peer);
  expect(timers).toHaveLength(0);
  joins("silent");
  for (const task of timers) task();
  expect(dropped).toEqual(["silent"]);
  await hello.stop();
});

it("bounds garbage, oversized and endless hellos", async () => {
  const [a, b] = await pair({ hello: { messageMs: 100 } }, {});
  await until(() => a.heads.length === 1);
  const garbage = await b.host.open(a.peer, [helloProtocol]);
  garbage.send(Uint8Array.of(1, 2, 3));
  await garbage.close();
  await until(() => a.faults.some(({ error }) => error.code === "network/message-malformed"));
  const oversized = await b.host.open(a.peer, [helloProtocol]);
  oversized.send(new Uint8Array(5000));
  await until(() => a.faults.some(({ error }) => error.code === "network/message-too-long"));
  const endless = await b.host.open(a.peer, [helloProtocol]);
  endless.send(Uint8Array.of(0x84));
  await until(() => a.faults.some(({ error }) => error.code === "network/answer-late"));
});
