import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey } from "@copse/ipld";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../src/local/minted-chain.ts";
import { type ServeChain, type ServingNode, type ServingOptions, startServingNode } from "../src/local/serving-node.ts";
import { networkJson } from "../src/networks.ts";
import * as hostile from "./hostile.ts";
import { type CliRun, startCli } from "./run-cli.ts";

const epochs = 160;
const log = pino({ level: "silent" });
let chain: MintedChain;
let dir: string;
let networkFile: string;

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "faults", miners: 3 }), epochs, () => {}, new AbortController().signal);
  dir = mkdtempSync(join(tmpdir(), "copse-faults-"));
  networkFile = join(dir, "network.json");
  writeFileSync(networkFile, networkJson(chain.mint.network));
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Syncs a lite node once from peers that serve as told. */
async function syncFrom(
  name: string,
  serving: readonly (ServeChain | undefined)[],
  more: ServingOptions = {},
): Promise<{ run: CliRun; peers: ServingNode[] }> {
  const signal = new AbortController().signal;
  const peers = await Promise.all(serving.map((serve) => startServingNode(chain, log, signal, { ...more, serve })));
  try {
    const flags = [
      "--no-bootstrap",
      "--once",
      "--json",
      "--api",
      "off",
      "--log-level",
      "silent",
      "--idle-seconds",
      "20",
    ];
    const dials = peers.flatMap(({ address }) => ["--peer", address]);
    const running = startCli(
      "node",
      "start",
      "--network",
      networkFile,
      "--repo",
      join(dir, name),
      "--listen",
      "/ip4/127.0.0.1/tcp/0",
      ...flags,
      ...dials,
    );
    return { run: await running.done, peers };
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
}

const isAssembled = (run: CliRun): void => {
  expect(run.events.at(-1), run.out + run.err).toMatchObject({
    event: "assembled",
    genesis: chain.mint.network.genesisCid.toString(),
    head: chain.tipsets.at(-1)?.tipset.height,
    tipsets: chain.tipsets.length,
    headers: chain.headers,
    messageRoots: chain.headers,
    leaders: chain.headers - 1,
  });
  expect(run.code).toBe(0);
};

describe("of four serving peers, one lies, one stalls, one dies half-way", () => {
  const lies: Record<string, ServeChain> = {
    "flips bits": hostile.flipsBits,
    "reorders tipsets": hostile.reorders,
    "withholds tipsets": hostile.withholds,
    "names wrong parents": hostile.wrongParents,
    "gives other messages": hostile.otherMessages,
    "sends garbage": hostile.garbage,
    "claims an oversized answer": hostile.oversized,
    "never ends its answer": hostile.endless,
  };
  for (const [what, serve] of Object.entries(lies)) {
    it(`assembles all the same when one ${what}`, { timeout: 180_000 }, async () => {
      // 16 tipsets show its head, and some of the walk: then it is gone
      const dies = hostile.diesAfter(40);
      const { run, peers } = await syncFrom(what.replaceAll(" ", "-"), [serve, hostile.stalls, dies, undefined]);
      isAssembled(run);
      const liars = run.events.filter(({ event }) => event === "liar");
      expect(
        liars.map(({ peer }) => peer),
        JSON.stringify(liars),
      ).toEqual([peers[0]?.host.peer]);
    });
  }
});

describe("a single peer", () => {
  it.each([
    ["flips bits", hostile.flipsBits, "chain/hash-mismatch"],
    ["gives other messages", hostile.otherMessages, "block/message-root-wrong"],
  ] as const)(
    "that %s is named with the block that does not match, and nothing is claimed",
    { timeout: 120_000 },
    async (what, serve, code) => {
      const { run, peers } = await syncFrom(`alone-${what.replaceAll(" ", "-")}`, [serve]);
      expect(run.code).toBe(3);
      expect(run.events.filter((event) => event["event"] === "assembled")).toEqual([]);
      expect(run.events.find((event) => event["event"] === "liar")).toMatchObject({ peer: peers[0]?.host.peer, code });
      const last = run.events.at(-1) as { code: string; message: string };
      expect(last.code).toBe(code);
      expect(last.message).toMatch(/bafy2bza[a-z2-7]{50}/);
    },
  );

  it("that gives other blocks of state is named with the block, and nothing is claimed", {
    timeout: 120_000,
  }, async () => {
    const state = new Set(chain.mint.genesis.state.map(([cid]) => cidKey(cid)));
    const { run, peers } = await syncFrom("alone-other-state", [undefined], {
      gives: ({ reader }) => ({
        getSync(cid) {
          const block = reader.getSync(cid);
          return block && state.has(cidKey(cid)) ? block.with(block.length - 1, (block.at(-1) ?? 0) ^ 1) : block;
        },
      }),
    });
    expect(run.code, run.out).toBe(3);
    expect(run.events.filter((event) => event["event"] === "assembled")).toEqual([]);
    expect(run.events.find((event) => event["event"] === "liar")).toMatchObject({ peer: peers[0]?.host.peer });
    expect((run.events.at(-1) as { message: string }).message).toMatch(/bafy2bza[a-z2-7]{50}/);
  });
});
