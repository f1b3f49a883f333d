import { linkRules, openChainStore } from "@copse/chain";
import { installFastest } from "@copse/crypto/fastest";
import { createSignaturePool } from "@copse/crypto/pool";
import {
  createExchangeClient,
  createHost,
  generatePrivateKey,
  type NetworkLog,
  PeerBook,
  serveExchange,
  serveHello,
  startBitswap,
} from "@copse/network";
import { type Network, TipsetKey } from "@copse/types";
import type { Logger } from "pino";
import { keptTable } from "./f3/certificates.ts";
import { CertifiedTipsets } from "./f3/certified-tipsets.ts";
import { F3Client } from "./f3/f3-client.ts";
import { f3Settings } from "./f3/settings.ts";
import type { CopseNode, NodeWorld } from "./node-types.ts";
import type { NodeOptions } from "./options.ts";
import { openRepo } from "./repo.ts";
import { servedChain } from "./serve.ts";
import { countsTable } from "./sync/counts.ts";
import { connectPeers } from "./sync/peers.ts";

/** Longest wait for one block of state, all peers together. Unit: ms. */
const stateBlockMs = 10_000;

/**
 * Wires the packages into a node: store, engines, host, and the protocols over it. Nothing is dialled or synced yet; see
 * `runNode` for the life of it.
 *
 * The one place where packages meet: what each part may touch is what it is handed here.
 */
export async function createNode(network: Network, options: NodeOptions, world: NodeWorld): Promise<CopseNode> {
  const { log, metrics } = world;
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error); // the rest is closed all the same, the store last
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    log.debug({ engines: await installFastest() }, "crypto engines");
    const repo = await openRepo(options.repo, { network: options.network, genesis: network.genesisCid.toString() });
    closers.push(() => repo.close());
    const store = await openChainStore(repo.database, { genesis: network.genesisCid.bytes });
    closers.push(() => store.settled());
    const signatures = createSignaturePool(options.workers > 0 ? { workers: options.workers } : {});
    closers.push(() => signatures.close());

    const fresh = await generatePrivateKey();
    const networkLog = toNetworkLog(log);
    const book = new PeerBook({ now: () => performance.now(), metrics: metrics.network });
    const host = await createHost({
      denies: (peer) => book.isBanned(peer),
      networkName: network.p2pName,
      privateKey: repo.identity(() => fresh),
      listen: options.listen,
      bootstrap: options.bootstrap ? network.bootstrap : [],
      limits: { maxConnections: options.maxPeers },
      userAgent: `copse/${world.version}`,
      kad: options.bootstrap,
      privateNetwork: !options.bootstrap,
      log: networkLog,
      metrics: metrics.network,
    });
    closers.push(() => host.stop());

    // hello and chain exchange must stand before the first connection: Forest bans who lacks them
    const exchange = await serveExchange({
      host,
      source: servedChain(store.reader),
      log: networkLog,
      metrics: metrics.network,
    });
    closers.push(() => exchange.stop());
    const bitswap = await startBitswap(
      {
        host,
        source: store.reader,
        onFault: (peer, error) => peers.onFault(peer, error), // it speaks only once the host has started
        log: networkLog,
        metrics: metrics.network,
      },
      { totalMs: stateBlockMs },
    );
    closers.push(() => bitswap.stop());
    const rules = linkRules(network);
    const client = createExchangeClient({ host, metrics: metrics.network });
    const peers = connectPeers({
      host,
      book,
      client,
      networkLog,
      options,
      network,
      rules,
      log,
      metrics,
      onLiar: world.onLiar,
      onRefuted: world.onRefuted,
    });
    closers.push(() => peers.stop());
    const settings = f3Settings(network, options, await keptTable(repo.database));
    const f3 =
      settings &&
      (await F3Client.open({
        settings,
        database: repo.database,
        host,
        pool: peers.pool,
        workers: options.workers,
        log,
        networkLog,
        metrics: metrics.network,
      }));
    closers.push(() => f3?.close());
    const certificates = (): F3Client["certificates"] => f3?.certificates;
    const hello = await serveHello({
      host,
      genesis: network.genesisCid.bytes,
      head: () => {
        const { key, height, weight } = store.head ?? {
          key: TipsetKey.fromCids([network.genesisCid]),
          height: 0,
          weight: 0n,
        };
        return { head: key, height, weight };
      },
      onHead: peers.onHead,
      onLatency: peers.onLatency,
      onFault: peers.onFault,
      log: networkLog,
      metrics: metrics.network,
    });
    closers.push(() => hello.stop());

    return {
      network,
      options,
      repo,
      store,
      counts: countsTable(repo.database),
      rules,
      signatures,
      host,
      bitswap,
      peers,
      f3: f3 && { client: f3, certified: new CertifiedTipsets({ store, certificates, to: options.to }) },
      metrics,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function toNetworkLog(log: Logger): NetworkLog {
  return (level, event, facts) => log[level](facts, event);
}
