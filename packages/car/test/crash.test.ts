import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cidOf } from "@copse/ipld";
import { HostFault } from "@copse/primitives";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CarEntry } from "../src/index.ts";
import { saveCarFile, saveCarIndex, saveForestCar } from "../src/node.ts";

const block = { cid: cidOf(new Uint8Array(2000)), bytes: new Uint8Array(2000) };
const writers: Record<
  string,
  (path: string, blocks: AsyncIterable<CarEntry>, signal?: AbortSignal) => Promise<number>
> = {
  CARv1: (path, blocks, signal) => saveCarFile(path, [], blocks, { signal }),
  "CARv2 with an index": (path, blocks, signal) => saveCarFile(path, [], blocks, { version: 2, index: {}, signal }),
  "CARv1 as zstd": (path, blocks, signal) => saveCarFile(path, [], blocks, { zstdLevel: 1, signal }),
  ".forest.car.zst": (path, blocks, signal) => saveForestCar(path, [], blocks, { signal }),
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "copse-crash-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.keys(writers))("%s", (name) => {
  const write = writers[name] as (typeof writers)[string];

  it("keeps the old file and leaves nothing when its blocks fail, or when it is stopped", async () => {
    const path = join(folder, "kept.car");
    await writeFile(path, "the old file");
    async function* failing(): AsyncGenerator<CarEntry> {
      for (let i = 0; i < 600; i++) yield block;
      throw new HostFault("host/store-failed", { operation: "read", reason: "the disk is gone" });
    }
    await expect(write(path, failing())).rejects.toMatchObject({ code: "host/store-failed" });
    const stop = new AbortController();
    async function* stopping(): AsyncGenerator<CarEntry> {
      for (let i = 0; i < 600; i++) {
        if (i === 500) stop.abort(new Error("enough"));
        yield block;
      }
    }
    await expect(write(path, stopping(), stop.signal)).rejects.toMatchObject({ code: "host/aborted" });
    expect(await readFile(path, "utf8")).toBe("the old file");
    expect(await readdir(folder)).toEqual(["kept.car"]);
  });

  it("keeps the old file when the process is killed in the middle", async () => {
    const own = await mkdtemp(join(folder, "killed-"));
    const path = join(own, "kept.car");
    await writeFile(path, "the old file");
    const script = fileURLToPath(new URL("./write-forever.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=@copse/source", script, name, path], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TMPDIR: own },
    });
    await once(child.stdout, "data"); // it is in the middle now
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await readFile(path, "utf8")).toBe("the old file");
    // The half file has a name of its own; what the sort had put aside has none.
    const [kept, half, ...more] = (await readdir(own)).sort();
    expect([kept, more]).toEqual(["kept.car", []]);
    expect(half).toMatch(/^kept\.car\.[0-9a-f]{12}\.tmp$/);
    async function* two(): AsyncGenerator<CarEntry> {
      yield block;
    }
    await write(path, two()); // and is no obstacle
    expect((await readdir(own)).sort()).toEqual([kept, half]);
    await rm(own, { recursive: true });
  });

  it("leaves alone what is beside the file, whatever its name", async () => {
    const own = await mkdtemp(join(folder, "beside-"));
    const path = join(own, "made.car");
    await writeFile(`${path}.tmp`, "perhaps what is read");
    async function* one(): AsyncGenerator<CarEntry> {
      yield block;
    }
    await Promise.all([write(path, one()), write(path, one())]);
    expect(await readFile(`${path}.tmp`, "utf8")).toBe("perhaps what is read");
    expect((await readdir(own)).sort()).toEqual(["made.car", "made.car.tmp"]);
    await rm(own, { recursive: true });
  });

  it("does not take the place of what is no file", async () => {
    const own = await mkdtemp(join(folder, "no-file-"));
    async function* one(): AsyncGenerator<CarEntry> {
      yield block;
    }
    const listening = createServer().listen(join(own, "there"));
    await once(listening, "listening");
    for (const path of [join(own, "there"), own]) {
      await expect(write(path, one())).rejects.toMatchObject({ code: "host/store-failed" });
    }
    expect(await readdir(own)).toEqual(["there"]);
    listening.close();
    await once(listening, "close");
    await rm(own, { recursive: true });
  });
});

describe("an index of its own", () => {
  it("is not written where the CAR is none", async () => {
    await writeFile(join(folder, "none.car"), "no CAR");
    await expect(saveCarIndex(join(folder, "none.idx"), join(folder, "none.car"))).rejects.toMatchObject({
      name: "CarError",
    });
    expect(await readdir(folder)).not.toContain("none.idx");
  });
});
