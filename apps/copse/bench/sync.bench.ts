// Headers a second from peers in other processes, over loopback TCP, to *linked* and durable.
//
// COPSE_BENCH_EPOCHS   chain lengths for speed, "10000"; e.g. "10000,50000"
// COPSE_BENCH_MEMORY   chain lengths for memory, each in a fresh process, "10000"; e.g. "10000,200000"
// COPSE_BENCH_BLOCKS   blocks an epoch, 5 as on mainnet
// COPSE_BENCH_PEERS    "1,3"
// COPSE_BENCH_STORES   "lmdb-thread,lmdb,memory"
// COPSE_BENCH_LITE     flags of Node for the syncing process: "--cpu-prof"

import { existsSync, readFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { bench } from "@copse/testkit/bench";
import { type Indexed, type Minted, type Order, type Synced, startWorker, type Worker } from "./sync/messages.ts";

type StoreKind = Extract<Order, { do: "sync" }>["store"];

const listed = (name: string, usual: string): string[] => (process.env[name] ?? usual).split(",").filter(Boolean);
const blocks = Number(process.env["COPSE_BENCH_BLOCKS"] ?? 5);
const stores = listed("COPSE_BENCH_STORES", "lmdb-thread,lmdb,memory") as StoreKind[];
const liteFlags = (process.env["COPSE_BENCH_LITE"] ?? "").split(" ").filter(Boolean);

/** Chains are kept between runs: a long one takes minutes to mint. */
async function chainOf(epochs: number): Promise<{ dir: string; about: Minted }> {
  const dir = join(tmpdir(), `copse-bench-chain-1-${epochs}x${blocks}`);
  const file = join(dir, "about.json");
  if (!existsSync(file)) {
    const minter = startWorker("mint.ts", ["--max-old-space-size=8192"]);
    await minter.ask({ do: "mint", dir, epochs, blocks });
    await minter.stop();
  }
  return { dir, about: JSON.parse(readFileSync(file, "utf8")) as Minted };
}

async function withPeers<T>(dir: string, count: number, use: (addresses: string[], peers: Worker[]) => Promise<T>) {
  const peers = Array.from({ length: count }, () => startWorker("peer.ts"));
  try {
    const served = await Promise.all(peers.map((peer) => peer.ask<{ address: string }>({ do: "serve", dir })));
    return await use(
      served.map(({ address }) => address),
      peers,
    );
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

const cpuOf = async (peers: readonly Worker[]): Promise<number> =>
  (await Promise.all(peers.map((peer) => peer.ask<number>({ do: "cpu" })))).reduce((sum, cpu) => sum + cpu, 0);
const per = (headers: number, seconds: number): string => Math.round(headers / seconds).toLocaleString("en-US");
const load = (): string => loadavg()[0]?.toFixed(1) ?? "";

function tell({ headers, seconds, cpu, longestTurn }: Synced, indexCpu: number, served: string): void {
  console.log(
    `    ${per(headers, seconds)} headers/s wall, ${per(headers, cpu)} headers/CPU-s (${((cpu * 1e6) / headers).toFixed(1)} µs each; ` +
      `index ${((indexCpu * 1e6) / headers).toFixed(1)} µs, peers ${served} µs), longest turn ${Math.round(longestTurn * 1000)} ms, load ${load()}`,
  );
}

for (const epochs of listed("COPSE_BENCH_EPOCHS", "10000").map(Number)) {
  const { dir, about } = await chainOf(epochs);
  const size = Math.round(about.headerBytes / about.headers);
  console.log(`${epochs} epochs: ${about.tipsets} tipsets, ${about.headers} headers of ${size} B on average`);
  for (const count of listed("COPSE_BENCH_PEERS", "1,3").map(Number)) {
    await withPeers(dir, count, async (addresses, peers) => {
      for (const store of stores) {
        const lite = startWorker("lite.ts", liteFlags);
        let last: Synced | undefined;
        let served = 0;
        await bench(`copse/sync ${epochs}-epochs ${count}-peer ${store}`, {
          given: () => lite,
          unit: "header",
          rounds: 1,
          roundMs: 0,
          run: async () => {
            const before = await cpuOf(peers);
            last = await lite.ask<Synced>({ do: "sync", dir, peers: addresses, store });
            served = (await cpuOf(peers)) - before;
            return last.headers;
          },
        });
        if (last !== undefined) {
          const indexed = await lite.ask<Indexed>({ do: "index" });
          tell(last, indexed.cpu, ((served * 1e6) / last.headers).toFixed(1));
        }
        await lite.stop();
      }
    });
  }
}

for (const epochs of listed("COPSE_BENCH_MEMORY", "10000").map(Number)) {
  const { dir } = await chainOf(epochs);
  await withPeers(dir, 3, async (peers) => {
    const lite = startWorker("lite.ts", liteFlags);
    const one = await lite.ask<Synced>({ do: "sync", dir, peers, store: "lmdb-thread" });
    await lite.stop();
    const MiB = (value: number): string => `${Math.round(value)} MiB`;
    console.log(
      `copse/sync ${epochs}-epochs memory: anonymous ${MiB(one.peakAnonymous)}, heap ${MiB(one.peakHeap)}, buffers ` +
        `${MiB(one.peakBuffers)}, resident ${MiB(one.peakResident)} with the cached file; ` +
        `${per(one.headers, one.seconds)} headers/s cold, load ${load()}`,
    );
  });
}
