import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveCarFile } from "@copse/car/node";
import { messageBlocks } from "@copse/chain";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey, cidOf, fromCid, links } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import { actorsDir, describeActors, seeded } from "@copse/testkit";
import { actorsOf } from "@copse/types/networks";
import type { CID } from "multiformats/cid";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { MintedChain, MintedTipset } from "../../src/local/minted-chain.ts";
import { type ServingNode, type ServingOptions, startServingNode } from "../../src/local/serving-node.ts";
import { networkJson } from "../../src/networks.ts";
import { type LiteProcess, startLite, startLiteIn, type Told } from "./lite-process.ts";
import { madeDevnet } from "./made-devnet.ts";

const networkVersion = 21;
const log = pino({ level: "silent" });
const stop = new AbortController();
const folder = mkdtempSync(join(tmpdir(), "copse-execution-faults-"));
const network = join(folder, "network.json");
const open: ServingNode[] = [];
let repos = 0;
afterAll(async () => {
  await Promise.all(open.map((one) => one.close()));
  rmSync(folder, { recursive: true, force: true });
});

let chain: MintedChain;
async function serve(gives?: ServingOptions["gives"]): Promise<ServingNode> {
  const peer = await startServingNode(chain, log, stop.signal, { gives });
  open.push(peer);
  return peer;
}
const to = (peer: ServingNode, repo: string): string[] => {
  return ["--network", network, "--repo", join(folder, repo), "--peer", peer.address, "--once", "--api", "off"];
};
const once = (peer: ServingNode, repo: string, ...flags: string[]): LiteProcess =>
  startLite(...to(peer, repo), ...flags);
const fresh = (): string => `lite-${repos++}`;

