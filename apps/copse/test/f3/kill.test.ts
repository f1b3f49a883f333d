import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import type { CertificateBytes } from "@copse/network/f3-exchange";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../../src/local/minted-chain.ts";
import { type ServingNode, startServingNode } from "../../src/local/serving-node.ts";
import { networkJson } from "../../src/networks.ts";
import { type CertificatePeer, certify, serveCertificates, tipsetsOf, withF3 } from "./certified-chain.ts";

const epochs = 200;
const stop = new AbortController();
let chain: MintedChain;
let peer: ServingNode;
let served: CertificatePeer;
let dir: string;
let final: number;

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "f3 kill", miners: 2 }), epochs, () => {}, stop.signal);
  dir = mkdtempSync(join(tmpdir(), "copse-f3-kill-"));
  writeFileSync(join(dir, "network.json"), networkJson(withF3(chain.mint.network)));
  peer = await startServingNode(chain, pino({ level: "silent" }), stop.signal);
  const certificates = certify(tipsetsOf(chain), 180, 2);
  final = certificates.at(-1)?.chain.at(-1)?.epoch ?? 0;
  // slowly and a few at a time, so that kills come while certificates do
  const slowly = () => new Promise((resolve) => setTimeout(resolve, 15));
  const twist = (source: CertificateBytes): CertificateBytes => ({
    ...source,
    certificate: (instance) => slowly().then(() => source.certificate(instance)),
  });
  served = await serveCertificates(peer, certificates, twist, { maxBytes: 4000 });
}, 120_000);
afterAll(async () => {
  await peer?.close();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

/** Runs a node in a process of its own, and kills it once it has printed something, or asked for a certificate. */
function runNode(
  killAt: { readonly asks?: number; readonly prints?: string } | undefined,
): Promise<{ code: number | null; out: string }> {
  const child = spawn(
    process.execPath,
    [
      "--conditions=@copse/source",
      join(import.meta.dirname, "../../src/main.ts"),
      ...["node", "start", "--no-bootstrap", "--once", "--json", "--api", "off", "--log-level", "silent"],
      ...["--messages", "none", "--execute", "off", "--listen", "/ip4/127.0.0.1/tcp/0", "--peer", peer.address],
      ...["--network", join(dir, "network.json"), "--repo", join(dir, "node")],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const timer = setInterval(() => {
    const asks = served.asked.at(-1) ?? 0;
    const due = (killAt?.asks !== undefined && asks >= killAt.asks) || (killAt?.prints && out.includes(killAt.prints));
    if (due) child.kill("SIGKILL");
  }, 5);
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, out });
    }),
  );
}

describe("kill -9 while certificates are fetched and applied", () => {
  const kills = [{ asks: 5 }, { asks: 20 }, { asks: 40 }, { asks: 60 }, { prints: "f3-final" }];

  it(`loses nothing of what was stored, ${kills.length} times over`, { timeout: 300_000 }, async () => {
    let before = 0;
    for (const kill of kills) {
      served.asked.length = 0;
      const { code, out } = await runNode(kill);
      expect(code, out).toBeNull();
      // at most the answer under way is asked for again
      expect(served.asked[0]).toBeGreaterThanOrEqual(Math.max(0, before - 12));
      before = served.asked.at(-1) ?? before;
    }
    served.asked.length = 0;
    const { code, out } = await runNode(undefined);
    const events = out
      .split("\n")
      .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]));
    expect(code, out).toBe(0);
    expect(events.findLast(({ event }) => event === "f3-final")).toMatchObject({ height: final, from: 0 });
    expect(events.findLast(({ event }) => event === "assembled")).toMatchObject({
      head: chain.tipsets.at(-1)?.tipset.height,
      tipsets: chain.tipsets.length,
      statements: { "9-f3": true },
    });
    expect(Math.min(...served.asked, Number.POSITIVE_INFINITY)).toBeGreaterThan(60);
  });
});
