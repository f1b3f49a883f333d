import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFile, describeData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningCli, runCli, startCli } from "./run-cli.ts";

const file = "chain/mainnet-export40.car";
const genesis = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const first = "bafy2bzacechdx6xd62lcyy7rnyc4uxcxhuwqslcxfvj77fxlwafij3nhzchpy";
const quiet = ["--no-bootstrap", "--json", "--api", "off", "--log-level", "silent", "--listen", "/ip4/127.0.0.1/tcp/0"];

/** Power of f01000 in mainnet's genesis. */
const claim = { rawBytePower: "26388279066624", qualityAdjPower: "263882790666240" };
const claimPath = "actors/f04/state/claims/f01000";

describeData("copse state, over mainnet's first forty epochs", [file], () => {
  const path = dataFile(file) as string;
  let dir: string;
  let node: RunningCli;
  let address: string;
  const state = async (...args: string[]) => {
    const run = await runCli("state", ...args, "--json");
    return { ...run, answer: run.events.at(-1) as Record<string, unknown> };
  };
  const inDir = (name: string): string => join(dir, name);
  const from = ["--from", path];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "copse-state-"));
    node = startCli("node", "start", "--network", "mainnet", "--repo", inDir("repo"), ...quiet, "--import", path);
    const { addresses } = (await node.event("listening")) as { addresses: string[] };
    address = addresses[0] as string;
  }, 120_000);
  afterAll(async () => {
    node.stop();
    await node.done;
    rmSync(dir, { recursive: true, force: true });
  });

  it("reads the same from a file, a repository and a peer, with the same proof, which verifies", {
    timeout: 120_000,
  }, async () => {
    const proofs: Buffer[] = [];
    const places: [string, string[]][] = [
      ["file", from],
      ["repository", ["--network", "mainnet", "--repo", inDir("repo")]],
      ["given", ["--network", "mainnet", "--repo", inDir("none"), "--peer", address]],
      ["peer", ["--network", "mainnet", "--repo", inDir("none"), "--peer", address]],
    ];
    for (const [at, [anchor, where]] of places.entries()) {
      const proof = inDir(`power-${at}.car`);
      const tipset = anchor === "given" ? first : "1";
      const { code, answer, out } = await state("power", "f01000", "--tipset", tipset, "--proof", proof, ...where);
      expect(code, out).toBe(0);
      expect(answer).toMatchObject({
        tipset: { height: 1, cids: [first], from: anchor },
        reads: [
          { path: claimPath, found: true, value: claim },
          { value: "79164837199872" },
          { value: "791648371998720" },
          { value: "3" },
        ],
        proof: { blocks: 3 },
      });
      if (where.includes("--peer")) expect(answer["fetched"]).toMatchObject({ blocks: anchor === "given" ? 4 : 3 });
      proofs.push(readFileSync(proof));
    }
    for (const proof of proofs) expect(proof.equals(proofs[0] as Buffer)).toBe(true);

    const verified = await state("verify", inDir("power-0.car"), "--header", first);
    expect(verified.code).toBe(0);
    expect(verified.answer).toMatchObject({ header: first, height: 1, anchors: { header: "one that you named" } });
    expect((verified.answer["reads"] as unknown[])[0]).toEqual({ path: claimPath, found: true, value: claim });
    const known = await state("verify", inDir("power-0.car"), "--repo", inDir("repo"));
    expect(known.answer["anchors"]).toMatchObject({ repository: { height: 1 } });
    const { levels } = (known.answer["anchors"] as { repository: { levels: string[] } }).repository;
    expect(levels).toEqual(expect.arrayContaining(["linked", "leader-checked"]));
    const car = await runCli("car", "verify", inDir("power-0.car"), "--json"); // any CAR tool reads it
    expect(car.code, car.out).toBe(0);
    const people = await runCli("state", "verify", inDir("power-0.car"));
    expect(people.out).toContain("anchors: none: this header is held against no chain");
  });

  it("reads actors, miners and paths, and proves what is not there", { timeout: 60_000 }, async () => {
    const read = async (...args: string[]) => {
      const { code, answer, out } = await state(...args, ...from, "--tipset", "0");
      expect(code, out).toBe(0);
      return answer["reads"] as { path: string; found: boolean; value: unknown }[];
    };
    expect(await read("actor", "f099")).toMatchObject([{ path: "actors/f099", value: { nonce: "0", balance: "0" } }]);
    expect((await read("get", "f01000"))[1]).toMatchObject({ value: "storageminer" });
    expect((await read("get", "f05"))[2]).toMatchObject({ path: "actors/f05/head/." }); // not read by names so old
    expect((await read("miner", "t01000"))[1]).toMatchObject({ value: { worker: "f0100", consensusFaultElapsed: -1 } });
    expect(await read("power")).toMatchObject([{ value: { minerCount: "3" } }]);
    expect(await read("read", "actors/f01/state/networkName", "version")).toMatchObject([
      { value: "testnetnet" },
      { value: 0 },
    ]);
    const worker = (await read("read", "actors/f0100/state/address"))[0]?.value as string;
    expect(worker).toMatch(/^f3/);
    expect(await read("read", `actors/${worker}/id`)).toMatchObject([{ value: "f0100" }]);
    const proof = inDir("absent.car");
    expect(await read("actor", "f0777777", "--proof", proof)).toEqual([
      { path: "actors/f0777777", found: false, absent: "actors/f0777777", value: null },
    ]);
    const { answer } = await state("verify", proof);
    expect(answer).toMatchObject({ header: genesis, reads: [{ found: false }] });
  });

  it("refuses proofs that are altered, of another header or path, and files that are none", async () => {
    const proof = inDir("claim.car");
    expect((await state("read", claimPath, "--tipset", genesis, "--proof", proof, ...from)).code).toBe(0);
    const bytes = readFileSync(proof);
    const altered = Buffer.from(bytes);
    altered[bytes.length - 9] = (altered[bytes.length - 9] as number) ^ 1;
    writeFileSync(inDir("altered.car"), altered);
    const refused = async (code: string, ...args: string[]) => {
      const run = await state("verify", ...args);
      expect([run.code, run.answer["code"]]).toEqual([3, code]);
    };
    await refused("proof/block-altered", inDir("altered.car"));
    await refused("proof/other", proof, "--header", first);
    await refused("proof/other", proof, "--path", "version");
    await refused("proof/malformed", path);
    expect((await state("verify", proof, "--header", genesis, "--path", claimPath)).code).toBe(0);
    expect((await state("verify", inDir("nothing.car"))).code).toBe(5);
  });

  it("says what is wrong with arguments, and what is not to be had", { timeout: 60_000 }, async () => {
    const code = async (...args: string[]) => {
      const { code: exit, answer } = await state(...args);
      return [exit, answer["code"]];
    };
    expect(await code("actor", "x", ...from)).toEqual([2, "copse/option-malformed"]);
    expect(await code("actor", "f01", "--tipset", "x", ...from)).toEqual([2, "copse/option-malformed"]);
    expect(await code("read", "actors//x", ...from, "--tipset", "0")).toEqual([2, "state/path-malformed"]);
    expect(await code("read", "actors/f04/state/none", ...from, "--tipset", "0")).toEqual([2, "state/path-unknown"]);
    expect(await code("actor", "f01", ...from)).toEqual([6, "copse/block-absent"]); // the head's state is not in the file
    expect(await code("actor", "f01", "--repo", inDir("none"))).toEqual([6, "copse/repo-missing"]);
    expect(await code("actor", "f01", "--tipset", "7", "--verify", "x", ...from)).toEqual([
      2,
      "copse/command-malformed",
    ]);
    expect((await runCli("state", "actor", "f01", ...from)).err).toContain("--peer MULTIADDR fetches what is needed");
    const taken = inDir("taken.car");
    writeFileSync(taken, "");
    expect(await code("actor", "f01", ...from, "--tipset", "0", "--proof", taken)).toEqual([2, "copse/output-exists"]);
    expect(await code("actor", "f01", ...from, "--tipset", "0", "--proof", taken, "--force")).toEqual([0, undefined]);
    const dead = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWG3vuzNZEZTgPeSTRVS5C8oeguSNFKeL21nE22Gp6UEX8";
    expect(await code("actor", "f01", "--repo", inDir("none"), "--peer", dead)).toEqual([4, "copse/no-peers"]);
  });
});