describeActors("execution that this machine fails at", [actorsOf(networkVersion)], () => {
  let peer: ServingNode;
  /** A peer that gives everything but the code of actors. */
  let codeless: ServingNode;
  let top: number;

  beforeAll(async () => {
    await installFastest();
    chain = await madeDevnet(networkVersion, 20, "faults");
    top = chain.tipsets.at(-1)?.tipset.height as number;
    writeFileSync(network, networkJson(chain.mint.network));
    peer = await serve();
    codeless = await serve(({ reader }) => ({ getSync: (cid) => (cid[1] === 0x55 ? undefined : reader.getSync(cid)) }));
  }, 240_000);

  it("needs no bundle where the state brings the code", { timeout: 120_000 }, async () => {
    const { code, told, err } = await once(peer, fresh(), "--execute", "on", "--actors", folder).done;
    expect(told.at(-1), err).toMatchObject({ event: "assembled", executedTipsets: chain.tipsets.length });
    expect(code).toBe(0);
  });

  it("takes the code of a bundle where peers do not give it", { timeout: 120_000 }, async () => {
    const { code, told, err } = await once(codeless, fresh(), "--execute", "on", "--actors", actorsDir).done;
    expect(told.at(-1), err).toMatchObject({ event: "assembled", executedTipsets: chain.tipsets.length });
    expect(code).toBe(0);
  });

  it("says which bundle is absent, concludes nothing from it, and assembles the chain", {
    timeout: 120_000,
  }, async () => {
    const repo = fresh();
    // prepared code that was kept would do as well
    const environment = { COPSE_MODULES_DIR: "none", COPSE_ACTORS_DIR: folder };
    const { code, told, err } = await startLiteIn(environment, ...to(codeless, repo)).done;
    const stopped = told.find(({ event }) => event === "execution-stopped");
    expect(stopped, err).toMatchObject({ code: "vm/bundle-absent", facts: { where: folder } });
    const report = told.at(-1) as { assurance: Record<string, unknown> } & Told;
    const others = { "leader-checked": [{ from: 0, to: top }], "messages-checked": [{ from: 0, to: top }] };
    expect(report).toMatchObject({ event: "assembled", head: top, assurance: others });
    expect(code).toBe(0);
    // where execution was asked for, that is a failure
    const asked = await startLiteIn(environment, ...to(codeless, repo), "--execute", "on").done;
    expect(asked.told.at(-1)).toMatchObject({ event: "error", code: "vm/bundle-absent" });
    expect(asked.code).toBe(6);
  });

  it("waits for a genesis state that no peer gives", { timeout: 120_000 }, async () => {
    const stateless = await serve(() => ({ getSync: () => undefined }));
    const repo = fresh();
    const without = await once(stateless, repo, "--actors", actorsDir).done;
    expect(without.told.at(-1)).toMatchObject({ event: "assembled", head: top, executedTipsets: 0 });
    const asked = await once(stateless, repo, "--execute", "on", "--actors", actorsDir).done;
    expect(asked.told.at(-1)).toMatchObject({ event: "error", code: "copse/not-executed" });
    expect(asked.code).toBe(6);
  });

  it("judges leaders by states it computed, where peers give that of genesis alone", { timeout: 120_000 }, async () => {
    const genesis = stateOf(chain, chain.mint.genesis.tipset.blocks[0]?.parentStateRoot as CID);
    const young = await serve(() => ({ getSync: (cid) => genesis.get(cidKey(cid)) }));
    const { code, told, err } = await once(young, fresh(), "--execute", "on", "--actors", actorsDir).done;
    const all = [{ from: 0, to: top }];
    const report = { event: "assembled", leadersOnOlderState: 0, assurance: { executed: all, "leader-checked": all } };
    expect(told.at(-1), err).toMatchObject(report);
    expect(code).toBe(0);
  });

  it("begins with the state that a snapshot has for its head", { timeout: 120_000 }, async () => {
    const at = chain.tipsets.length - 6;
    const car = join(folder, "snapshot.car");
    await saveSnapshot(car, at);
    const stateless = await serve(() => ({ getSync: () => undefined })); // of genesis nobody has a state
    const flags = ["--import", car, "--execute", "on", "--actors", actorsDir];
    const { told, err } = await once(stateless, fresh(), ...flags).done;
    const from = chain.tipsets[at]?.tipset.height;
    expect(
      told.findLast(({ event }) => event === "executed"),
      err,
    ).toMatchObject({ from, to: top, executedTipsets: 6 });
    expect(told.at(-1)).toMatchObject({ event: "assembled", head: top });
  });

  it("executes nothing where it is off", { timeout: 120_000 }, async () => {
    const { code, told } = await once(peer, fresh(), "--execute", "off").done;
    expect(told.at(-1)).toMatchObject({ event: "assembled", head: top, executedTipsets: 0 });
    expect(code).toBe(0);
  });

  it("goes on after each kill -9, counts every tipset once, and ends right", { timeout: 300_000 }, async () => {
    const random = seeded(11);
    /** Runs a node, killed after a time. @returns how long it ran, in ms, where it came to its end before */
    const run = async (repo: string, killMs?: number): Promise<number | undefined> => {
      const begun = performance.now();
      const { child, done } = once(peer, repo, "--execute", "on", "--actors", actorsDir);
      const timer = killMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killMs);
      const { code } = await done;
      clearTimeout(timer);
      return code === null ? undefined : performance.now() - begun;
    };
    let whole = (await run(fresh())) as number; // on this machine, as busy as it was
    let repo = fresh();
    let killed = 0;
    for (let i = 0; i < 20 && killed < 4; i++) {
      const ms = await run(repo, whole * (0.2 + 0.6 * random()));
      if (ms === undefined) killed++;
      else if (killed > 0) break;
      else [whole, repo] = [ms, fresh()]; // it was less busy
    }
    const { code, told, err } = await once(peer, repo, "--execute", "on", "--actors", actorsDir).done;
    expect(told.at(-1), err).toMatchObject({
      event: "assembled",
      executedTipsets: chain.tipsets.length,
      levels: { executed: { heights: top + 1, tipsets: chain.tipsets.length, headers: chain.headers } },
    });
    expect(code).toBe(0);
    expect(killed).toBeGreaterThan(0);
  });
});

/** Saves headers and messages up to a tipset, and the one state it stands on. */
async function saveSnapshot(file: string, at: number): Promise<void> {
  const tipsets = chain.tipsets.slice(0, at + 1);
  const { tipset } = tipsets[at] as MintedTipset;
  const state = stateOf(chain, tipset.blocks[0]?.parentStateRoot as CID);
  const chainBlocks = tipsets.flatMap(({ blocks }) =>
    blocks.flatMap(({ bytes, messages }) => [[cidOf(bytes), bytes] as const, ...messageBlocks(messages).blocks]),
  );
  const all = new Map([...chainBlocks.map(([cid, bytes]) => [cidKey(cid), bytes] as const), ...state]);
  const blocks = Array.from(all, ([key, bytes]) => ({ cid: fromLatin1(key), bytes }));
  await saveCarFile(file, tipset.cids.map(fromCid), blocks);
}

/** The blocks that a state links, one by one. */
function stateOf({ mint }: MintedChain, root: CID): Map<string, Uint8Array> {
  const all = new Map(mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), bytes]));
  const found = new Map<string, Uint8Array>();
  const wanted = [fromCid(root)];
  for (let cid = wanted.pop(); cid !== undefined; cid = wanted.pop()) {
    const bytes = all.get(cidKey(cid));
    if (bytes === undefined || found.has(cidKey(cid))) continue;
    found.set(cidKey(cid), bytes);
    if (cid[1] === 0x71) wanted.push(...links(bytes));
  }
  return found;
}
