import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryDatabase } from "@copse/blockstore";
import type { CarEntry } from "@copse/car";
import { saveCarFile } from "@copse/car/node";
import { cidOf } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importCar } from "../src/import-car.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-import-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Small DAG-CBOR blocks: byte strings, each another. */
const blocks = Array.from({ length: 50 }, (_, i): CarEntry => {
  const bytes = Uint8Array.of(0x42, i, 7);
  return { cid: cidOf(bytes), bytes };
});
const cid = (i: number): Uint8Array => (blocks[i] as CarEntry).cid;
const fails = (file: string, database = createMemoryDatabase(), signal?: AbortSignal): Promise<unknown> =>
  importCar(file, database, () => {}, signal === undefined ? {} : { signal }).then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );

describe("importCar", () => {
  it("takes every block, of a plain file and a compressed one, and the roots as the head", async () => {
    for (const zstdLevel of [undefined, 1]) {
      const file = join(dir, `whole-${zstdLevel}.car`);
      await saveCarFile(file, [cid(3), cid(4)], blocks, zstdLevel === undefined ? {} : { zstdLevel });
      const database = createMemoryDatabase();
      const batches: number[] = [];
      const imported = await importCar(file, database, (count) => batches.push(count));
      expect(imported).toMatchObject({ file, blocks: 50, bytes: 150 });
      expect(TipsetKey.cidBytes(imported.head)).toEqual([cid(3), cid(4)]);
      expect(batches).toEqual([50]);
      for (const block of blocks) expect(database.blocks.getSync(block.cid)).toEqual(block.bytes);
    }
  });

  it("refuses a file that names no root", async () => {
    const file = join(dir, "rootless.car");
    await saveCarFile(file, [], blocks);
    expect(await fails(file)).toMatchObject({ code: "copse/import-empty", facts: { file } });
  });

  it("refuses a file whose root is not among its blocks, and names it", async () => {
    const file = join(dir, "headless.car");
    await saveCarFile(file, [cid(0), cid(49)], blocks.slice(0, 49));
    const error = (await fails(file)) as Error;
    expect(error).toMatchObject({ code: "car/root-missing" });
    expect(error.message).toContain("bafy2bzace");
  });

  it("refuses a block that does not match its CID, and a file that is cut, and says where", async () => {
    const file = join(dir, "damaged.car");
    await saveCarFile(file, [cid(0)], blocks);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = 99;
    writeFileSync(file, bytes);
    expect(await fails(file)).toMatchObject({ code: "car/block-mismatch", facts: { section: expect.any(Number) } });
    writeFileSync(file, bytes.subarray(0, bytes.length - 2));
    expect(await fails(file)).toMatchObject({ code: "car/cut" });
    writeFileSync(file, "");
    expect(await fails(file)).toMatchObject({ code: expect.stringMatching(/^car\//) });
  });

  it("fails as the machine does where there is no file, and stops when it is told", async () => {
    expect(await fails(join(dir, "absent.car"))).toMatchObject({ code: "host/store-failed" });
    const file = join(dir, "stopped.car");
    await saveCarFile(file, [cid(0)], blocks);
    const stopped = AbortSignal.abort(new Error("Ctrl-C"));
    expect(await fails(file, createMemoryDatabase(), stopped)).toMatchObject({ code: "host/aborted" });
  });
});
