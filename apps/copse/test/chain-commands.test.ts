import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMint } from "@copse/chain/mint";
import { cidOf, toCid } from "@copse/ipld";
import { decodeSignedMessage, messageCid } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MintedChain, type MintedTipset, mintChain, storeMinted } from "../src/local/minted-chain.ts";
import { networkJson } from "../src/networks.ts";
import { openRepo } from "../src/repo.ts";
import { type CliRun, runCli } from "./run-cli.ts";

let dir: string;
let chain: MintedChain;
let many: MintedTipset;
let head: MintedTipset;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "copse-chain-"));
  const mint = createMint({ seed: "commands", miners: 3, signatures: "none", messages: true, forks: 0.5 });
  chain = await mintChain(mint, 60, () => {}, new AbortController().signal);
  many = chain.tipsets.find(
    ({ blocks }) =>
      blocks.length > 1 && blocks.every(({ messages }) => messages.bls.length > 0 && messages.secp.length > 0),
  ) as MintedTipset;
  head = chain.tipsets.at(-1) as MintedTipset;
  const file = join(dir, "network.json");
  writeFileSync(file, networkJson(mint.network));
  const repo = await openRepo(join(dir, "repo"), { network: file, genesis: mint.network.genesisCid.toString() });
  await storeMinted(chain, repo.database);
  await repo.close();
  rmSync(file);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const chainCommand = (...args: string[]): Promise<CliRun> => runCli("chain", ...args, "--repo", join(dir, "repo"));
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const run = await chainCommand(...args, "--json");
  expect(run.code, run.out + run.err).toBe(0);
  expect(run.events).toHaveLength(1);
  return run.events[0] as Record<string, unknown>;
}
const cidsOf = ({ tipset }: MintedTipset): object[] => tipset.cids.map((cid) => ({ "/": cid.toString() }));

describe("copse chain", () => {
  it("shows the head", async () => {
    expect(await json("head")).toMatchObject({ Cids: cidsOf(head), Height: head.tipset.height });
    const plain = await chainCommand("head");
    expect(plain.out).toBe(`height ${head.tipset.height}\n${head.tipset.cids.join("\n")}\n`);
  });

  it("shows a tipset by its height, or by any of its blocks", async () => {
    const wanted = { Cids: cidsOf(many), Height: many.tipset.height };
    expect(await json("tipset", String(many.tipset.height))).toMatchObject(wanted);
    for (const cid of many.tipset.cids) expect(await json("tipset", cid.toString())).toMatchObject(wanted);
  });

  it("shows the tipset before a null round", async () => {
    const heights = chain.tipsets.map(({ tipset }) => tipset.height);
    const before = heights.findIndex((height, i) => (heights[i + 1] ?? height + 1) > height + 1);
    expect(before).toBeGreaterThan(-1);
    const shown = await json("tipset", String((heights[before] as number) + 1));
    expect(shown).toMatchObject({ Height: heights[before] });
  });

  it("knows nothing above the head, of forks, or of other chains", async () => {
    const fork = chain.forks[0] as MintedTipset;
    const absent = [
      ["tipset", String(head.tipset.height + 1)],
      ["tipset", "999999999999999"],
      ["tipset", `${fork.tipset.cids[0]}`],
      ["block", `${fork.tipset.cids[0]}`],
      ["message", `${fork.tipset.cids[0]}`],
      ["message", `${many.tipset.blocks[0]?.messages}`], // a block of another kind
    ];
    for (const args of absent) {
      const run = await chainCommand(...args, "--json");
      expect(run.code, args.join(" ")).toBe(6);
      expect(run.events).toMatchObject([{ event: "error", code: "copse/not-found" }]);
    }
  });

  it("shows a block header", async () => {
    for (const [i, header] of many.tipset.blocks.entries()) {
      const shown = await json("block", `${many.tipset.cids[i]}`);
      expect(shown).toMatchObject({ Height: header.height, Timestamp: header.timestamp });
      expect(shown["Messages"]).toEqual({ "/": header.messages.toString() });
    }
  });

  it("shows messages, bare and signed", async () => {
    const [{ messages }] = many.blocks as [MintedTipset["blocks"][number]];
    const { bls, secp } = messages;
    const bare = toCid(cidOf(bls[0] as Uint8Array)).toString();
    expect(await json("message", bare)).toMatchObject({ Version: 0, CID: { "/": bare } });
    const bytes = secp[0] as Uint8Array;
    const signed = toCid(cidOf(bytes)).toString();
    const inner = messageCid(decodeSignedMessage(bytes).message).toString();
    expect(await json("message", signed)).toMatchObject({ CID: { "/": signed }, Message: { CID: { "/": inner } } });
  });

  it("tells what is assembled, and ends with 3 where that is not all", async () => {
    const run = await chainCommand("assembled", "--json");
    expect(run.events).toMatchObject([
      { head: head.tipset.height, tipsets: chain.tipsets.length, toGenesis: false, statements: { "2-links": true } },
    ]);
    expect(run.code).toBe(3);
  });
});
