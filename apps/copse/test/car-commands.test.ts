import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { decodeCar, encodeCar } from "@copse/car";
import { decompressZstd, openCarStore, saveForestCar } from "@copse/car/node";
import { cidOf, toCid } from "@copse/ipld";
import { dataFile, describeData, readData } from "@copse/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli, runCliOn, startCli, startCliOn } from "./run-cli.ts";

const plainName = "chain/mainnet-chain4.car";
const names = [plainName, "chain/mainnet-chain4.car.zst", "chain/mainnet-chain4.forest.car.zst"];
const head = "bafy2bzacedjrqan2fwfvhfopi64yickki7miiksecglpeiavf7xueytnzevlu";

describeData("copse car", [...names, "chain/mainnet-export40.car"], () => {
  let folder = "";
  const path = (name: string): string => join(folder, name);
  const data = (name: string): string => dataFile(name) as string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "copse-car-cli-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("compress writes a .forest.car.zst with the plain file in it, from which blocks are read in place", async () => {
    const output = path("made.forest.car.zst");
    const { code, events } = await runCli("car", "compress", data(plainName), "-o", output, "--json");
    expect({ code, events }).toMatchObject({ code: 0, events: [{ file: output, format: "forest", blocks: 1222 }] });
    const chunks: Uint8Array[] = [];
    for await (const chunk of decompressZstd(readFileSync(output))) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(readData(plainName))).toBe(true);
    await using store = await openCarStore(output);
    for (const { cid, bytes } of decodeCar(readData(plainName)).blocks) {
      expect(Buffer.compare(store.getSync(cid) as Uint8Array, bytes)).toBe(0);
    }
  });

  it("does not write over a file that is there, unless told", async () => {
    const output = path("there.car");
    writeFileSync(output, "x");
    for (const command of ["concat", "compress", "decompress", "index", "salvage"]) {
      expect((await runCli("car", command, data(plainName), "-o", output)).code, command).toBe(2);
    }
    expect(readFileSync(output, "utf8")).toBe("x");
    const { code } = await runCli("car", "decompress", data(plainName), "-o", output, "--force");
    expect(code).toBe(0);
    expect(readFileSync(output).equals(readData(plainName))).toBe(true);
  });

  it("does not write over a file that comes while it works, unless told", async () => {
    const file = readData(plainName);
    for (const [i, format] of ["car", "car2", "zst", "forest"].entries()) {
      for (const isForced of [false, true]) {
        const output = path(`meanwhile-${i}-${isForced}.car`);
        async function* late(): AsyncGenerator<Uint8Array> {
          yield file.subarray(0, 500_000);
          writeFileSync(output, "theirs");
          yield file.subarray(500_000);
        }
        const force = isForced ? ["--force"] : [];
        const command = ["car", "concat", "-", "-o", output, "--format", format, ...force];
        const { code } = await startCliOn(Readable.from(late()), ...command).done;
        expect(code, format).toBe(isForced ? 0 : 2);
        expect(readFileSync(output, "utf8") === "theirs", format).toBe(!isForced);
      }
    }
  });

  it("info tells kind, roots and index without going over the file", async () => {
    const kinds = ["CARv1", "CARv1.zst", "ForestCARv1.zst"];
    for (const [i, name] of names.entries()) {
      const { events } = await runCli("car", "info", data(name), "--json");
      expect(events[0]).toMatchObject({ kind: kinds[i], version: 1, roots: [head] });
    }
    const { out } = await runCli("car", "info", data(names[2] as string));
    expect(out).toContain("kind: ForestCARv1.zst");
    expect(out).toContain(`roots: ${head}`);
  });

  it("verify ends with 0 for a good file, with 3 and what is wrong for another", async () => {
    for (const name of names) {
      const { code, events } = await runCli("car", "verify", data(name), "--json");
      expect({ code, events }).toMatchObject({ code: 0, events: [{ blocks: 1222, isGood: true, badBlocks: 0 }] });
    }
    const damaged = Uint8Array.from(readData(plainName));
    damaged[500_000] = (damaged[500_000] as number) ^ 1;
    writeFileSync(path("damaged.car"), damaged);
    const { code, events } = await runCli("car", "verify", path("damaged.car"), "--json");
    expect({ code, events }).toMatchObject({ code: 3, events: [{ badBlocks: 1, faults: [{ why: "mismatch" }] }] });
  });

  it("ls lists every block, of files and of standard input", async () => {
    const { blocks } = decodeCar(readData(plainName));
    const expected = blocks.map(({ cid, bytes, offset }) => `${toCid(cid)} ${bytes.length} ${offset}\n`).join("");
    for (const name of names) expect((await runCli("car", "ls", data(name))).bytes.toString()).toBe(expected);
    const piped = await runCliOn([readData(names[1] as string)], "car", "ls", "-", "--json");
    const rows = piped.bytes.toString().trim().split("\n");
    expect(rows.length).toBe(1222);
    expect(JSON.parse(rows[0] as string)).toEqual({ cid: head, bytes: 894, offset: 61 });
  });

  it("get writes a block's bytes, whatever the file is; what is absent ends with 6", async () => {
    const { blocks } = decodeCar(readData(plainName));
    const block = blocks[777] as (typeof blocks)[number];
    const cid = toCid(block.cid).toString();
    for (const name of names) {
      expect((await runCli("car", "get", data(name), cid)).bytes.equals(block.bytes), name).toBe(true);
    }
    const piped = await runCliOn([readData(names[2] as string)], "car", "get", "-", cid, "--json");
    expect(piped.events[0]).toEqual({ cid, bytes: Buffer.from(block.bytes).toString("base64") });
    const absent = toCid(cidOf(Uint8Array.of(0x83, 7, 7, 7))).toString();
    for (const name of names) expect((await runCli("car", "get", data(name), absent)).code, name).toBe(6);
    expect((await runCli("car", "get", data(plainName), "bafyX")).code).toBe(2);
  });

  it("index makes the index of its own that get uses, and one in a CARv2", async () => {
    const idx = path("own.idx");
    expect((await runCli("car", "index", data(plainName), "-o", idx, "--kind", "sorted")).code).toBe(0);
    expect((await runCli("car", "get", data(plainName), head, "--index", idx)).bytes.length).toBe(894);
    const attached = path("attached.car");
    const made = await runCli("car", "index", data(names[1] as string), "--attach", "-o", attached, "--json");
    expect(made.events[0]).toMatchObject({ format: "car2", blocks: 1222 });
    const { events } = await runCli("car", "verify", attached, "--json");
    expect(events[0]).toMatchObject({ kind: "CARv2", isGood: true, index: { state: "same" } });
    expect((await runCli("car", "index", data(plainName), "--kind", "b-tree")).code).toBe(2);
    const piped = await runCli("car", "index", data(plainName), "--attach", "-o", "-");
    expect(piped).toMatchObject({ code: 2, bytes: Buffer.alloc(0) }); // a CARv2 tells its size first
    expect((await runCli("car", "index", data(plainName), "-o", "-")).code).toBe(2);
  });

  it("concat puts files of any kind together, each block once", async () => {
    const inputs = [names[2] as string, "chain/mainnet-export40.car", plainName].map(data);
    const output = path("both.car.zst");
    const { code, events } = await runCli("car", "concat", ...inputs, "-o", output, "--json");
    expect({ code, events }).toMatchObject({ code: 0, events: [{ format: "zst", blocks: 1581 }] });
    const piped = await runCliOn([readData(plainName)], "car", "concat", "-", "-o", "-");
    expect(piped.bytes.equals(readData(plainName))).toBe(true);
  });

  it("filter keeps what a root reaches, or blocks of a codec", async () => {
    const { blocks } = decodeCar(readData(plainName));
    const root = toCid((blocks[1] as (typeof blocks)[number]).cid).toString();
    const some = path("some.car");
    for (const name of names) {
      const { code } = await runCli("car", "filter", data(name), "--root", root, "-o", some, "--force");
      expect(code, name).toBe(0);
    }
    const kept = decodeCar(readFileSync(some));
    expect(kept.roots.map((cid) => toCid(cid).toString())).toEqual([root]);
    expect(kept.blocks.length).toBeGreaterThan(1);
    expect(kept.blocks.length).toBeLessThan(1222);
    const absent = toCid(cidOf(Uint8Array.of(0x60))).toString();
    const lacking = ["car", "filter", data(plainName), "--root", root, "--root", absent, "-o", path("lacking.car")];
    expect((await runCli(...lacking)).code).toBe(6);
    const none = await runCli("car", "filter", data(plainName), "--codec", "raw", "-o", path("raw.car"), "--json");
    expect(none.events[0]).toMatchObject({ blocks: 0 });
    expect((await runCli("car", "filter", data(plainName))).code).toBe(2);
    expect((await runCli("car", "filter", data(plainName), "--root", "bafyX")).code).toBe(2);
  });

  it("salvage saves what is good and ends with 3 where something is lost", async () => {
    writeFileSync(path("cut.zst"), readData(names[2] as string).subarray(0, 300_000));
    const saved = path("saved.car");
    const { code, err } = await runCli("car", "salvage", path("cut.zst"), "-o", saved);
    expect(code).toBe(3);
    expect(err).toMatch(/^lost: \d+ B at byte \d+: /m);
    expect((await runCli("car", "verify", saved)).code).toBe(0);
    expect((await runCli("car", "salvage", data(plainName), "-o", path("whole.car"))).code).toBe(0);
  });

  it("ends as it would where nobody reads what it says", async () => {
    writeFileSync(path("cut.car"), readData(plainName).subarray(0, 500_000));
    const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
    const args = ["--conditions=@copse/source", main, "car", "salvage", path("cut.car"), "-o", path("unheard.car")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.destroy();
    expect((await once(child, "exit"))[0]).toBe(3);
  });

  it("leaves nothing where it is stopped, or where a block is bad", async () => {
    const before = readdirSync(folder);
    const running = startCli("car", "compress", data(plainName), "-o", path("stopped.forest.car.zst"));
    running.stop();
    expect((await running.done).code).toBe(130);
    const damaged = encodeCar([], decodeCar(readData(plainName)).blocks);
    damaged[500_000] = (damaged[500_000] as number) ^ 1;
    const bad = path("bad.car");
    writeFileSync(bad, damaged);
    const { code, err } = await runCli("car", "compress", bad, "-o", path("bad.forest.car.zst"));
    expect(code).toBe(3);
    expect(err).toMatch(/do not hash/);
    expect(readdirSync(folder).filter((name) => !before.includes(name))).toEqual([basename(bad)]);
  });

  it("get reads a block in place as long as the F3 data of a snapshot", async () => {
    const bytes = new Uint8Array(65 << 20);
    const cid = toCid(cidOf(bytes)).toString();
    const long = path("long.forest.car.zst");
    await saveForestCar(long, [], [{ cid: cidOf(bytes), bytes }], { limits: { sectionBytes: 66 << 20 } });
    const got = await runCli("car", "get", long, cid);
    expect({ code: got.code, length: got.bytes.length }).toEqual({ code: 0, length: bytes.length });
  });

  it("stops waiting for standard input when told to", async () => {
    for (const rest of [
      ["compress", "-", "-o", path("never.forest.car.zst")],
      ["ls", "-"],
      ["get", "-", head],
    ]) {
      let asked = (): void => {};
      const waits = new Promise<void>((resolve) => {
        asked = resolve;
      });
      const silent = new Readable({ read: () => asked() });
      const running = startCliOn(silent, "car", ...rest);
      await waits;
      running.stop();
      expect((await running.done).code, rest[0]).toBe(130);
    }
  });

  it("says which file it cannot open", async () => {
    for (const command of ["info", "verify", "ls", "compress", "salvage"]) {
      const { code, err } = await runCli(
        "car",
        command,
        path("none.car"),
        ...(command === "salvage" ? ["-o", path("n")] : []),
      );
      expect(code, command).toBe(5);
      expect(err).toContain("none.car");
    }
    const device = await runCli("car", "verify", "/dev/null");
    expect(device.code).toBe(5);
    expect(device.err).toContain("standard input takes it");
    writeFileSync(path("text.car"), "this is no CAR file");
    expect((await runCli("car", "verify", path("text.car"))).code).toBe(3);
  });
});
