import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint, type Mint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { encodeCertificate, type FinalityCertificate } from "@copse/f3";
import { TipsetKey } from "@copse/types";
import pino from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../../src/local/minted-chain.ts";
import { type ServingNode, type ServingOptions, startServingNode } from "../../src/local/serving-node.ts";
import { networkJson } from "../../src/networks.ts";
import { type ForgedFork, forgeFork } from "../forged-fork.ts";
import { runCli, startCli } from "../run-cli.ts";
import { certify, networkName, serveCertificates, table, tipsetsOf, withF3 } from "./certified-chain.ts";

const epochs = 120;
const log = pino({ level: "silent" });
const stop = new AbortController();
let chain: MintedChain;
let mint: Mint;
let certificates: FinalityCertificate[];
let final: { readonly height: number; readonly key: TipsetKey };
let dir: string;
let peers: ServingNode[] = [];

beforeAll(async () => {
  await installFastest();
  mint = createMint({ seed: "f3 node", miners: 2 });
  chain = await mintChain(mint, epochs, () => {}, stop.signal);
  dir = mkdtempSync(join(tmpdir(), "copse-f3-"));
  writeFileSync(join(dir, "network.json"), networkJson(withF3(chain.mint.network)));
  certificates = certify(tipsetsOf(chain), 100);
  const top = certificates.at(-1)?.chain.at(-1);
  if (top === undefined) throw new Error("no certificate");
  final = { height: top.epoch, key: top.key };
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(peers.map((peer) => peer.close()));
  peers = [];
});

async function serving(count: number, of: MintedChain = chain): Promise<ServingNode[]> {
  const started = await Promise.all(Array.from({ length: count }, () => startServingNode(of, log, stop.signal)));
  peers.push(...started);
  return started;
}

/** What the node running on a repository says of itself. */
async function statusOf(repo: string): Promise<Record<string, unknown>> {
  const { out } = await runCli("node", "status", "--repo", join(dir, repo), "--json");
  return JSON.parse(out) as Record<string, unknown>;
}

const flags = (repo: string, dial: readonly ServingNode[] = peers): string[] => [
  ...["node", "start", "--no-bootstrap", "--json", "--api", "off", "--log-level", "silent", "--messages", "none"],
  ...["--execute", "off", "--listen", "/ip4/127.0.0.1/tcp/0", "--network", join(dir, "network.json")],
  ...["--repo", join(dir, repo), "--idle-seconds", "5", ...dial.flatMap(({ address }) => ["--peer", address])],
];

