import { cidOf } from "@copse/ipld";
import { expect, it } from "vitest";
import { helloProtocol } from "../src/protocols.ts";
import { pair, startNode, testGenesis, until } from "./nodes.ts";

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
