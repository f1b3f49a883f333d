import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint, type Mint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { type ChainSource, type SourceTipset, serveExchange } from "@copse/network";
import { TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, type ServingOptions, startServingNode } from "../src/local/serving-node.ts";
import { networkJson } from "../src/networks.ts";
import { type ForgedFork, forgeFork } from "./forged-fork.ts";
import { runCli } from "./run-cli.ts";

const epochs = 60;
const log = pino({ level: "silent" });
const stop = new AbortController();
let mint: Mint;
/** What honest peers serve. */
let chain: MintedChain;
/** Some epochs more, whose beacons are out already. */
let later: MintedChain;
let dir: string;
let peers: ServingNode[] = [];

beforeAll(async () => {
  await installFastest();
  mint = createMint({ seed: "forged fork", miners: 3 });
  later = await mintChain(mint, epochs + 8, () => {}, stop.signal);
  chain = { ...later, tipsets: later.tipsets.filter(({ tipset }) => tipset.height <= epochs) };
  dir = mkdtempSync(join(tmpdir(), "copse-forged-"));
  writeFileSync(join(dir, "network.json"), networkJson(mint.network));
}, 120_000);
afterAll(() => {
  stop.abort();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.close()));
  peers = [];
});

const topOf = (of: MintedChain): MintedTipset["tipset"] => (of.tipsets.at(-1) as MintedTipset).tipset;
const serve = async (of: MintedChain, count: number, options: ServingOptions = {}): Promise<void> => {
  const started = await Promise.all(
    Array.from({ length: count }, () => startServingNode(of, log, stop.signal, options)),
  );
  peers.push(...started);
  if (options !== silent) return;
  const never = (): Promise<void> => new Promise(() => {});
  for (const { bitswap, host } of started) {
    await bitswap.stop();
    await host.handle(["/chain/ipfs/bitswap/1.2.0"], never, { maxInboundStreams: 256 });
  }
};
/** Takes every want for state, and says nothing. */
const silent: ServingOptions = {};
const withheld: ServingOptions = { gives: () => ({ getSync: () => undefined }) };

/** Serves no tipset of the fork, or of the chain, at these heights: the head links, and where it forks off is not seen. */
function onlyAbove(height: number): ServeChain {
  return (host, source) => {
    const tipset: ChainSource["tipset"] = (key) => {
      const found = source.tipset(key) as SourceTipset | undefined;
      return found !== undefined && found.height <= height && found.height > 20 ? undefined : found;
    };
    return serveExchange({ host, source: { ...source, tipset } });
  };
}

const start = (repo: string, ...more: string[]) =>
  runCli(
    ...["node", "start", "--once", "--no-bootstrap", "--json", "--api", "off", "--log-level", "silent"],
    ...["--messages", "none", "--execute", "off", "--listen", "/ip4/127.0.0.1/tcp/0"],
    ...["--network", join(dir, "network.json"), "--repo", join(dir, repo), "--idle-seconds", "40"],
    ...peers.flatMap(({ address }) => ["--peer", address]),
    ...more,
  );

const cases: readonly (readonly [string, ForgedFork, ServingOptions])[] = [
  ["that claims all wins for the chain's own miners", { from: 30, to: 62, states: "claims" }, {}],
  ["of a miner and of states of the forger's making", { from: 30, to: 61, states: "made-up" }, {}],
  ["one tipset long", { from: epochs, to: epochs + 2, states: "claims" }, {}],
  ["whose servers withhold all state", { from: 20, to: 62, states: "claims" }, withheld],
  ["whose servers keep silent when asked for state", { from: 30, to: 62, states: "claims" }, silent],
  ["whose servers withhold where it begins", { from: 20, to: 62, states: "claims" }, { serve: onlyAbove(40) }],
];

describe("a fork that nobody won, and that is heavier than the chain", () => {
  it.each(cases)(
    "%s is not followed, though nine of ten peers serve it and tell its head",
    async (_, how, given) => {
      const forged = forgeFork(later, mint, how);
      const weight = (of: MintedChain): bigint => topOf(of).blocks[0]?.parentWeight ?? 0n;
      expect(weight(forged)).toBeGreaterThan(weight(chain));
      await serve(forged, 9, given);
      await serve(chain, 1);
      const { code, events, out, err } = await start(`case ${cases.findIndex((one) => one[1] === how)}`);
      expect(code, out + err).toBe(0);
      const top = topOf(chain);
      expect(events.find(({ event }) => event === "assembled")).toMatchObject({
        head: top.height,
        headKey: TipsetKey.cids(top.key).map(String),
        anchor: { kind: "peers", ids: [peers.at(-1)?.host.peer], judged: true },
        assurance: { "leader-checked": [{ from: 0, to: top.height }] },
        toGenesis: true,
      });
    },
    120_000,
  );

  it("is told from the chain by nobody where no peer gives states: then weight decides, and that is said", async () => {
    const forged = forgeFork(later, mint, { from: 30, to: 62, states: "claims" });
    await serve(forged, 3, withheld);
    await serve(chain, 1, withheld);
    const { code, events, out, err } = await start("unjudged");
    expect(code, out + err).toBe(0);
    const assembled = events.find(({ event }) => event === "assembled");
    expect(assembled).toMatchObject({ head: topOf(forged).height, anchor: { kind: "peers", judged: false } });
    // genesis has no leaders
    expect(assembled).toMatchObject({ leaders: 0, assurance: { "leader-checked": [{ from: 0, to: 0 }] } });

    // and it is left again once somebody gives them: what is stored is no more than what is told
    await serve(chain, 1);
    const again = await start("unjudged");
    expect(again.code, again.out + again.err).toBe(0);
    expect(again.events.find(({ event }) => event === "assembled")).toMatchObject({
      headKey: TipsetKey.cids(topOf(chain).key).map(String),
      assurance: { "leader-checked": [{ from: 0, to: topOf(chain).height }] },
    });
  }, 120_000);
});
