import { expect, it } from "vitest";
import { resolveAddresses } from "../src/addresses.ts";
import {
  createHost,
  emptyChainSource,
  generatePrivateKey,
  type HostEvent,
  peerIdOf,
  serveExchange,
} from "../src/index.ts";
import { exchangeProtocol, helloProtocol } from "../src/protocols.ts";
import { connect, startNode, until } from "./nodes.ts";

it("does not start without hello and chain exchange", async () => {
  const host = await createHost({ networkName: "test", kad: false });
  await serveExchange({ host, source: emptyChainSource });
  await expect(host.start()).rejects.toMatchObject({
    code: "network/protocol-unregistered",
    facts: { protocol: helloProtocol },
  });
  await expect(host.dial("/ip4/127.0.0.1/tcp/1")).rejects.toMatchObject({ code: "network/host-not-running" });
});

it("keeps its identity with its key", async () => {
  const privateKey = await generatePrivateKey();
  expect(privateKey).toHaveLength(68);
  const node = await startNode({ host: { privateKey } });
  expect(node.peer).toBe(peerIdOf(privateKey));
  expect(node.address).toContain(`/p2p/${node.peer}`);
  await expect(createHost({ networkName: "x", privateKey: Uint8Array.of(1) })).rejects.toMatchObject({
    code: "network/key-malformed",
  });
});

it("tells who joined, with protocols and agent, and who left", async () => {
  const [a, b] = await Promise.all([startNode({ host: { userAgent: "copse-a" } }), startNode()]);
  const events: HostEvent[] = [];
  b.host.on((event) => events.push(event));
  await connect(a, b);
  expect(b.host.peers()[0]).toMatchObject({ peer: a.peer, agent: "copse-a", direction: "inbound" });
  for (const protocol of [
    helloProtocol,
    exchangeProtocol,
    "/meshsub/1.1.0",
    "/ipfs/ping/1.0.0",
    "/ipfs/id/push/1.0.0",
  ]) {
    expect(b.host.peers()[0]?.protocols.has(protocol)).toBe(true);
  }
  expect(await a.host.ping(b.peer)).toBeGreaterThanOrEqual(0);
  await a.host.disconnect(b.peer);
  await until(() => events.length === 2);
  expect(events.map(({ type }) => type)).toEqual(["joined", "left"]);
});

it("names what is wrong with an address, a dial, a peer and a protocol", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  await expect(a.host.dial("/nonsense")).rejects.toMatchObject({ code: "network/address-malformed" });
  await expect(a.host.dial("/ip4/127.0.0.1/tcp/1")).rejects.toMatchObject({
    code: "network/dial-failed",
    fault: "gone",
  });
  await expect(a.host.open(b.peer, ["/x"])).rejects.toMatchObject({ code: "network/peer-gone" });
  await connect(a, b);
  await expect(a.host.open(b.peer, ["/x"])).rejects.toMatchObject({
    code: "network/protocol-missing",
    fault: "refused",
  });
  await expect(a.host.dial(b.address, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "host/aborted" });
  expect(await resolveAddresses(b.address)).toEqual([b.address]);
});

it("lets nobody in who is denied, nor more connections of one peer than the limit", async () => {
  const denied = new Set<string>();
  const a = await startNode({ host: { denies: (peer) => denied.has(peer), limits: { maxConnectionsPerPeer: 1 } } });
  const [b, c] = await Promise.all([startNode(), startNode()]);
  denied.add(b.peer);
  await b.host.dial(a.address).catch(() => {});
  await until(() => b.host.libp2p.getConnections().length === 0);
  expect(a.host.peers()).toHaveLength(0);
  await connect(c, a);
  await c.host.libp2p.dial(c.host.libp2p.getConnections()[0]?.remoteAddr as never, { force: true }).catch(() => {});
  await until(() => c.host.libp2p.getConnections().length === 1);
  expect(a.host.libp2p.getConnections()).toHaveLength(1);
});

it("finds peers through Kademlia under Filecoin's protocol name", async () => {
  const kad = { host: { kad: true, kadMode: "server" as const } };
  const [a, b, c] = await Promise.all([startNode(kad), startNode(kad), startNode(kad)]);
  await connect(a, b);
  await connect(c, b);
  expect(a.host.peers()[0]?.protocols.has("/fil/kad/test/kad/1.0.0")).toBe(true);
  const found = new Set<string>();
  while (!found.has(c.peer)) {
    for await (const { peer, addresses } of a.host.discover()) if (addresses.length > 0) found.add(peer);
  }
});

it("stops twice, and says so to whoever dials after", async () => {
  const a = await startNode();
  await a.host.stop();
  await a.host.stop();
  await expect(a.host.dial("/ip4/127.0.0.1/tcp/1")).rejects.toMatchObject({ code: "network/host-not-running" });
  const b = await createHost({ networkName: "test", kad: false, listen: ["/ip4/203.0.113.1/tcp/1"] });
  await b.handle([helloProtocol, exchangeProtocol], async () => {});
  await expect(b.start()).rejects.toMatchObject({ code: "network/listen-failed" });
});

it("calls a peer that never agrees on a protocol a stall", async () => {
  const [a, b] = await Promise.all([startNode(), startNode()]);
  await connect(a, b);
  const { muxer } = b.host.libp2p.getConnections()[0] as unknown as { muxer: EventTarget };
  muxer.dispatchEvent = () => true; // new streams reach nobody
  const opening = a.host.open(b.peer, [helloProtocol], { openMs: 50 });
  await expect(opening).rejects.toMatchObject({ code: "network/answer-late", fault: "stall" });
});
