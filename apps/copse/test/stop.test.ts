import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import pino from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, mintChain } from "../src/local/minted-chain.ts";
import { type ServeChain, startServingNode } from "../src/local/serving-node.ts";
import { networkJson } from "../src/networks.ts";
import { stalls } from "./hostile.ts";
import { type RunningCli, startCli } from "./run-cli.ts";

const log = pino({ level: "silent" });
const never = new AbortController().signal;
let chain: MintedChain;
let dir: string;

beforeAll(async () => {
  await installFastest();
  chain = await mintChain(createMint({ seed: "stop", miners: 2 }), 60, () => {}, never);
  dir = mkdtempSync(join(tmpdir(), "copse-stop-"));
  writeFileSync(join(dir, "network.json"), networkJson(chain.mint.network));
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function start(repo: string, ...flags: string[]): RunningCli {
  const common = ["--no-bootstrap", "--json", "--api", "off", "--log-level", "silent", "--repo", join(dir, repo)];
  const where = ["--network", join(dir, "network.json"), "--listen", "/ip4/127.0.0.1/tcp/0"];
  return startCli("node", "start", ...common, ...where, ...flags);
}

/** Serves headers for a while, then says nothing: what asks it waits. */
function stallsAfter(tipsets: number, onStall: () => void): ServeChain {
  let served = 0;
  return async (host, source) => {
    const { serveExchange } = await import("@copse/network");
    return serveExchange({
      host,
      source: {
        ...source,
        async tipset(key) {
          if (served++ < tipsets) return source.tipset(key);
          onStall();
          return new Promise(() => {});
        },
      },
    });
  };
}

describe("a stop", { timeout: 30_000 }, () => {
  it("ends the wait for a peer", async () => {
    const run = start("alone", "--once");
    await run.event("listening");
    run.stop();
    expect((await run.done).code).toBe(130);
    expect(existsSync(join(dir, "alone", "node.lock"))).toBe(false);
  });

  it("ends the wait for a head that a silent peer told", async () => {
    await using peer = disposable(await startServingNode(chain, log, never, { serve: stalls }));
    const run = start("silent", "--peer", peer.address, "--once");
    await run.event("listening");
    await peer.joined();
    run.stop();
    expect((await run.done).code).toBe(130);
  });

  it("ends a walk whose only peer stalls", async () => {
    let stalled = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    await using peer = disposable(await startServingNode(chain, log, never, { serve: stallsAfter(20, stalled) }));
    const run = start("walking", "--peer", peer.address, "--once");
    await waiting;
    run.stop();
    expect((await run.done).code).toBe(130);
    expect(existsSync(join(dir, "walking", "node.lock"))).toBe(false);
  });

  it("ends following, which is what was asked for", async () => {
    await using peer = disposable(await startServingNode(chain, log, never));
    const run = start("following", "--peer", peer.address);
    await run.event("assembled");
    run.stop();
    const { code, events } = await run.done;
    expect(code).toBe(0);
    expect(events.filter(({ event }) => event === "error")).toEqual([]);
    // what was closed is whole: the next run has nothing to fetch
    const again = await start("following", "--peer", peer.address, "--once").done;
    expect(again.code).toBe(0);
  });
});

function disposable(node: Awaited<ReturnType<typeof startServingNode>>) {
  return {
    address: node.address,
    joined: () =>
      new Promise<void>((resolve) => {
        if (node.host.peers().length > 0) resolve();
        else node.host.on(() => resolve());
      }),
    [Symbol.asyncDispose]: () => node.close(),
  };
}
