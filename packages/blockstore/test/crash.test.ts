import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "@copse/testkit";
import { afterAll, expect, it } from "vitest";
import { gathered, sampleBlock } from "../src/compliance/rules.ts";
import { kinds, openDatabase } from "./fixtures/open-database.ts";

const base = mkdtempSync(join(tmpdir(), "copse-crash-"));
afterAll(() => rmSync(base, { recursive: true }));

/** Runs the loop until it has reported `batches` of them, kills it in the middle of the next, gives the last reported. */
async function killAfter(kind: string, folder: string, batches: number, spin: number): Promise<number> {
  const script = join(import.meta.dirname, "fixtures/commit-loop.ts");
  const child = spawn(process.execPath, ["--conditions=@copse/source", script, kind, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.split("\n").length <= batches) continue;
    for (let i = 0; i < spin; i++) Math.sqrt(i); // a moment inside the next commit, another each time
    child.kill("SIGKILL");
    break;
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return Number(
    said
      .trimEnd()
      .split("\n")
      .at(said.endsWith("\n") ? -1 : -2),
  );
}

for (const kind of kinds) {
  const rounds = kind === "lmdb" ? 12 : 6;
  it(`holds all of a commit or nothing after kill -9, ${rounds} times over: ${kind}`, async () => {
    const folder = join(base, kind);
    const random = seeded(7);
    let known = -1;
    for (let round = 0; round < rounds; round++) {
      const reported = await killAfter(kind, folder, 1 + Math.floor(random() * 12), Math.floor(random() * 2_000_000));
      await using database = await openDatabase(kind.replace(" thread", ""), folder);
      const counted = (await database.rows("count").read(Uint8Array.of(0))) as Uint8Array;
      const last = new DataView(counted.buffer, counted.byteOffset).getUint32(0);
      expect(last).toBeGreaterThanOrEqual(reported); // what was resolved is there
      expect(last).toBeGreaterThan(known);
      known = last;
      const rows = await gathered(database.rows("blocks").readRange());
      expect(rows.length).toBe((last + 1) * 20); // no batch is there in part, none is missing
      for (const [i, [, cid]] of rows.entries()) {
        const [expected, bytes] = sampleBlock(i, 300);
        expect(Buffer.compare(cid, expected)).toBe(0);
        expect(Buffer.compare((await database.blocks.getBytes(cid)) as Uint8Array, bytes)).toBe(0);
      }
      for (let i = 0; i < 20; i++)
        expect(await database.blocks.hasBytes(sampleBlock((last + 1) * 20 + i, 300)[0])).toBe(false);
    }
  });
}
