// How many blocks of state the leader checks of a tipset fetch, on a made state as large as mainnet's: counts, not times.
//
//   node --conditions=@copse/source bench/leader-paths.ts [actors] [claims] [tipsets]
//
// See README.md for what cold and warm mean.
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { fetchLeaders } from "../src/sync/leader-reads.ts";
import { fetchAhead, maxMinersAhead, type StatesToCome } from "../src/sync/state-prefetch.ts";
import { ChurnedState, mainnetChurn } from "../test/state/churned-state.ts";
import { emptySource, openStates } from "../test/state/peer.ts";

const [actors = 3_000_000, claims = 600_000, tipsets = 32] = process.argv.slice(2).map(Number);
const lookbackDepth = 900;
const winnersOf = 5;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const state = new ChurnedState({ seed: 1, actors, claims, activeMiners: 1000, churn: mainnetChurn });
const megabytes = (): string => `${process.memoryUsage().rss >> 20} MiB`;
say(`${actors} actors, ${claims} claims, 1000 miners with power: ${state.blocks.held.size} blocks, ${megabytes()}`);

const lookbacks: CID[] = [state.root];
for (let i = 0; i < tipsets; i++) lookbacks.push(state.advance());
state.advance(lookbackDepth - tipsets);
const standings: CID[] = [state.root];
for (let i = 0; i < tipsets; i++) standings.push(state.advance());
say(`${lookbackDepth + tipsets} epochs on: ${state.blocks.held.size} blocks, ${megabytes()}`);

const roots: StatesToCome[] = Array.from({ length: tipsets }, (_, i) => ({
  leastPower: lookbacks[i] as CID,
  lookback: lookbacks[i + 1] as CID,
  standing: standings[i + 1] as CID,
}));
const byPower = state.miners.map(({ id }) => Address.id(id));

/** Follows all tipsets with nothing at hand at first. */
async function follow(name: string, ahead: readonly Address[], winners: () => Address[]): Promise<void> {
  const { source } = emptySource(state.blocks);
  const needed: number[] = [];
  const before: number[] = [];
  let rounds = 0;
  for (const to of roots) {
    before.push(ahead.length === 0 ? 0 : (await fetchAhead(source, to, ahead)).blocks);
    const had = source.fetched().needed.blocks;
    const spent = await fetchLeaders(source, await openStates(source, to), winners());
    rounds = Math.max(rounds, spent.rounds);
    needed.push(source.fetched().needed.blocks - had);
  }
  const { needed: checks, ahead: fetched } = source.fetched();
  const perBlock = Math.round((checks.bytes + fetched.bytes) / Math.max(1, checks.blocks + fetched.blocks));
  say(`\n${name}: ${perBlock} B a block, at most ${rounds} rounds after the roots`);
  say(`  for checks: ${needed.join(" ")}`);
  if (ahead.length > 0) say(`  ahead:      ${before.join(" ")}`);
}

/** So many tipsets, each with nothing at hand. */
async function cold(name: string, count: number, winners: () => Address[]): Promise<void> {
  const [to] = roots as [StatesToCome];
  const counts: number[] = [];
  for (let i = 0; i < count; i++) {
    const { source } = emptySource(state.blocks);
    await fetchLeaders(source, await openStates(source, to), winners());
    counts.push(source.fetched().needed.blocks);
  }
  counts.sort((a, b) => a - b);
  const mean = counts.reduce((sum, one) => sum + one, 0) / count;
  const over = counts.filter((one) => one > 150).length;
  say(`\ncold, ${name}: ${counts[0]} to ${counts.at(-1)}, ${mean.toFixed(1)} on average, ${over} of ${count} over 150`);
}

const byChance = (): Address[] => state.winners(winnersOf);
const evenly = (): Address[] => state.anyMiners(winnersOf);
await cold("winners by power", 500, byChance);
await cold("any of the 1000", 500, evenly);
await follow("nothing fetched ahead, winners by power", [], byChance);
await follow("nothing fetched ahead, any of the 1000", [], evenly);
for (const count of [256, 512, maxMinersAhead]) {
  await follow(`paths of the ${count} strongest fetched ahead, winners by power`, byPower.slice(0, count), byChance);
}
await follow(
  `paths of the ${maxMinersAhead} strongest fetched ahead, any of the 1000`,
  byPower.slice(0, maxMinersAhead),
  evenly,
);
