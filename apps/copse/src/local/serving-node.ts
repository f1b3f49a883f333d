import { createMemoryDatabase } from "@copse/blockstore";
import type { ChainStore } from "@copse/chain";
import { type Bitswap, createHost, type Host, serveExchange, serveHello, startBitswap } from "@copse/network";
import type { Logger } from "pino";
import { servedChain } from "../serve.ts";
import { type MintedChain, storeMinted } from "./minted-chain.ts";

/** A peer of this process that serves a chain and asks for nothing. */
export interface ServingNode {
  readonly host: Host;
  readonly bitswap: Bitswap;
  readonly store: ChainStore;
  /** Full multiaddr, with the peer id. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts a peer on loopback over a minted chain kept in memory. */
export async function startServingNode(chain: MintedChain, log: Logger, signal: AbortSignal): Promise<ServingNode> {
  signal.throwIfAborted();
  const database = createMemoryDatabase();
  const store = await storeMinted(chain, database);
  const { network } = chain.mint;
  const host = await createHost({
    networkName: network.p2pName,
    listen: ["/ip4/127.0.0.1/tcp/0"],
    userAgent: "copse-local",
    kad: false,
    privateNetwork: true,
  });
  const exchange = await serveExchange({ host, source: servedChain(store.reader) });
  const bitswap = await startBitswap({ host, source: store.reader });
  const head = store.head;
  const hello = await serveHello({
    host,
    genesis: network.genesisCid.bytes,
    head: () => ({ head: head?.key ?? chain.mint.genesis.tipset.key, height: head?.height ?? 0, weight: head?.weight ?? 0n }),
    onHead: ({ peer, height }) => log.debug({ peer, height }, "heard a head"),
  });
  await host.start();
  return {
    host,
    bitswap,
    store,
    address: host.addresses()[0] ?? "",
    async close() {
      await hello.stop();
      await bitswap.stop();
      await exchange.stop();
      await host.stop();
      await database.close();
    },
  };
}
