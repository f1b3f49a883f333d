import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toCid } from "@copse/ipld";
import { LevelBlockstore } from "blockstore-level";
import { afterAll, expect, it } from "vitest";
import { sampleBlock, sampleBlocks } from "../../src/compliance/rules.ts";
import { type LevelEngine, openLevelDatabase, openMirroredLevelDatabase } from "../../src/level.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-level-faults-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => join(folder, String(count++));

it("a folder that is open already is a host fault", async () => {
  const path = fresh();
  await using _ = await openLevelDatabase(path);
  await expect(openLevelDatabase(path)).rejects.toMatchObject({ code: "host/store-failed", name: "HostFault" });
});

it("a folder that cannot be made is a host fault", async () => {
  const path = fresh();
  writeFileSync(path, "a file");
  await expect(openLevelDatabase(join(path, "under"))).rejects.toMatchObject({ code: "host/store-failed" });
});

it("a damaged database is a host fault", async () => {
  const path = fresh();
  const first = await openLevelDatabase(path);
  await first.blocks.putManyBytes(sampleBlocks(1, 100));
  await first.close();
  for (const name of readdirSync(path).filter((file) => file.startsWith("MANIFEST"))) {
    writeFileSync(join(path, name), "nonsense".repeat(20));
  }
  await expect(openLevelDatabase(path)).rejects.toMatchObject({ code: "host/store-failed", name: "HostFault" });
});

it("a database of somebody else is left alone", async () => {
  const path = fresh();
  const theirs = new LevelBlockstore(path);
  await theirs.open();
  const [cid, bytes] = sampleBlock(1);
  await theirs.put(toCid(cid), bytes);
  await theirs.close();
  await expect(openLevelDatabase(path)).rejects.toMatchObject({ code: "blockstore/layout-unknown" });
  await theirs.open();
  expect(await theirs.has(toCid(cid))).toBe(true);
  await theirs.close();
});

it("what was committed is there again, mirrored or not", async () => {
  const path = fresh();
  const blocks = sampleBlocks(1, 50);
  const rows = [{ table: "a", key: Uint8Array.of(0, 1, 0), value: Uint8Array.of(9) }];
  const first = await openMirroredLevelDatabase(path);
  first.commitSync({ blocks, rows });
  first.blocks.deleteSync(blocks[0]?.[0] as Uint8Array);
  await first.close();
  await using second = await openLevelDatabase(path);
  const found = await second.blocks.getManyBytes(blocks.map(([cid]) => cid));
  expect(found).toEqual(blocks.map(([, bytes], i) => (i === 0 ? undefined : bytes)));
  expect(await second.rows("a").read(Uint8Array.of(0, 1, 0))).toEqual(Uint8Array.of(9));
  await second.close();
  await using third = await openMirroredLevelDatabase(path);
  expect(third.blocks.getSync(blocks[1]?.[0] as Uint8Array)).toEqual(blocks[1]?.[1]);
  expect(third.rows("a").get(Uint8Array.of(0, 1, 0))).toEqual(Uint8Array.of(9));
});

/** An engine in memory whose batches fail when told to. */
function brittleEngine(): LevelEngine & { breaks: boolean } {
  const held = new Map<string, [Uint8Array, Uint8Array]>();
  const name = (key: Uint8Array): string => Buffer.from(key).toString("hex");
  return {
    breaks: false,
    supports: {},
    open: async () => {},
    close: async () => {},
    get: async (key) => held.get(name(key))?.[1],
    getSync: (key) => held.get(name(key))?.[1],
    getMany: async (keys) => keys.map((key) => held.get(name(key))?.[1]),
    has: async (key) => held.has(name(key)),
    async batch(changes) {
      if (this.breaks) throw new Error("QuotaExceededError");
      for (const change of changes) {
        if (change.type === "put") held.set(name(change.key), [change.key, change.value]);
        else held.delete(name(change.key));
      }
    },
    async *iterator() {
      yield* held.values();
    },
  };
}

it("a write that fails is a host fault of its commit; the next may succeed", async () => {
  const engine = brittleEngine();
  const database = await openLevelDatabase(engine);
  engine.breaks = true;
  await expect(database.blocks.putManyBytes([sampleBlock(1)])).rejects.toMatchObject({ code: "host/store-failed" });
  await expect(database.flush()).rejects.toMatchObject({ code: "host/store-failed" });
  engine.breaks = false;
  await database.blocks.putManyBytes([sampleBlock(2)]);
  expect(await database.blocks.hasBytes(sampleBlock(1)[0])).toBe(false);
  await database.close();
});

it("a mirror whose disk failed refuses everything, so that nobody builds on what is not kept", async () => {
  const engine = brittleEngine();
  const mirror = await openMirroredLevelDatabase(engine);
  engine.breaks = true;
  mirror.blocks.putSync(...sampleBlock(1));
  await expect(mirror.flush()).rejects.toMatchObject({ code: "host/store-failed" });
  expect(() => mirror.blocks.getSync(sampleBlock(1)[0])).toThrow("the store failed to read");
  await expect(mirror.commit({})).rejects.toMatchObject({ code: "host/store-failed" });
  await expect(mirror.close()).rejects.toMatchObject({ code: "host/store-failed" });
});
