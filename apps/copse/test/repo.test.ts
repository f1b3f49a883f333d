import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@copse/primitives";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openRepo, readRepo, runningApi } from "../src/repo.ts";

const about = { network: "mainnet", genesis: "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2" };
let base: string;
let dir: string;
let deadPid: number;
let n = 0;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "copse-repo-"));
  deadPid = spawnSync(process.execPath, ["--version"]).pid;
});
beforeEach(() => {
  dir = join(base, `repo-${n++}`);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));
const lockFile = (): string => join(dir, "node.lock");

describe("openRepo", () => {
  it("makes a repository where there is none, and says what it holds", async () => {
    const repo = await openRepo(dir, about);
    expect(JSON.parse(readFileSync(join(dir, "repo.json"), "utf8"))).toEqual(about);
    expect(readFileSync(lockFile(), "utf8")).toBe(String(process.pid));
    await repo.close();
    expect(existsSync(lockFile())).toBe(false);
  });

  it("keeps what is committed", async () => {
    const first = await openRepo(dir, about);
    await first.database.commit({ rows: [{ table: "t", key: utf8("k"), value: utf8("v") }] });
    await first.close();
    const second = await openRepo(dir, about);
    expect(second.database.rows("t").get(utf8("k"))).toEqual(utf8("v"));
    await second.close();
  });

  it("refuses a second opener, by any name of the folder, and leaves the first alone", async () => {
    const first = await openRepo(dir, about);
    for (const name of [dir, `${dir}/.`, join(dir, "..", dir.split("/").at(-1) as string)]) {
      await expect(openRepo(name, about)).rejects.toMatchObject({ code: "host/store-failed" });
    }
    expect(existsSync(lockFile())).toBe(true);
    await first.close();
    await (await openRepo(dir, about)).close();
  });

  it("refuses while another process lives that holds it", async () => {
    mkdirSync(dir);
    writeFileSync(lockFile(), String(process.ppid));
    await expect(openRepo(dir, about)).rejects.toMatchObject({
      code: "host/store-failed",
      message: expect.stringContaining(`process ${process.ppid}`),
    });
    expect(readFileSync(lockFile(), "utf8")).toBe(String(process.ppid));
  });

  it("takes over what a killed process left, though it had our process id or died while it wrote", async () => {
    mkdirSync(dir);
    for (const left of [String(deadPid), String(process.pid), "", "nonsense", "-1"]) {
      writeFileSync(lockFile(), left);
      const repo = await openRepo(dir, about);
      expect(readFileSync(lockFile(), "utf8"), left).toBe(String(process.pid));
      await repo.close();
    }
  });

  it("refuses another network's repository, and lets go of it", async () => {
    await (await openRepo(dir, about)).close();
    const other = { network: "calibnet", genesis: "bafy2bzaceother" };
    await expect(openRepo(dir, other)).rejects.toMatchObject({
      code: "copse/repo-other-network",
      facts: { repo: dir, found: "mainnet", expected: "calibnet" },
    });
    expect(existsSync(lockFile())).toBe(false);
    await (await openRepo(dir, { ...about, network: "the same, by another name" })).close();
  });

  it("refuses a folder that cannot be made, and one whose description is broken", async () => {
    const file = join(base, `file-${n}`);
    writeFileSync(file, "");
    await expect(openRepo(join(file, "repo"), about)).rejects.toMatchObject({ code: "host/store-failed" });
    mkdirSync(dir);
    for (const text of ["", "{", "{}", '{"network":5,"genesis":"x"}']) {
      writeFileSync(join(dir, "repo.json"), text);
      await expect(openRepo(dir, about), text).rejects.toMatchObject({ code: "host/store-failed" });
      expect(existsSync(lockFile())).toBe(false);
    }
  });

  it("makes a private key once, for its owner alone", async () => {
    const first = await openRepo(dir, about);
    expect(first.identity(() => Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(first.identity(() => Uint8Array.of(9))).toEqual(Uint8Array.of(1, 2, 3));
    expect(statSync(join(dir, "identity.key")).mode & 0o777).toBe(0o600);
    await first.close();
    const second = await openRepo(dir, about);
    expect(second.identity(() => Uint8Array.of(9))).toEqual(Uint8Array.of(1, 2, 3));
    await second.close();
  });
});

describe("readRepo", () => {
  it("refuses where there is none, and makes none", async () => {
    await expect(readRepo(dir)).rejects.toMatchObject({ code: "copse/repo-missing", facts: { repo: dir } });
    expect(existsSync(dir)).toBe(false);
  });

  it("reads while a node writes", async () => {
    const repo = await openRepo(dir, about);
    await repo.database.commit({ rows: [{ table: "t", key: utf8("k"), value: utf8("v") }] });
    const read = await readRepo(dir);
    expect(read.about).toEqual(about);
    expect(read.database.rows("t").get(utf8("k"))).toEqual(utf8("v"));
    await read.database.close();
    await repo.close();
  });

  it("knows a network that a file described, when that file is gone", async () => {
    const file = join(base, "made-up.json");
    writeFileSync(file, '{"name":"made up"}');
    await (await openRepo(dir, { ...about, network: file })).close();
    rmSync(file);
    const read = await readRepo(dir);
    await read.database.close();
    expect(readFileSync(read.about.network, "utf8")).toBe('{"name":"made up"}');
    await (await openRepo(dir, { ...about, network: file })).close();
  });
});

describe("runningApi", () => {
  it("tells where the node answers while it runs, and nothing after", async () => {
    expect(runningApi(dir)).toBeUndefined();
    const repo = await openRepo(dir, about);
    expect(runningApi(dir)).toBeUndefined();
    repo.publishApi("http://127.0.0.1:4321");
    expect(runningApi(dir)).toBe("http://127.0.0.1:4321");
    await repo.close();
    expect(runningApi(dir)).toBeUndefined();
  });

  it("takes no word of a process that is dead, or that was cut short", () => {
    mkdirSync(dir);
    writeFileSync(join(dir, "api.json"), JSON.stringify({ url: "http://x", pid: deadPid }));
    expect(runningApi(dir)).toBeUndefined();
    writeFileSync(join(dir, "api.json"), '{"url":"http://x"');
    expect(runningApi(dir)).toBeUndefined();
  });
});
