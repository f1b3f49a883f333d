import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { encodeCar } from "@copse/car";
import { compressZstd, saveForestCar } from "@copse/car/node";
import { parseManifest } from "@copse/f3";
import { importF3Snapshot } from "@copse/f3/snapshot";
import { checkHere, rowsAsStore } from "@copse/f3/store";
import { CborWriter, type CidBytes, cidOf, rawCidOf, toCid } from "@copse/ipld";
import { devnet } from "@copse/types/networks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { networkJson } from "../src/networks.ts";
import { runCli, runCliOn, startCli, startCliOn } from "./run-cli.ts";

const vectors = fileURLToPath(new URL("../../../packages/f3/test/vectors/", import.meta.url));
const data = readFileSync(join(vectors, "go-chain.f3snap"));
const manifest = join(vectors, "go-chain.manifest.json");
const facts = JSON.parse(readFileSync(join(vectors, "go-chain.json"), "utf8")) as {
  readonly cid: string;
  readonly initialPowerTable: string;
  readonly certificates: readonly { readonly powerTable: string; readonly nextPowerTable: string; headEpoch: number }[];
};
const last = facts.certificates.at(-1);

/** The metadata of a snapshot of version 2, as FRC-0108 has it. */
function metadata(f3: CidBytes | undefined): Uint8Array {
  const writer = new CborWriter().map(3).text("F3Data");
  if (f3 === undefined) writer.null();
  else writer.link(f3);
  return writer
    .text("Version")
    .uint(2)
    .text("HeadTipsetKey")
    .array(1)
    .link(cidOf(Uint8Array.of(1)))
    .finish();
}

const meta = metadata(rawCidOf(data));
const chain = Array.from({ length: 50 }, (_, i) => Uint8Array.of(0x82, i, 7));
const entry = (bytes: Uint8Array) => ({ cid: cidOf(bytes), bytes });
const blocks = [entry(meta), { cid: rawCidOf(data), bytes: data }, ...chain.map(entry)];