describe("a node that follows F3", () => {
  it("fetches certificates, and what they finalize is final down to genesis", async () => {
    for (const peer of await serving(2)) await serveCertificates(peer, certificates);
    const { code, events, out, err } = await runCli(...flags("plain"), "--once");
    expect(code, out + err).toBe(0);
    const cids = TipsetKey.cids(final.key).map(String);
    const finals = events.filter(({ event }) => event === "f3-final");
    expect(finals.at(-1)).toMatchObject({ instance: certificates.length - 1, height: final.height, cids, from: 0 });
    const assembled = events.find(({ event }) => event === "assembled");
    expect(assembled).toMatchObject({
      head: chain.tipsets.at(-1)?.tipset.height,
      f3: { instance: certificates.length - 1, height: final.height, key: cids, powerTable: table.cid.toString() },
      statements: { "9-f3": true },
      assurance: { "f3-final": [{ from: 0, to: final.height }] },
    });
    const told = await runCli("chain", "assembled", "--repo", join(dir, "plain"), "--json");
    expect(JSON.parse(told.out)).toMatchObject({ f3: { height: final.height }, statements: { "9-f3": true } });
  });

  it("goes without where it is told to", async () => {
    for (const peer of await serving(1)) await serveCertificates(peer, certificates);
    const { code, events } = await runCli(...flags("off"), "--once", "--f3", "off");
    expect(code).toBe(0);
    expect(events.filter(({ event }) => event === "f3-final")).toEqual([]);
    expect(events.find(({ event }) => event === "assembled")).toMatchObject({ f3: null, statements: { "9-f3": null } });
  });

  it("drops a peer that serves a certificate nobody signed, and ends right all the same", async () => {
    const [liar, honest] = (await serving(2)) as [ServingNode, ServingNode];
    await serveCertificates(liar, certificates, (source) => ({
      ...source,
      certificate: (instance) => {
        const one = certificates[instance] as FinalityCertificate;
        return instance < 7 ? source.certificate(instance) : encodeCertificate({ ...one, signature: other() });
      },
    }));
    // it takes its time to say what it holds, so that the liar is asked first
    await serveCertificates(honest, certificates, (source) => ({
      ...source,
      pending: () => new Promise((resolve) => setTimeout(() => resolve(certificates.length), 1000)),
    }));
    const { code, events, out } = await runCli(...flags("liar"), "--once", "--min-peers", "1");
    expect(code, out).toBe(0);
    expect(events.filter(({ event }) => event === "liar")).toEqual([
      expect.objectContaining({ peer: liar.host.peer, code: "f3/signature-wrong" }),
    ]);
    expect(events.findLast(({ event }) => event === "f3-final")).toMatchObject({ height: final.height, from: 0 });
  });

  it("takes up where it stopped, and asks for no certificate twice", async () => {
    const [one] = (await serving(1)) as [ServingNode];
    const given = await serveCertificates(one, certificates.slice(0, 8));
    const first = await runCli(...flags("again"), "--once");
    expect(first.code, first.out).toBe(0);
    expect(first.events.findLast(({ event }) => event === "f3-final")).toMatchObject({ instance: 7, from: 0 });
    given.asked.length = 0;
    given.certificates.push(...certificates.slice(8).map(encodeCertificate));
    const second = await runCli(...flags("again"), "--once");
    expect(second.code, second.out).toBe(0);
    expect(second.events.findLast(({ event }) => event === "f3-final")).toMatchObject({
      height: final.height,
      from: 0,
    });
    expect(Math.min(...given.asked)).toBe(8);
  });

  it("goes on while it follows: each further certificate makes more of the chain final", async () => {
    const [one] = (await serving(1)) as [ServingNode];
    const given = await serveCertificates(one, certificates.slice(0, 8));
    const node = startCli(...flags("following"), "--api", "127.0.0.1:0");
    await node.event("assembled");
    const status = await statusOf("following");
    expect(status["f3"]).toMatchObject({ network: networkName, instance: 7, powerTable: table.cid.toString() });
    expect(status["checkpoint"]).toMatchObject((status["f3"] as { head: object }).head);
    given.certificates.push(...certificates.slice(8).map(encodeCertificate));
    for (;;) {
      const told = node.events.findLast(({ event }) => event === "f3-final");
      if (told?.["height"] === final.height) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    node.stop();
    expect((await node.done).code).toBe(0);
  });
});

/** Another point of the curve: a signature of something else. */
const other = (): Uint8Array => (certificates[2] as FinalityCertificate).signature;

describe("a fork that is heavier than the certified chain", () => {
  // so that no check of leaders speaks for or against it: nothing but F3 tells it from the chain
  const noState: ServingOptions = { gives: () => ({ getSync: () => undefined }) };
  const forged = (states: ForgedFork["states"]): MintedChain =>
    forgeFork(chain, mint, { from: 70, to: epochs, states });

  it.each([
    ["that claims all wins, while nobody gives states", "claims", noState],
    ["of a miner and of states of the forger's making", "made-up", {}],
  ] as const)(
    "%s is not followed, though nine of ten peers serve it",
    { timeout: 120_000 },
    async (_, states, given) => {
      const fork = forged(states);
      const started = await Promise.all([
        ...Array.from({ length: 9 }, () => startServingNode(fork, log, stop.signal, given)),
        startServingNode(chain, log, stop.signal, given),
      ]);
      peers.push(...started);
      for (const peer of started.slice(7)) await serveCertificates(peer, certificates);
      const { code, events, out, err } = await runCli(...flags(states), "--once");
      expect(code, out + err).toBe(0);
      const assembled = events.find(({ event }) => event === "assembled");
      expect(assembled).toMatchObject({ assurance: { "f3-final": [{ from: 0, to: final.height }] } });
      const keys = new Set(tipsetsOf(chain).map(({ key }) => TipsetKey.cids(key).join()));
      expect(keys).toContain(String(assembled?.["headKey"]));
      if (given !== noState) return; // by its states the honest head may have been found as well
      expect(events.find(({ event }) => event === "assembled")).toMatchObject({
        head: final.height,
        headKey: TipsetKey.cids(final.key).map(String),
        anchor: { kind: "f3" },
        assurance: { "f3-final": [{ from: 0, to: final.height }] },
      });
    },
  );

  it("is left by a node that followed it before it knew of F3", { timeout: 120_000 }, async () => {
    const fork = forged("claims");
    peers.push(await startServingNode(fork, log, stop.signal, noState));
    const misled = await runCli(...flags("misled"), "--once", "--f3", "off");
    expect(misled.code, misled.out).toBe(0);
    const top = fork.tipsets.at(-1)?.tipset;
    expect(misled.events.find(({ event }) => event === "assembled")).toMatchObject({ head: top?.height });
    const honest = await startServingNode(chain, log, stop.signal, noState);
    peers.push(honest);
    await serveCertificates(honest, certificates);
    const { code, events, out, err } = await runCli(...flags("misled"), "--once");
    expect(code, out + err).toBe(0);
    expect(events.find(({ event }) => event === "head")).toMatchObject({ height: final.height, by: "f3" });
    expect(events.filter(({ event }) => event === "liar")).toEqual([]);
    expect(events.find(({ event }) => event === "assembled")).toMatchObject({
      assurance: { "f3-final": [{ from: 0, to: final.height }] },
    });
    expect(events.find(({ event }) => event === "assembled")?.["headKey"]).not.toEqual(
      TipsetKey.cids(top?.key ?? TipsetKey.empty).map(String),
    );
  });
});
