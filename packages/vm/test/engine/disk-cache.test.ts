import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { cidOf, toCid } from "@copse/ipld";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { diskModuleCache, modulesFolder } from "../../src/node.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { preparedVersion } from "../../src/wasm/prepared-codec.ts";
import { build } from "../wasm/build.ts";

let folder = "";
let troubles: string[] = [];
const onTrouble = (trouble: string): void => void troubles.push(trouble);
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "copse-modules-")), "modules");
  troubles = [];
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const wasm = (pages: number): Uint8Array =>
  build({ types: [[[], []]], functions: [{ type: 0, code: [] }], memory: [pages], exports: [["memory", 2, 0]] });
const codes = [1, 2, 3].map((pages) => ({ code: cidOf(wasm(pages)), module: prepare(wasm(pages), "0.4.0") }));
const [one, two, three] = codes as [(typeof codes)[0], (typeof codes)[0], (typeof codes)[0]];
const only = (): string => join(folder, readdirSync(folder)[0] as string);

describe("modules kept on disk", () => {
  it("are there for the next process, by code and rules", () => {
    diskModuleCache({ folder, onTrouble }).set(one.code, "0.4.0", one.module);
    const cache = diskModuleCache({ folder, onTrouble });
    expect(cache.get(one.code, "0.4.0")).toEqual(one.module);
    expect(cache.get(one.code, "0.2.0")).toBeUndefined();
    expect(cache.get(two.code, "0.4.0")).toBeUndefined();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(only()).mode & 0o777).toBe(0o600);
    expect(troubles).toEqual([]);
  });

  it("spare an engine the preparation, and the code", () => {
    const store = { getSync: () => wasm(1) };
    const cache = diskModuleCache({ folder, onTrouble });
    const { shape } = new Engine({ cache }).load(one.code, 4, store);
    expect(new Engine({ cache }).load(one.code, 4, { getSync: () => undefined }).shape).toEqual(shape);
  });

  it("are made anew where they are damaged or cut at any place", () => {
    const cache = diskModuleCache({ folder, onTrouble });
    cache.set(one.code, "0.4.0", one.module);
    const whole = readFileSync(only());
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(only(), damaged);
      expect(cache.get(one.code, "0.4.0")).toBeUndefined();
      writeFileSync(only(), whole);
      truncateSync(only(), at);
      expect(cache.get(one.code, "0.4.0")).toBeUndefined();
    }
    cache.set(one.code, "0.4.0", one.module);
    expect(cache.get(one.code, "0.4.0")).toEqual(one.module);
  });

  it("are not taken for other code's, nor through links, nor from where others may write", () => {
    const cache = diskModuleCache({ folder, onTrouble });
    cache.set(one.code, "0.4.0", one.module);
    const first = only();
    cache.set(two.code, "0.4.0", two.module);
    const second = join(folder, readdirSync(folder).find((name) => join(folder, name) !== first) as string);
    renameSync(first, second);
    expect(cache.get(two.code, "0.4.0")).toBeUndefined();
    renameSync(second, first);
    expect(cache.get(one.code, "0.4.0")).toEqual(one.module);
    chmodSync(first, 0o666);
    expect(cache.get(one.code, "0.4.0")).toBeUndefined();
    chmodSync(first, 0o600);
    renameSync(first, join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), first);
    expect(cache.get(one.code, "0.4.0")).toBeUndefined();
  });

  it("stay within a bound: what is longest unused goes, with litter, and nothing that is not ours", () => {
    const cache = diskModuleCache({ folder, onTrouble });
    cache.set(one.code, "0.4.0", one.module);
    const { size } = statSync(only());
    const old = new Date(Date.now() - 7_200_000);
    utimesSync(only(), old, old);
    writeFileSync(`${only()}.0123456789ab.tmp`, "litter");
    utimesSync(`${only()}.0123456789ab.tmp`, old, old);
    writeFileSync(join(folder, "notes.txt"), "not ours");
    const bounded = diskModuleCache({ folder, maxBytes: 2 * size + 8, onTrouble });
    bounded.set(two.code, "0.4.0", two.module);
    expect(bounded.get(one.code, "0.4.0")).toEqual(one.module); // marks it as used
    utimesSync(join(folder, `${toCid(two.code)}.0.4.0.v${preparedVersion}.module`), old, old);
    bounded.set(three.code, "0.4.0", three.module);
    expect(bounded.get(two.code, "0.4.0")).toBeUndefined();
    expect(bounded.get(one.code, "0.4.0")).toEqual(one.module);
    expect(bounded.get(three.code, "0.4.0")).toEqual(three.module);
    expect(readdirSync(folder)).toHaveLength(3);
    expect(troubles).toEqual([]);
  });

  it("are made again where nothing can be written or read, and somebody is told", () => {
    writeFileSync(folder, "a file in the place of the folder");
    const cache = diskModuleCache({ folder, onTrouble });
    cache.set(one.code, "0.4.0", one.module);
    expect(cache.get(one.code, "0.4.0")).toBeUndefined();
    expect(troubles).toEqual([
      expect.stringMatching(/^a prepared module is not kept: (EEXIST|ENOTDIR)/),
      expect.stringMatching(/^a prepared module is made anew: ENOTDIR/),
    ]);
    expect(() => diskModuleCache({ folder }).set(one.code, "0.4.0", one.module)).not.toThrow();
  });

  it("come whole out of processes that write at the same time and are killed", async () => {
    const file = new URL("./disk-cache-writer.ts", import.meta.url).pathname;
    const writers = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ["--conditions=@copse/source", file, folder], { stdio: ["ignore", "pipe", "inherit"] }),
    );
    try {
      await Promise.all(writers.map(({ stdout }) => once(stdout, "data")));
      const cache = diskModuleCache({ folder, onTrouble });
      const isWhole = (): boolean => {
        const bytes = cache.get(cidOf(wasm(9)), "0.4.0")?.bytes;
        return bytes?.length === 1_000_000 && bytes.every((byte) => byte === 7);
      };
      for (const writer of writers) {
        for (let reads = 0; reads < 5; reads++) expect(isWhole()).toBe(true);
        writer.kill("SIGKILL");
        await once(writer, "exit");
      }
      expect(isWhole()).toBe(true);
      expect(troubles).toEqual([]);
    } finally {
      for (const writer of writers) writer.kill("SIGKILL");
    }
  });
});

it("the folder is where the environment says, or in the house, or nowhere", () => {
  expect(modulesFolder({ COPSE_MODULES_DIR: "/elsewhere" })).toBe("/elsewhere");
  expect(modulesFolder({})).toBe(join(homedir(), ".cache/copse/modules"));
  expect(modulesFolder({ COPSE_MODULES_DIR: "" })).toBe(join(homedir(), ".cache/copse/modules"));
  expect(modulesFolder({ COPSE_MODULES_DIR: "none" })).toBeUndefined();
});
