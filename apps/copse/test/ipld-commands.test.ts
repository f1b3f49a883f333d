import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAmt } from "@copse/amt";
import { encodeCar } from "@copse/car";
import { createHamt, uintKeys } from "@copse/hamt";
import { CborWriter, type CidBytes, type Codec, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { dataFile, describeData } from "@copse/testkit";
import { mainnet } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRepo } from "../src/repo.ts";
import { type CliRun, runCli, runCliOn } from "./run-cli.ts";

const number: Codec<bigint> = { encode: (writer, value) => void writer.uint(value), decode: (reader) => reader.uint() };

let folder = "";
let file = "";
let car: Uint8Array;
let blocks: [CidBytes, Uint8Array][] = [];
const text = (cid: CidBytes): string => toCid(cid).toString();

/** Lines of what a command printed. */
const lines = (run: CliRun): string[] => run.bytes.toString().split("\n").slice(0, -1);
const documents = (run: CliRun): unknown[] => lines(run).map((line) => JSON.parse(line));

const put = (cid: CidBytes, bytes: Uint8Array): CidBytes => {
  blocks.push([cid, bytes]);
  return cid;
};
const value = (write: (writer: CborWriter) => CborWriter): CidBytes => {
  const block = write(new CborWriter()).finish();
  return put(cidOf(block), block);
};

let leaf: CidBytes;
let raw: CidBytes;
let before: CidBytes;
let after: CidBytes;
let hamts: CidBytes[];
let amts: CidBytes[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-ipld-cli-"));
  blocks = [];
  leaf = value((w) => w.array(2).uint(7).bytes(Uint8Array.of(1, 2)));
  raw = put(rawCidOf(Uint8Array.of(9)), Uint8Array.of(9));
  const other = value((w) => w.array(2).uint(8).bytes(Uint8Array.of(1, 2)));
  before = value((w) =>
    w
      .map(2)
      .text("a")
      .link(leaf)
      .text("b")
      .array(2)
      .link(raw)
      .uint(2n ** 63n),
  );
  after = value((w) =>
    w
      .map(3)
      .text("a")
      .link(other)
      .text("b")
      .array(2)
      .link(raw)
      .uint(2n ** 63n)
      .text("c")
      .null(),
  );
  hamts = [0n, 5n].map((more) => {
    const tree = createHamt(number, { version: 3, keys: uintKeys });
    for (let key = 0n; key < 100n; key++) if (key !== more + 1n) tree.setSync(key, key === 50n ? more : key);
    return flushed(tree.flush());
  });
  amts = [3n, 4n].map((last) => {
    const tree = createAmt(number, { version: 3, bitWidth: 3 });
    for (let index = 0; index < 50; index++) tree.setSync(index, index === 40 ? last : 1n);
    if (last === 4n) tree.setSync(1000, 9n);
    return flushed(tree.flush());
  });
  file = join(folder, "some.car");
  car = encodeCar(
    [before],
    blocks.map(([cid, bytes]) => ({ cid, bytes })),
  );
  writeFileSync(file, car);
});
afterAll(() => rmSync(folder, { recursive: true }));

function flushed(made: { root: CidBytes; blocks: Iterable<readonly [CidBytes, Uint8Array]> }): CidBytes {
  for (const [cid, bytes] of made.blocks) put(cid, bytes);
  return made.root;
}

describe("copse ipld get", () => {
  it("shows a block, or what a path leads to, as DAG-JSON", async () => {
    const run = await runCli("ipld", "get", text(before), "--from", file);
    expect(run.bytes.toString()).toBe(`{"a":{"/":"${text(leaf)}"},"b":[{"/":"${text(raw)}"},9223372036854775808]}\n`);
    expect((await runCli("ipld", "get", text(before), "--path", "b/1", "--from", file)).bytes.toString()).toBe(
      "9223372036854775808\n",
    );
    expect(documents(await runCli("ipld", "get", `${text(before)}/a/0`, "--from", file, "--json"))).toEqual([
      { cid: text(leaf), offset: 1, bytes: 1, value: 7 },
    ]);
    expect((await runCli("ipld", "get", `${text(before)}/b/0`, "--from", file)).bytes.toString()).toBe(
      '{"/":{"bytes":"CQ"}}\n',
    );
    const link = await runCli("ipld", "get", text(before), "--path", "a", "--link", "--from", file);
    expect(link.bytes.toString()).toBe(`{"/":"${text(leaf)}"}\n`);
  });

  it("writes bytes as they are, and reads standard input", async () => {
    const run = await runCliOn([car], "ipld", "get", `${text(before)}/a`, "--raw", "--from", "-");
    expect([...run.bytes]).toEqual([0x82, 7, 0x42, 1, 2]);
  });

  it("tells what is not there, and what is no CID", async () => {
    const end = async (...args: string[]): Promise<unknown> => {
      const { code, events } = await runCli("ipld", "get", ...args, "--from", file, "--json");
      return [code, events[0]?.["code"]];
    };
    expect(await end(text(cidOf(Uint8Array.of(1))))).toEqual([6, "copse/block-absent"]);
    expect(await end(`${text(before)}/x`)).toEqual([6, "path/key-absent"]);
    expect(await end(`${text(before)}/b/2`)).toEqual([6, "path/index-absent"]);
    expect(await end("bafy")).toEqual([2, "copse/option-malformed"]);
  });
});

