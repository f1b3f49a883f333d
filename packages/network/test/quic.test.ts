import { expect, it } from "vitest";
import { quicTransport } from "../src/quic.ts";
import { fakeChain } from "./fake-chain.ts";
import { connect, startNode, until } from "./nodes.ts";

const loads = (await quicTransport()) !== undefined;

it.skipIf(!loads)("speaks hello and chain exchange over QUIC too", async () => {
  const chain = fakeChain(300, 3);
  const host = { listen: ["/ip4/127.0.0.1/udp/0/quic-v1"] };
  const [a, b] = await Promise.all([startNode({ host }), startNode({ host, source: chain })]);
  expect(b.address).toContain("/quic-v1/p2p/");
  await connect(a, b);
  await until(() => a.heads.length === 1);
  const { tipsets } = await a.client.request(b.peer, { head: chain.head, count: 200 });
  expect(tipsets).toHaveLength(200);
});
