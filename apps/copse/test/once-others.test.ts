// With `--once`: a peer tells a head whose messages nobody has. Another's head is taken in its place.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { serveExchange } from "@copse/network";
import { decodeBlockHeader } from "@copse/types";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { type ServingNode, startServingNode } from "../src/local/serving-node.ts";
import { networkJson } from "../src/networks.ts";
import { type RunningCli, startCli } from "./run-cli.ts";

const heldTo = 20;
const log = pino({ level: "silent" });
const stop = new AbortController();
let dir: string;
let chain: MintedChain;
let withholds: ServingNode;
let honest: ServingNode;
/** Called when messages are asked for that nobody has. */
let asked: () => void = () => {};

beforeAll(async () => {
  await installFastest();
  dir = mkdtempSync(join(tmpdir(), "copse-once-"));
  chain = await mintChain(createMint({ seed: "once", miners: 3, messages: true }), 30, () => {}, stop.signal);
  writeFileSync(join(dir, "network.json"), networkJson(chain.mint.network));
  const tells = chain.tipsets.findLast(({ tipset }) => tipset.height <= heldTo) as MintedTipset;
  withholds = await startServingNode(chain, log, stop.signal, {
    serve: (host, source) =>
      serveExchange({
        host,
        source: {
          ...source,
          messages(header, cid) {
            if (decodeBlockHeader(header).height <= heldTo) return source.messages?.(header, cid);
            asked();
            return undefined;
          },
        },
      }),
  });
  honest = await startServingNode(chain, log, stop.signal, {
    tells: tells.tipset,
    serve: (host, source) =>
      serveExchange({
        host,
        source: {
          ...source,
          tipset: async (key) => {
            const found = await source.tipset(key);
            const [header] = found?.headers ?? [];
            return header !== undefined && decodeBlockHeader(header).height > heldTo ? undefined : found;
          },
        },
      }),
  });
}, 60_000);
afterAll(async () => {
  await withholds?.close();
  await honest?.close();
  rmSync(dir, { recursive: true, force: true });
});

const sync = (repo: string): RunningCli =>
  startCli(
    ...["node", "start", "--once", "--no-bootstrap", "--json", "--api", "off", "--log-level", "silent"],
    ...["--execute", "off", "--messages", "all", "--min-peers", "1", "--idle-seconds", "3"],
    ...["--listen", "/ip4/127.0.0.1/tcp/0", "--peer", withholds.address],
    ...["--network", join(dir, "network.json"), "--repo", join(dir, repo)],
  );

it("takes another head where the first could not be assembled", { timeout: 60_000 }, async () => {
  const isChosen = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const run = sync("both");
  const { addresses } = (await run.event("listening")) as { addresses?: string[] };
  await isChosen;
  await honest.host.dial(addresses?.[0] as string); // it tells its head by hello
  const { code, events, out, err } = await run.done;
  expect(code, out + err).toBe(0);
  const top = chain.tipsets.findLast(({ tipset }) => tipset.height <= heldTo)?.tipset.height;
  expect(events.find(({ event }) => event === "assembled")).toMatchObject({ head: top, anchor: { kind: "peers" } });
});

it("ends with what the first failed with where there is no other", { timeout: 60_000 }, async () => {
  const { code, events } = await sync("one").done;
  expect(code).toBe(4);
  expect(events.find(({ event }) => event === "error")).toMatchObject({ code: "copse/no-peers" });
});