describe("copse ipld walk", () => {
  it("lists blocks in order, from the file's roots or another block", async () => {
    const order = [before, leaf, raw];
    const run = await runCli("ipld", "walk", "--from", file);
    expect(lines(run).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(
      order.map((cid, i) => `${text(cid)} ${i === 0 ? 0 : 1}`),
    );
    expect(run.err).toContain("3 blocks");
    expect(documents(await runCli("ipld", "walk", `${text(before)}/a`, "--from", file, "--json"))).toEqual([
      { cid: text(leaf), depth: 0, bytes: 5 },
    ]);
    const { events } = await runCli("ipld", "walk", "--count", "--from", file, "--json");
    expect(events[0]).toMatchObject({ blocks: 3, missing: 0, skipped: 0 });
  });

  it("ends at a missing block, or lists it", async () => {
    const partial = join(folder, "partial.car");
    const kept = blocks.filter(([cid]) => cid !== leaf).map(([cid, bytes]) => ({ cid, bytes }));
    writeFileSync(partial, encodeCar([before], kept));
    expect((await runCli("ipld", "walk", "--from", partial)).code).toBe(5);
    const run = await runCli("ipld", "walk", "--allow-missing", "--from", partial);
    expect(run.code).toBe(0);
    expect(lines(run)[1]).toBe(`${text(leaf)} 1 missing`);
    const json = await runCli("ipld", "walk", "--allow-missing", "--from", partial, "--json");
    expect(documents(json)[1]).toEqual({ cid: text(leaf), depth: 1, missing: true });
  });

  it("reads a repository, and refuses what it cannot do", async () => {
    const dir = join(folder, "repo");
    const repo = await openRepo(dir, { network: "mainnet", genesis: mainnet.genesisCid.toString() });
    repo.database.blocks.putManySync(blocks);
    await repo.close();
    expect(lines(await runCli("ipld", "walk", text(before), "--repo", dir))).toHaveLength(3);
    expect((await runCli("ipld", "walk", "--repo", dir)).code).toBe(2);
    expect((await runCli("ipld", "walk", text(before), "--repo", dir, "--policy", "some")).code).toBe(2);
    expect((await runCli("ipld", "walk", `${text(before)}/a/0`, "--repo", dir)).code).toBe(2);
    expect((await runCli("ipld", "walk", text(before), "--repo", join(folder, "none"))).code).toBe(6);
  });
});

describe("copse ipld diff", () => {
  it("tells what differs by paths", async () => {
    const run = await runCli("ipld", "diff", text(before), text(after), "--from", file);
    expect(lines(run)).toEqual(["+ c null", "~ a/0 7 → 8"]);
    expect(run.err).toContain("2 differences");
    expect(documents(await runCli("ipld", "diff", text(after), text(before), "--from", file, "--json"))).toEqual([
      { kind: "removed", path: ["c"], before: null },
      { kind: "changed", path: ["a", "0"], before: 8, after: 7 },
    ]);
    expect((await runCli("ipld", "diff", text(after), text(after), "--from", file)).err).toContain("no differences");
  });

  it("tells which entries of HAMTs differ", async () => {
    const [a, b] = hamts.map(text) as [string, string];
    const run = await runCli("ipld", "diff", a, b, "--hamt", "--keys", "uint", "--from", file);
    expect(lines(run).toSorted()).toEqual(["+ 1 1", "- 6 6", "~ 50 0 → 5"]);
    const hex = await runCli("ipld", "diff", a, b, "--hamt", "--from", file, "--json");
    expect(documents(hex)).toContainEqual({ kind: "changed", path: ["32"], before: 0, after: 5 });
  });

  it("tells which entries of AMTs differ", async () => {
    const [a, b] = amts.map(text) as [string, string];
    const run = await runCli("ipld", "diff", a, b, "--amt", "--from", file);
    expect(lines(run)).toEqual(["~ 40 3 → 4", "+ 1000 9"]);
  });

  it("refuses options that do not fit", async () => {
    const [a, b] = hamts.map(text) as [string, string];
    const code = async (...flags: string[]): Promise<number> =>
      (await runCli("ipld", "diff", a, b, ...flags, "--from", file)).code;
    expect(await code("--hamt", "--amt")).toBe(2);
    expect(await code("--hamt", "--keys", "some")).toBe(2);
    expect(await code("--hamt", "--form", "1")).toBe(2);
    expect(await code("--amt", "--form", "2")).toBe(2);
    expect(await code("--amt")).toBe(3);
  });
});

const real = ["chain/mainnet-chain4.car", "chain/mainnet-chain4.car.zst", "chain/mainnet-chain4.forest.car.zst"];
describeData("copse ipld on real files", real, () => {
  it("gives one answer from every form of a file", async () => {
    const from = real.map((name) => dataFile(name) as string);
    const genesis = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
    const answers = await Promise.all(
      from.map(async (name) => [
        (await runCli("ipld", "get", `${genesis}/8`, "--from", name)).bytes.toString(),
        (await runCli("ipld", "walk", `${genesis}/8`, "--policy", "forest", "--count", "--json", "--from", name))
          .events,
      ]),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[0]?.[1]).toEqual([
      { blocks: 1209, bytes: expect.any(Number), missing: 0, skipped: expect.any(Number) },
    ]);
    const parent = await runCli("ipld", "get", `${genesis}/5/0`, "--from", from[2] as string);
    expect(parent.bytes.toString()).toMatch(/^\{"/); // the parent of genesis: a map whose keys are out of order
  });
});
