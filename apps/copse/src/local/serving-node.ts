import { createMemoryDatabase } from "@copse/blockstore";
import type { ChainStore } from "@copse/chain";
import {
  type Bitswap,
  type BlockSource,
  type ChainSource,
  createHost,
  type Host,
  serveExchange,
  serveHello,
  startBitswap,
} from "@copse/network";
import type { Tipset } from "@copse/types";
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

/** How a serving node answers chain exchange; tests put liars here. */
export type ServeChain = (host: Host, source: ChainSource) => Promise<{ stop(): Promise<void> }>;

/** How a serving node differs from the usual one. */
export interface ServingOptions {
  readonly serve?: ServeChain | undefined;
  /** The tipset it says its head is, where that is not its newest. */
  readonly tells?: Tipset | undefined;
  /** Blocks it gives over bitswap, where they are not those of its store. */
  readonly gives?: ((store: ChainStore) => BlockSource) | undefined;
}

const honestly: ServeChain = (host, source) => serveExchange({ host, source });

/** Starts a peer on loopback over a minted chain kept in memory. */
export async function startServingNode(
  chain: MintedChain,
  log: Logger,
  signal: AbortSignal,
  { serve = honestly, tells, gives }: ServingOptions = {},
): Promise<ServingNode> {
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
  const exchange = await serve(host, servedChain(store.reader));
  const bitswap = await startBitswap({ host, source: gives?.(store) ?? store.reader });
  const head = store.head;
  const hello = await serveHello({
    host,
    genesis: network.genesisCid.bytes,
    head: () => {
      const { key, height } = tells ?? head ?? chain.mint.genesis.tipset;
      return { head: key, height, weight: head?.weight ?? 0n };
    },
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
