import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleBlock } from "../src/compliance/rules.ts";
import { openLmdbDatabase } from "../src/lmdb.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-threads-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("another thread", () => {
  it("reads synchronously what the main thread has committed, in the same turn of its loop", async () => {
    await using database = await openLmdbDatabase(folder, { tailBlocks: 50 });
    const blocks = Array.from({ length: 400 }, (_, i) => sampleBlock(i, 300));
    await database.commit({
      blocks: blocks.slice(0, 100),
      rows: [{ table: "a", key: Uint8Array.of(1), value: Uint8Array.of(1) }],
    });
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(join(import.meta.dirname, "fixtures/reader.ts"), {
      workerData: { path: folder, shared },
      execArgv: ["--conditions=@copse/source"],
    });
    worker.postMessage({ cids: blocks.map(([cid]) => cid), wait: true });
    expect((await once(worker, "message"))[0]).toBe("looked");
    for (let at = 100; at < 400; at += 60) {
      const rows = [{ table: "a", key: Uint8Array.of(1), value: Uint8Array.of(at >> 2) }];
      await database.commit({ blocks: blocks.slice(at, at + 60), rows }); // merges run meanwhile
    }
    Atomics.store(shared, 0, 1);
    Atomics.notify(shared, 0);
    const [{ before, after, row, refused }] = await once(worker, "message");
    expect(before).toEqual(blocks.map((_, i) => i < 100));
    expect(after).toEqual(blocks.map(([, bytes]) => bytes.length));
    expect(row).toBe(340 >> 2);
    expect(refused).toBe("blockstore/read-only");
    const exited = once(worker, "exit"); // it may come in the same turn as the last message
    worker.postMessage("close");
    expect((await once(worker, "message"))[0]).toBe("closed");
    await exited;
    expect(database.blocks.hasSync(blocks[0]?.[0] as Uint8Array)).toBe(true); // the file stays open for the writer
  });

  it("past the limit of readers is a host fault, which the others do not feel", async () => {
    await using database = await openLmdbDatabase(folder, { maxReaders: 1 });
    const [cid, bytes] = sampleBlock(1);
    await database.commit({ blocks: [[cid, bytes]] });
    const holding = database.blocks.hasSync(cid); // takes the only place until the next turn of the loop
    const worker = new Worker(
      `import("@copse/blockstore/lmdb").then(async ({ openLmdbDatabase }) => {
        const { parentPort, workerData } = await import("node:worker_threads");
        await openLmdbDatabase(workerData, { readOnly: true }).then(
          (db) => { try { db.blocks.hasSync(new Uint8Array(38)); parentPort.postMessage("no error"); } catch (e) { parentPort.postMessage(e.code); } },
          (e) => parentPort.postMessage(e.code),
        );
      })`,
      { eval: true, workerData: folder, execArgv: ["--conditions=@copse/source"] },
    );
    const [said] = await once(worker, "message");
    expect([holding, said]).toEqual([true, "host/store-failed"]);
    expect(database.blocks.hasSync(cid)).toBe(true);
    await worker.terminate();
  });

  it("cannot open what does not exist", async () => {
    await expect(openLmdbDatabase(join(folder, "none"), { readOnly: true })).rejects.toMatchObject({
      code: "host/store-failed",
    });
  });
});

it("a second writer in the same process finds what the first has put", async () => {
  await using one = await openLmdbDatabase(folder, { tailBlocks: 20 });
  await using two = await openLmdbDatabase(folder, { tailBlocks: 30 });
  for (let round = 0; round < 12; round++) {
    const blocks = Array.from({ length: 25 }, (_, i) => sampleBlock(round * 10 + i)); // most are there already
    await (round % 2 === 0 ? one : two).commit({ blocks });
  }
  await one.commit({ blocks: [sampleBlock(999)] });
  await two.commit({ blocks: [sampleBlock(998)] });
  let count = 0;
  for await (const _ of two.blocks.getAll()) count++;
  expect(count).toBe(11 * 10 + 25 + 2); // none twice
  for (let i = 0; i < 135; i++) expect(two.blocks.hasSync(sampleBlock(i)[0]), `block ${i}`).toBe(true);
});

it("another process reads what this one commits", async () => {
  await using database = await openLmdbDatabase(folder, { tailBlocks: 60, thread: true });
  const script = join(import.meta.dirname, "fixtures/other-process.ts");
  const child = spawn(process.execPath, ["--conditions=@copse/source", script, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += String(chunk);
  });
  await once(child.stdout, "data"); // ready
  for (let at = 0; at < 500; at += 50) {
    const blocks = Array.from({ length: 50 }, (_, i) => sampleBlock(at + i));
    await database.commit({ blocks, rows: [{ table: "a", key: Uint8Array.of(1), value: Uint8Array.of(at / 50) }] });
  }
  await once(child, "exit");
  expect(JSON.parse(said.trim().split("\n").at(-1) as string)).toEqual({ first: true, count: 500, row: 9 });
});