describe("copse f3", () => {
  let folder = "";
  const path = (name: string): string => join(folder, name);
  const files: string[] = [];
  const localNetwork = (): string => path("network.json");

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "copse-f3-cli-"));
    writeFileSync(path("bare.f3snap"), data);
    const zstd: Uint8Array[] = [];
    for await (const chunk of compressZstd(data)) zstd.push(chunk);
    writeFileSync(path("bare.zst"), Buffer.concat(zstd));
    writeFileSync(path("snapshot.car"), encodeCar([cidOf(meta)], blocks));
    await saveForestCar(path("snapshot.forest.car.zst"), [cidOf(meta)], blocks);
    files.push(...["bare.f3snap", "bare.zst", "snapshot.car", "snapshot.forest.car.zst"].map(path));
    const f3 = parseManifest(readFileSync(manifest, "utf8"));
    const network = { ...devnet, name: "local", f3, genesisTime: 1, genesisCid: toCid(cidOf(Uint8Array.of(2))) };
    writeFileSync(localNetwork(), networkJson(network as unknown as Parameters<typeof networkJson>[0]));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("info tells what there is, of every kind of file", async () => {
    for (const [at, file] of files.entries()) {
      const { code, events } = await runCli("f3", "info", file, "--json");
      expect(code, file).toBe(0);
      expect(events[0]).toMatchObject({
        container: at < 2 ? "F3 data" : "snapshot CAR",
        compression: at % 2 === 0 ? "none" : "zstd",
        cid: facts.cid,
        bytes: data.length,
        version: 1,
        first: 0,
        latest: 63,
        certificates: 64,
        initialPowerTable: { cid: facts.initialPowerTable, members: 40 },
        head: { epoch: last?.headEpoch },
        nextPowerTable: last?.nextPowerTable,
        verified: false,
      });
    }
    const piped = await runCliOn([data.subarray(0, 3), data.subarray(3)], "f3", "info", "-");
    expect(piped.out).toMatch(/instances: 0 to 63: 64 certificates of \d+ to \d+ B/);
    expect(piped.out).toContain("nothing was verified");
  });

  it("verify goes over all of it, whatever it stands in", async () => {
    for (const file of [files[0], files[3]] as string[]) {
      const { code, events } = await runCli("f3", "verify", file, "--manifest", manifest, "--workers", "1", "--json");
      expect({ code, events }).toMatchObject({
        code: 0,
        events: [
          {
            network: "oraclenet",
            rootOfTrust: "the manifest of oraclenet",
            cid: facts.cid,
            first: 0,
            latest: 63,
            certificates: 64,
            finalTipset: { epoch: last?.headEpoch },
            initialPowerTable: facts.initialPowerTable,
            nextPowerTable: last?.nextPowerTable,
            verified: true,
          },
        ],
      });
      expect(events[0]?.["certificatesPerSecond"]).toBeGreaterThan(0);
    }
    const { code, out } = await runCli(
      "f3",
      "verify",
      files[0] as string,
      "--network",
      localNetwork(),
      "--workers",
      "1",
    );
    expect([code, out.split("\n")[0]]).toEqual([0, "verified: instances 0 to 63 of oraclenet"]);
  });

  it("verify ends with 3 and names the instance that does not hold", async () => {
    const wrong = Uint8Array.from(data);
    wrong[27366 + 50] = (wrong[27366 + 50] as number) ^ 1; // in the signature of instance 19
    writeFileSync(path("wrong.f3snap"), wrong);
    const { code, events } = await runCli("f3", "verify", path("wrong.f3snap"), "--manifest", manifest, "--json");
    expect(code).toBe(3);
    expect(events.at(-1)).toMatchObject({ event: "error", facts: { instance: 19 } });
    const cut = await runCliOn([data.subarray(0, -1)], "f3", "verify", "-", "--manifest", manifest);
    expect([cut.code, cut.out]).toEqual([3, ""]);
    expect(cut.err).toContain("the certificate of instance 63 ends at byte 69233");
    const forged = [entry(metadata(rawCidOf(wrong))), { cid: rawCidOf(wrong), bytes: data }];
    writeFileSync(path("forged.car"), encodeCar([(forged[0] as { cid: CidBytes }).cid], forged));
    for (const command of [["info"], ["verify", "--manifest", manifest]]) {
      const forgedRun = await runCli("f3", ...command, path("forged.car"), "--json");
      expect(forgedRun.code).toBe(3);
      expect(forgedRun.events.at(-1)).toMatchObject({ code: "f3/snapshot-other-cid" });
    }
  });

  it("verify needs a root of trust, and says which one it took", async () => {
    const bare = files[0] as string;
    const unknown = await runCli("f3", "verify", bare);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("give --network or --manifest");
    for (const network of ["mainnet", "calibnet", "filecoin"]) {
      const { code, events } = await runCli("f3", "verify", bare, "--network", network, "--json");
      expect({ code, events }).toMatchObject({ code: 3, events: [{ code: "f3/snapshot-other-table" }] });
    }
    const fresh = path("fresh.json");
    const text = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
    writeFileSync(fresh, JSON.stringify({ ...text, InitialPowerTable: null }));
    const untrusted = await runCli("f3", "verify", bare, "--manifest", fresh);
    expect(untrusted.code).toBe(2);
    expect(untrusted.err).toContain("--trust-table");
    const blind = await runCli("f3", "verify", bare, "--manifest", fresh, "--trust-table", "--json");
    expect(blind.code).toBe(0);
    expect(blind.events[0]?.["rootOfTrust"]).toContain("the file itself");
    const told = ["f3", "verify", bare, "--manifest", fresh, "--trust-table"];
    expect((await runCli(...told, facts.initialPowerTable)).code).toBe(0);
    expect((await runCli(...told, facts.cid)).code).toBe(3);
    expect((await runCli(...told, "bafyX")).code).toBe(2);
    expect((await runCli("f3", "verify", bare, "--manifest", path("none.json"))).code).toBe(2);
    writeFileSync(path("broken.json"), "{}");
    expect((await runCli("f3", "verify", bare, "--manifest", path("broken.json"))).code).toBe(2);
    expect((await runCli("f3", "verify", bare, "--network", "nowhere")).code).toBe(2);
  });

  it("says of other files what they are not", async () => {
    const old = encodeCar([cidOf(chain[0] as Uint8Array), cidOf(chain[1] as Uint8Array)], chain.map(entry));
    const single = encodeCar([cidOf(chain[0] as Uint8Array)], chain.map(entry));
    const without = encodeCar([cidOf(metadata(undefined))], [entry(metadata(undefined)), ...chain.map(entry)]);
    const misplaced = encodeCar([cidOf(meta)], [entry(meta), ...chain.map(entry)]);
    const cut = encodeCar([cidOf(meta)], blocks).subarray(0, 300);
    const cases = [
      [old, 6, "snapshot of version 1"],
      [single, 6, "snapshot of version 1"],
      [without, 6, "its metadata names none"],
      [misplaced, 3, "its second block is"],
      [cut, 3, "the header ends at byte"],
      [Buffer.from("this is no F3 data"), 3, ""],
      [new Uint8Array(0), 3, ""],
    ] as const;
    for (const [bytes, exit, says] of cases) {
      const { code, err } = await runCliOn([bytes], "f3", "info", "-");
      expect(code, err).toBe(exit);
      expect(err).toContain(says);
    }
    expect((await runCli("f3", "info", path("none"))).code).toBe(5);
  });

  it("reads no further than the F3 data of a snapshot", async () => {
    const car = readFileSync(files[2] as string);
    const end = car.indexOf(data) + data.length;
    for (const command of [["info"], ["table", "--instance", "3"]]) {
      let isFirst = true;
      // more would come, some day
      const slow = new Readable({
        read() {
          if (isFirst) this.push(car.subarray(0, end + 9));
          isFirst = false;
        },
      });
      const { code, err } = await startCliOn(slow, "f3", command[0] as string, "-", ...command.slice(1)).done;
      expect(code, err).toBe(0);
    }
  });

  it("imports into a repository, exports the same bytes, and shows tables", async () => {
    const repo = path("repo");
    const network = ["--network", localNetwork(), "--repo", repo, "--workers", "1"];
    const imported = await runCli("f3", "import", files[2] as string, ...network, "--json");
    expect(imported).toMatchObject({
      code: 0,
      events: [{ network: "oraclenet", added: 64, verified: 64, resumed: 0, stored: 63, cid: facts.cid }],
    });
    // by now the repository says which network it is of
    const again = await runCli("f3", "import", files[0] as string, "--repo", repo);
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain("imported: 0 certificates of oraclenet; the repository holds 0 to 63");

    const out = path("exported.f3snap");
    const exported = await runCli("f3", "export", "--repo", repo, "-o", out, "--json");
    expect(exported).toMatchObject({ code: 0, events: [{ first: 0, latest: 63, bytes: data.length, cid: facts.cid }] });
    expect(readFileSync(out).equals(data)).toBe(true);
    const piped = await runCli("f3", "export", "--repo", repo, "-o", "-", "--latest", "9");
    const nine = await runCliOn([piped.bytes], "f3", "verify", "-", "--manifest", manifest, "--json");
    expect(nine.events[0]).toMatchObject({ latest: 9, certificates: 10 });
    expect((await runCli("f3", "export", "--repo", repo, "-o", out)).code).toBe(2);
    expect((await runCli("f3", "export", "--repo", repo, "-o", out, "--force")).code).toBe(0);
    expect((await runCli("f3", "export", "--repo", repo, "--latest", "64", "-o", path("late"))).code).toBe(6);

    for (const source of [["--repo", repo], [files[1] as string]]) {
      for (const instance of [0, 1, 37, 63]) {
        const shown = await runCli("f3", "table", ...source, "--instance", String(instance), "--json");
        const cid = facts.certificates[instance]?.powerTable;
        expect(shown.events[0]).toMatchObject({ instance, cid, verified: source.length === 2 });
      }
      const next = await runCli("f3", "table", ...source, "--json");
      expect(next.events[0]).toMatchObject({ instance: 64, cid: last?.nextPowerTable });
      const { table, members } = next.events[0] as {
        table: { ID: number; Power: string; PubKey: string }[];
        members: number;
      };
      expect(table.length).toBe(members);
      expect(Buffer.from(table[0]?.PubKey ?? "", "base64").length).toBe(48);
      expect((await runCli("f3", "table", ...source, "--instance", "65")).code).toBe(6);
      expect((await runCli("f3", "table", ...source, "--instance", "x")).code).toBe(2);
      const text = (await runCli("f3", "table", ...source, "--instance", "0")).out;
      expect(text).toMatch(/^power table of instance 0: bafy\w+, 40 members, power \d+\nf0\d+ \d+ [0-9a-f]{96}\n/);
    }
  });

  it("import leaves nothing of what is wrong, and says what is in the way", async () => {
    const repo = path("other-repo");
    const network = ["--network", localNetwork(), "--repo", repo, "--workers", "1"];
    const wrong = Uint8Array.from(data);
    wrong[69_000] = (wrong[69_000] as number) ^ 1;
    writeFileSync(path("late-wrong"), wrong);
    expect((await runCli("f3", "import", path("late-wrong"), ...network)).code).toBe(3);
    for (const command of ["export", "table"]) {
      const { code, err } = await runCli("f3", command, "--repo", repo);
      expect([code, err]).toEqual([6, "copse: a finality certificate is not in this repository\n"]);
    }
    expect((await runCli("f3", "export", "--repo", path("nowhere"))).code).toBe(6);
    expect((await runCli("f3", "import", files[0] as string, ...network)).code).toBe(0);
    const mainnet = await runCli("f3", "import", files[0] as string, "--network", "mainnet", "--repo", repo);
    expect(mainnet.code).toBe(2);
    const text = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
    writeFileSync(path("renamed.json"), JSON.stringify({ ...text, NetworkName: "renamed" }));
    const renamed = await runCli("f3", "import", files[0] as string, ...network, "--manifest", path("renamed.json"));
    expect(renamed.code).toBe(2);
  });

  it("export takes no name that another has taken meanwhile", async () => {
    const repo = path("repo");
    const out = path("taken.f3snap");
    const running = startCli("f3", "export", "--repo", repo, "-o", out);
    writeFileSync(out, "theirs");
    expect((await running.done).code).toBe(2);
    expect(readFileSync(out, "utf8")).toBe("theirs");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("stops when told to, and goes on with what was verified", async () => {
    const repo = path("stopped-repo");
    const network = ["--network", localNetwork(), "--repo", repo, "--workers", "1"];
    for (const command of [["info"], ["verify", "--manifest", manifest], ["import", ...network]]) {
      let asked = (): void => {};
      const waits = new Promise<void>((resolve) => {
        asked = resolve;
      });
      let isFirst = true;
      const silent = new Readable({
        read() {
          if (isFirst) this.push(data.subarray(0, 40_000));
          else asked();
          isFirst = false;
        },
      });
      const running = startCliOn(silent, "f3", command[0] as string, "-", ...command.slice(1));
      await waits;
      running.stop();
      expect((await running.done).code, command[0]).toBe(130);
    }
    // As a signal leaves it that comes after some batches.
    const stop = new AbortController();
    const database = await openLmdbDatabase(join(repo, "chain.mdb"), {});
    const begun = importF3Snapshot(data, rowsAsStore(database, "f3"), {
      manifest: parseManifest(readFileSync(manifest, "utf8")),
      check: checkHere((length) => crypto.getRandomValues(new Uint8Array(length))),
      batch: 16,
      resumable: true,
      signal: stop.signal,
      onProgress: ({ instance }) => instance > 40 && stop.abort(new Error("enough")),
    });
    await expect(begun).rejects.toMatchObject({ code: "host/aborted" });
    await database.close();
    expect((await runCli("f3", "export", "--repo", repo)).code).toBe(6); // nobody sees it
    const { code, out } = await runCli("f3", "import", files[0] as string, ...network);
    expect(code).toBe(0);
    expect(out).toMatch(/verified: (16|32) now, (48|32) by an import that was stopped/);
  });
});
