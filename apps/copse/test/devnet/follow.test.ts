import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installFastest } from "@copse/crypto/fastest";
import { createGossip, type Gossip } from "@copse/network";
import { actorsDir, describeActors } from "@copse/testkit";
import { TipsetKey } from "@copse/types";
import { actorsOf } from "@copse/types/networks";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { MintedChain, MintedTipset } from "../../src/local/minted-chain.ts";
import { type ServingNode, type ServingOptions, startServingNode } from "../../src/local/serving-node.ts";
import { networkJson } from "../../src/networks.ts";
import { blockMessages } from "../following-node.ts";
import { type LiteProcess, startLite, type Told } from "./lite-process.ts";
import {
  gossipOnce,
  lonelyPlace,
  madeDevnet,
  subscribed,
  type Tampering,
  tamperedChain,
  tamperings,
} from "./made-devnet.ts";

const networkVersion = 28;
const epochs = 60;
const known = 40;
const seed = "follow";
const log = pino({ level: "silent" });
const stop = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "copse-follow-"));
const network = join(folder, "network.json");
const open: { close(): Promise<void> }[] = [];
const processes: LiteProcess[] = [];
afterAll(async () => {
  for (const { child, done } of processes) {
    child.kill();
    await done;
  }
  await Promise.all(open.map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function serve(chain: MintedChain, options?: ServingOptions): Promise<ServingNode> {
  const node = await startServingNode(chain, log, stop.signal, options);
  open.push(node);
  return node;
}

function follow(repo: string, peer: ServingNode, ...flags: string[]): LiteProcess {
  const where = ["--network", network, "--repo", join(folder, repo), "--peer", peer.address];
  const one = startLite(...where, "--actors", actorsDir, ...flags);
  processes.push(one);
  return one;
}

const once = ["--once", "--execute", "on", "--api", "off"];
const isHead = ({ tipset }: MintedTipset) => {
  const cids = TipsetKey.cids(tipset.key).map(String);
  return ({ event, cids: told }: Told): boolean => event === "head" && JSON.stringify(told) === JSON.stringify(cids);
};
const isExecuted = (height: number) => (told: Told) => told["event"] === "executed" && told["to"] === height;

describeActors("a second process that executes what it follows", [actorsOf(networkVersion)], () => {
  let chain: MintedChain;
  let base: number;
  let peer: ServingNode;
  let lite: LiteProcess;
  let address: string;
  let publisher: Gossip;

  beforeAll(async () => {
    await installFastest();
    chain = await madeDevnet(networkVersion, epochs, seed);
    writeFileSync(network, networkJson(chain.mint.network));
    base = lonelyPlace(chain, known - 8) - 1; // what follows it is one block on one block
    peer = await serve(chain, { tells: (chain.tipsets[base] as MintedTipset).tipset });
  }, 240_000);

  it("has every level of the chain it was told, from a state that peers gave", { timeout: 240_000 }, async () => {
    const { code, told, err } = await follow("lite", peer, ...once).done;
    const top = chain.tipsets[base]?.tipset.height;
    const all = [{ from: 0, to: top }];
    const levels = ["linked", "beacon-checked", "messages-checked", "leader-checked", "executed"];
    expect(told.at(-1), err).toMatchObject({
      event: "assembled",
      head: top,
      assurance: Object.fromEntries(levels.map((level) => [level, all])),
      executedTipsets: base + 1,
    });
    expect(told.at(-1)?.["executedMessages"]).toBeGreaterThan(20);
    expect(code).toBe(0);
  });

  for (const [what, tampering] of Object.entries(tamperings)) {
    it(`refuses a head with a wrong ${what}, and stays where it was`, { timeout: 120_000 }, async () => {
      const liar = await serve(tamperedChain(chain, base + 1, seed, tampering));
      const { code, told, err } = await follow("lite", liar, ...once, "--idle-seconds", "5").done;
      expect(told.at(-1), err).toMatchObject({ event: "error", code: tampering.code });
      expect(code).not.toBe(0);
    });
  }

  it("takes a head back that execution refutes while it follows", { timeout: 120_000 }, async () => {
    const liar = await serve(tamperedChain(chain, base + 1, seed, tamperings["state root"] as Tampering));
    const fooled = follow("lite", liar, "--execute", "on");
    const listening = await fooled.until("listening", ({ event }) => event === "listening");
    const isAssembled = (i: number) => {
      const height = chain.tipsets[i]?.tipset.height;
      return ({ event, head }: Told): boolean => event === "assembled" && head === height;
    };
    await fooled.until("the false head", isAssembled(base + 1));
    const refused = await fooled.until("its refusal", ({ event }) => event === "refused");
    expect(refused).toMatchObject({ code: "block/parent-state-wrong" });
    await peer.host.dial((listening["addresses"] as [string])[0]); // now somebody tells the truth
    await fooled.until("the true head", isAssembled(base));
    fooled.child.kill("SIGTERM");
    expect((await fooled.done).code).toBe(0);
  });

  it("executes each tipset that gossip brings, at once", { timeout: 120_000 }, async () => {
    lite = follow("lite", peer, "--execute", "on");
    const listening = await lite.until("listening", ({ event }) => event === "listening");
    [address] = listening["addresses"] as [string];
    publisher = createGossip({
      host: peer.host,
      networkName: chain.mint.network.p2pName,
      messageRoot: () => new Uint8Array(38),
    });
    publisher.followBlocks();
    await subscribed(publisher);
    for (const next of chain.tipsets.slice(base + 1, base + 4)) {
      for (const message of blockMessages(next)) await publisher.publishBlock(message);
      await lite.until(`head ${next.tipset.height}`, isHead(next));
      await lite.until(`execution of ${next.tipset.height}`, isExecuted(next.tipset.height));
    }
  });

  for (const [what, tampering] of Object.entries(tamperings)) {
    it(`refuses a gossiped block with a wrong ${what}, and says why`, { timeout: 120_000 }, async () => {
      const tampered = tamperedChain(chain, base + 4, seed, tampering).tipsets.at(-1) as MintedTipset;
      const [cid] = TipsetKey.cids(tampered.tipset.key).map(String);
      const isRefused = ({ event, facts }: Told): boolean =>
        event === "refused" && (facts as { block?: string }).block === cid;
      await gossipOnce(chain, address, tampered, () => lite.until(`refusal of ${cid}`, isRefused));
      expect(lite.told.find(isRefused)).toMatchObject({ code: tampering.code, peer: expect.any(String) });
    });
  }

  it("goes on with the true chain, and leaves a fork beside it", { timeout: 120_000 }, async () => {
    const above = chain.tipsets[base + 3]?.tipset.height as number;
    for (const fork of chain.forks.filter(({ tipset }) => tipset.height > above)) {
      for (const message of blockMessages(fork)) await publisher.publishBlock(message);
    }
    for (const next of chain.tipsets.slice(base + 4)) {
      for (const message of blockMessages(next)) await publisher.publishBlock(message);
      await lite.until(`head ${next.tipset.height}`, isHead(next));
    }
    const top = chain.tipsets.at(-1)?.tipset.height as number;
    await lite.until("execution of all", isExecuted(top));
    expect(lite.told.filter(({ event }) => event === "execution-stopped")).toEqual([]);
    lite.child.kill("SIGTERM");
    expect((await lite.done).code).toBe(0);
  });
});
