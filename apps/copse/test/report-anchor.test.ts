// Whose word it is that the head is the chain: never said of a head of which it was not given.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveCarFile } from "@copse/car/node";
import { openChainStore } from "@copse/chain";
import { createMint } from "@copse/chain/mint";
import { installFastest } from "@copse/crypto/fastest";
import { cidKey, cidOf } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain } from "../src/local/minted-chain.ts";
import { networkJson } from "../src/networks.ts";
import { openRepo } from "../src/repo.ts";
import { runCli } from "./run-cli.ts";

let dir: string;
let chain: MintedChain;
beforeAll(async () => {
  await installFastest();
  dir = mkdtempSync(join(tmpdir(), "copse-anchor-"));
  chain = await mintChain(createMint({ seed: "anchor", miners: 3 }), 30, () => {}, new AbortController().signal);
  writeFileSync(join(dir, "network.json"), networkJson(chain.mint.network));
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A file of the chain up to a height. */
async function fileTo(height: number): Promise<string> {
  const file = join(dir, `to${height}.car`);
  const tipsets = chain.tipsets.filter(({ tipset }) => tipset.height <= height);
  const blocks = new Map(chain.mint.genesis.state.map(([cid, bytes]) => [cidKey(cid), { cid, bytes }]));
  for (const { bytes } of tipsets.flatMap((one) => one.blocks)) {
    const cid = cidOf(bytes);
    blocks.set(cidKey(cid), { cid, bytes });
  }
  await saveCarFile(file, TipsetKey.cidBytes(tipsets.at(-1)?.tipset.key as TipsetKey), [...blocks.values()]);
  return file;
}

/** Imports a file into the one repository, and gives what is told of it. */
async function imported(file: string): Promise<Record<string, unknown>> {
  const { events, out, err } = await runCli(
    ...["node", "start", "--once", "--no-bootstrap", "--json", "--api", "off", "--log-level", "silent"],
    ...["--messages", "none", "--execute", "off", "--network", join(dir, "network.json")],
    ...["--repo", join(dir, "repo"), "--import", file],
  );
  const told = events.find(({ event }) => event === "assembled");
  expect(told, out + err).toBeDefined();
  return told as Record<string, unknown>;
}
const assembled = async (): Promise<Record<string, unknown>> => {
  const { events } = await runCli("chain", "assembled", "--json", "--repo", join(dir, "repo"));
  return events[0] as Record<string, unknown>;
};

it("is a file where the head is the file's, and what was stored where it is not", { timeout: 60_000 }, async () => {
  const whole = await fileTo(30);
  const part = await fileTo(20);
  const head = chain.tipsets.at(-1)?.tipset.height;
  expect(await imported(whole)).toMatchObject({ head, anchor: { kind: "import", ids: [whole] } });
  expect(await assembled()).toMatchObject({ head, anchor: { kind: "import", ids: [whole] } });
  // it says nothing of what the repository holds above it
  expect(await imported(part)).toMatchObject({ head, anchor: { kind: "stored", ids: [] } });
  expect(await imported(whole)).toMatchObject({ head, anchor: { kind: "import", ids: [whole] } });

  // the head moves, as it does when a node follows
  const { mint } = chain;
  const about = { network: join(dir, "network.json"), genesis: mint.network.genesisCid.toString() };
  const repo = await openRepo(join(dir, "repo"), about);
  const store = await openChainStore(repo.database, { genesis: mint.network.genesisCid.bytes });
  const below = chain.tipsets.at(-2) as MintedTipset;
  await store.switchHead(below.tipset.key);
  await repo.close();
  expect(await assembled()).toMatchObject({ head: below.tipset.height, anchor: { kind: "stored", ids: [] } });
});
