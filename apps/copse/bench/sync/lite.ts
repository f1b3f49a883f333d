// The syncing process: links a chain served by others, with the parts a node links with, and says what it took.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createMemoryDatabase, type Database } from "@copse/blockstore";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { type ChainStore, linkRules, openChainStore } from "@copse/chain";
import { installFastest } from "@copse/crypto/fastest";
import {
  createExchangeClient,
  createHost,
  emptyChainSource,
  type Host,
  PeerBook,
  serveExchange,
  serveHello,
} from "@copse/network";
import { fromHex } from "@copse/primitives";
import { type Network, TipsetKey } from "@copse/types";
import { parseNetwork } from "../../src/networks.ts";
import { linkBack } from "../../src/sync/assemble.ts";
import { peerSource } from "../../src/sync/peer-source.ts";
import { bookRanking } from "../../src/sync/ranking.ts";
import { SourcePool } from "../../src/sync/sources.ts";
import { answerOrders, type Indexed, type Minted, type Order, type Synced } from "./messages.ts";

const MiB = 2 ** 20;
let host: Host | undefined;
/** What the last sync stored, until the next one begins. */
let stored: { readonly store: ChainStore; remove(): Promise<void> } | undefined;

answerOrders(
  async (order: Order): Promise<Synced | Indexed> => {
    if (order.do === "sync") return sync(order);
    if (order.do === "index") return index();
    throw new Error(`cannot ${order.do}`);
  },
  async () => {
    await stored?.remove();
    await host?.stop();
  },
);

async function sync({ dir, peers, store: kind }: Extract<Order, { do: "sync" }>): Promise<Synced> {
  await installFastest();
  const network = parseNetwork(readFileSync(join(dir, "network.json"), "utf8"));
  const about = JSON.parse(readFileSync(join(dir, "about.json"), "utf8")) as Minted;
  const head = { key: TipsetKey.fromBytes(fromHex(about.head)), height: about.height };
  const pool = await connect(network, peers);
  await stored?.remove();
  const folder = mkdtempSync(join(tmpdir(), "copse-bench-lite-"));
  const database: Database =
    kind === "memory" ? createMemoryDatabase() : await openLmdbDatabase(folder, { thread: kind === "lmdb-thread" });
  const store = await openChainStore(database, { genesis: network.genesisCid.bytes });
  stored = {
    store,
    async remove() {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  globalThis.gc?.();
  const memory = watchMemory();
  const turns = monitorEventLoopDelay({ resolution: 5 });
  turns.enable();
  const linking = stopwatch();
  const context = {
    network,
    store,
    rules: linkRules(network),
    pool,
    patience: { hedgeMs: 2000, idleMs: 10_000 },
    to: 0,
    parallelSpans: 4,
    onProgress: () => {},
  };
  await linkBack(head, context, new AbortController().signal);
  await database.flush();
  const { seconds, cpu } = linking();
  turns.disable();
  const [span] = store.spans;
  if (span?.reachedGenesis !== true) throw new Error("the walk did not reach genesis");
  return { headers: about.headers, seconds, cpu, ...memory.stop(), longestTurn: turns.max / 1e9 };
}

async function index(): Promise<Indexed> {
  const { store } = stored as NonNullable<typeof stored>;
  const indexing = stopwatch();
  while ((await store.indexBlocks()) > 0);
  return indexing();
}

let connected: SourcePool | undefined;

/** Dials the peers once; later syncs find them connected. */
async function connect(network: Network, peers: readonly string[]): Promise<SourcePool> {
  if (connected !== undefined) return connected;
  const genesis = TipsetKey.fromCids([network.genesisCid]);
  host = await createHost({ networkName: network.p2pName, privateNetwork: true, kad: false });
  await serveHello({ host, genesis, head: () => ({ head: genesis, height: 0, weight: 0n }), onHead: () => {} });
  await serveExchange({ host, source: emptyChainSource });
  await host.start();
  const client = createExchangeClient({ host });
  const book = new PeerBook({ now: () => performance.now() });
  connected = new SourcePool(bookRanking(book));
  for (const address of peers) {
    const peer = await host.dial(address);
    book.joined(peer);
    connected.add(peerSource(client, peer));
  }
  return connected;
}

function stopwatch(): () => { seconds: number; cpu: number } {
  const started = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
  };
}

type Peaks = Pick<Synced, "peakAnonymous" | "peakHeap" | "peakBuffers" | "peakResident">;

/** Four looks a second: each costs some 0.5 ms. */
function watchMemory(): { stop(): Peaks } {
  const peaks = { peakAnonymous: 0, peakHeap: 0, peakBuffers: 0, peakResident: 0 };
  const look = (): void => {
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    const status = readFileSync("/proc/self/status", "utf8");
    const anonymous = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    peaks.peakAnonymous = Math.max(peaks.peakAnonymous, anonymous);
    peaks.peakHeap = Math.max(peaks.peakHeap, heapUsed / MiB);
    peaks.peakBuffers = Math.max(peaks.peakBuffers, arrayBuffers / MiB);
    peaks.peakResident = Math.max(peaks.peakResident, rss / MiB);
  };
  const timer = setInterval(look, 250);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peaks;
    },
  };
}
