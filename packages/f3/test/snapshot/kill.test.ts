import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { seeded } from "@copse/testkit";
import { afterAll, expect, it } from "vitest";
import { exportF3Snapshot } from "../../src/snapshot/index.ts";
import { reopenCertificateStore, rowsAsStore } from "../../src/store/index.ts";
import { gathered } from "../store/kinds.ts";
import { snapshotOf, unsignedChain } from "../unsigned-chain.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-f3-kill-"));
afterAll(() => rmSync(folder, { recursive: true }));

const made = unsignedChain(4000);
const snapshot = snapshotOf(made);
const files = { snapshot: join(folder, "chain.f3snap"), manifest: join(folder, "manifest.json") };
writeFileSync(files.snapshot, snapshot);
const { initialPowerTable } = made.manifest;
writeFileSync(files.manifest, JSON.stringify({ ...made.manifest, initialPowerTable: String(initialPowerTable) }));

/** Runs the import until it has told of so many batches, and kills it a moment later. @returns the lines it said */
async function importUntil(repo: string, thread: boolean, batches: number, spin: number): Promise<string[]> {
  const script = join(import.meta.dirname, "import-process.ts");
  const args = ["--conditions=@copse/source", script, repo, files.snapshot, files.manifest];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, THREAD: thread ? "1" : "0" },
  });
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.split("\n").length <= batches) continue;
    for (let i = 0; i < spin; i++) Math.sqrt(i); // another moment of the next batch each time
    child.kill("SIGKILL");
    break;
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return said.trimEnd().split("\n");
}

for (const thread of [false, true]) {
  it(`goes on after kill -9, and shows nothing before it is done: LMDB${thread ? " on a thread" : ""}`, async () => {
    const repo = join(folder, thread ? "thread" : "here");
    const random = seeded(thread ? 5 : 6);
    let killed = 0;
    let told = 0;
    for (let round = 0; round < 3; round++) {
      const lines = await importUntil(repo, thread, 1 + Math.floor(random() * 2), Math.floor(random() * 3_000_000));
      if (lines.at(-1)?.startsWith("done")) break;
      killed++;
      told = Math.max(told, Number(lines.at(-1)));
      await using database = await openLmdbDatabase(repo, {});
      expect(await reopenCertificateStore(rowsAsStore(database, "f3"))).toBeUndefined();
    }
    expect(killed).toBeGreaterThan(0);
    const [done] = (await importUntil(repo, thread, 1000, 0)).slice(-1);
    const [added, verified, resumed] = String(done).split(" ").slice(1).map(Number) as [number, number, number];
    expect(added).toBe(4000);
    expect(verified + resumed).toBe(4000);
    // All batches before the last one told of were on disk, and were not verified again.
    expect(resumed).toBeGreaterThanOrEqual(Math.max(0, told + 1 - 512));
    await using database = await openLmdbDatabase(repo, {});
    const store = await reopenCertificateStore(rowsAsStore(database, "f3"));
    expect(store?.latest?.instance).toBe(3999);
    expect(Buffer.compare(await gathered(exportF3Snapshot(store as NonNullable<typeof store>)), snapshot)).toBe(0);
  });
}
