// A serving peer in a process of its own: tells its address to the parent, serves until killed.

import { createHost, serveExchange, serveHello } from "../../src/index.ts";
import { fakeChain } from "../../test/fake-chain.ts";

const chain = fakeChain(Number(process.env["TIPSETS"] ?? 9000), 5);
const host = await createHost({
  networkName: "bench",
  listen: ["/ip4/127.0.0.1/tcp/0"],
  privateNetwork: true,
  kad: false,
});
await serveHello({
  host,
  genesis: chain.genesis,
  head: () => ({ head: chain.head, height: chain.keys.length - 1, weight: 1n }),
  onHead: () => {},
});
await serveExchange({ host, source: chain });
await host.start();
process.send?.({ address: host.addresses()[0], head: [...chain.head], genesis: [...chain.genesis] });
process.on("message", () => process.send?.(process.cpuUsage()));
