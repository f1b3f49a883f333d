// A serving peer in a process of its own, over a stored chain.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { ChainReader } from "@copse/chain";
import { installFastest } from "@copse/crypto/fastest";
import { createHost, type Host, serveExchange, serveHello } from "@copse/network";
import { fromHex } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { parseNetwork } from "../../src/networks.ts";
import { servedChain } from "../../src/serve.ts";
import { answerOrders, type Minted, type Order } from "./messages.ts";

let host: Host | undefined;
answerOrders(
  async (order: Order): Promise<unknown> => {
    if (order.do === "cpu") return cpuSeconds();
    if (order.do === "serve") return { address: await serve(order.dir) };
    throw new Error(`cannot ${order.do}`);
  },
  () => host?.stop(),
);

async function serve(dir: string): Promise<string> {
  await installFastest();
  const network = parseNetwork(readFileSync(join(dir, "network.json"), "utf8"));
  const about = JSON.parse(readFileSync(join(dir, "about.json"), "utf8")) as Minted;
  const database = await openLmdbDatabase(join(dir, "chain.mdb"), { readOnly: true });
  host = await createHost({
    networkName: network.p2pName,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    kad: false,
    privateNetwork: true,
  });
  await serveExchange({ host, source: servedChain(new ChainReader(database)) });
  await serveHello({
    host,
    genesis: network.genesisCid.bytes,
    head: () => ({ head: TipsetKey.fromBytes(fromHex(about.head)), height: about.height, weight: 1n }),
    onHead: () => {},
  });
  await host.start();
  return host.addresses()[0] ?? "";
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
