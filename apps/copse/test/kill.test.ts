import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { seeded } from "@copse/testkit";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../src/local/minted-chain.ts";
import { type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { networkJson } from "../src/networks.ts";

const epochs = 400;
const kills = 20;
const log = pino({ level: "silent" });
const stop = new AbortController();
let chain: MintedChain;
let peers: ServingNode[];
let dir: string;

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "kill", miners: 2 }), epochs, () => {}, stop.signal);
  dir = mkdtempSync(join(tmpdir(), "copse-kill-"));
  writeFileSync(join(dir, "network.json"), networkJson(chain.mint.network));
  peers = [await startServingNode(chain, log, stop.signal), await startServingNode(chain, log, stop.signal)];
}, 300_000);
afterAll(async () => {
  await Promise.all((peers ?? []).map((peer) => peer.close()));
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

/** Runs a lite node in a process of its own, and kills it after a time. */
function runLite(killAfterMs: number | undefined): Promise<{ code: number | null; out: string }> {
  const main = join(import.meta.dirname, "../src/main.ts");
  const flags = [
    "--no-bootstrap",
    "--once",
    "--json",
    "--api",
    "off",
    "--log-level",
    "silent",
    "--listen",
    "/ip4/127.0.0.1/tcp/0",
  ];
  const where = ["--network", join(dir, "network.json"), "--repo", join(dir, "lite")];
  const child = spawn(
    process.execPath,
    [
      "--conditions=@copse/source",
      main,
      "node",
      "start",
      ...where,
      ...flags,
      ...peers.flatMap(({ address }) => ["--peer", address]),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, out });
    }),
  );
}

describe("kill -9 at random moments", () => {
  it(`resumes after each of ${kills}, and ends right`, { timeout: 600_000 }, async () => {
    const random = seeded(7);
    let killed = 0;
    for (let i = 0; i < kills; i++) {
      const { code } = await runLite(600 + random() * 4000);
      if (code === null) killed++;
    }
    const { code, out } = await runLite(undefined);
    const last = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
    expect(last, out).toMatchObject({
      event: "assembled",
      head: chain.tipsets.at(-1)?.tipset.height,
      tipsets: chain.tipsets.length,
      headers: chain.headers,
      // counted once, however often the work was cut short
      messageRoots: chain.headers,
      leaders: chain.headers - 1,
      beacons: chain.tipsets.at(-1)?.tipset.height,
    });
    expect(code).toBe(0);
    expect(killed).toBeGreaterThan(0);
  });
});
