// Tipsets a second through each check, on a minted chain with real signatures and messages. Messages come from a source
// in this process: what the network costs stands in packages/network/bench. What is found is not stored.
//
// COPSE_BENCH_STAGE_EPOCHS   length of the chain, 300

import { loadavg } from "node:os";
import { createMemoryDatabase } from "@copse/blockstore";
import { type LinkTarget, linkRules, linkRun, openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { createSignaturePool } from "@copse/crypto/pool";
import { bench } from "@copse/testkit/bench";
import { TipsetKey } from "@copse/types";
import { mintChain } from "../src/local/minted-chain.ts";
import { beaconStage } from "../src/sync/beacon-stage.ts";
import { inOrder, inRuns } from "../src/sync/in-order.ts";
import { leaderStage } from "../src/sync/leader-stage.ts";
import { messageStage } from "../src/sync/message-stage.ts";
import { noRanking } from "../src/sync/ranking.ts";
import { type ChainSourcePort, SourcePool } from "../src/sync/sources.ts";
import type { Stage } from "../src/sync/stage.ts";
import { statesAtHand } from "../test/sync/states-at-hand.ts";

const epochs = Number(process.env["COPSE_BENCH_STAGE_EPOCHS"] ?? 300);
const signal = new AbortController().signal;
console.log(`engines: ${(await installFastest()).join(", ")}`);
const chain = await mintChain(createMint({ seed: "stages" }), epochs, () => {}, signal);
const { network } = chain.mint;
const database = createMemoryDatabase();
const { reader } = await linked();
const tipsets = [...reader.tipsets({ from: 1, to: epochs })];
console.log(`${epochs} epochs: ${tipsets.length} tipsets, ${chain.headers} headers, ${chain.messages} messages`);
const signatures = createSignaturePool();

/** The chain, linked, with its genesis state and without its messages. */
async function linked(): Promise<Awaited<ReturnType<typeof openChainStore>>> {
  const store = await openChainStore(database, { genesis: network.genesisCid.bytes });
  const head = chain.tipsets.at(-1)?.tipset ?? chain.mint.genesis.tipset;
  const target: LinkTarget = { key: head.key };
  const { id } = await store.openSpan(target);
  const window = chain.tipsets.toReversed().map(({ blocks }) => ({ headers: blocks.map(({ bytes }) => bytes) }));
  await store.appendRun(id, linkRun(target, window, linkRules(network)));
  while ((await store.indexBlocks()) > 0);
  await database.commit({ blocks: chain.mint.genesis.state });
  return store;
}

const places = new Map(chain.tipsets.map(({ tipset }, i) => [TipsetKey.format(tipset.key), i]));
const source: ChainSourcePort = {
  id: "minted",
  headers: () => Promise.reject(new Error("not asked for")),
  async messages(head, count) {
    const top = places.get(TipsetKey.format(head)) as number;
    const asked = chain.tipsets.slice(Math.max(0, top + 1 - count), top + 1).reverse();
    return asked.map(({ blocks }) => ({ blocks: blocks.map(({ messages }) => messages) }));
  },
};
const pool = new SourcePool(noRanking);
pool.add(source);

const states = statesAtHand(reader);
const needs = { network, reader, signatures, states, pool, patience: { hedgeMs: 10_000, idleMs: 1000 } };
const stages: [string, () => Stage][] = [
  ["beacons", () => beaconStage(needs)],
  ["messages", () => messageStage(needs)],
  ["leaders", () => leaderStage(needs)],
];
for (const [name, make] of stages) {
  let cpu = 0;
  let passed = 0;
  await bench(`copse/check ${name} ${epochs}-epochs`, {
    given: make,
    unit: "tipset",
    rounds: 3,
    roundMs: 1500,
    run: async () => {
      const before = process.cpuUsage();
      passed += await pass(make());
      const { user, system } = process.cpuUsage(before);
      cpu += user + system;
      return tipsets.length;
    },
  });
  const [load] = loadavg();
  console.log(`    ${(cpu / 1000 / passed).toFixed(2)} ms of CPU a tipset, all threads; load ${load?.toFixed(1)}`);
}
await signatures.close();

/** One pass of a stage over the chain, as `runStage` makes it. */
async function pass(stage: Stage): Promise<number> {
  let first = true;
  const check = (run: typeof tipsets, one: AbortSignal): Promise<unknown> => {
    const checked = stage.check(run, { first, signal: one });
    first = false;
    return checked;
  };
  for await (const _ of inOrder(inRuns(tipsets, stage.size), stage.width, check, signal));
  return tipsets.length;
}
