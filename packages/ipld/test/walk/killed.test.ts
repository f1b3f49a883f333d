import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tempRunFiles } from "../../src/seen-file.node.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "copse-ipld-killed-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("a process that is killed leaves no file of its set behind", async () => {
  const script = `
    import { cidOf } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
    import { openSeenFile } from ${JSON.stringify(new URL("../../src/seen-file.node.ts", import.meta.url).href)};
    const set = openSeenFile({ dir: ${JSON.stringify(dir)}, limit: 10 });
    for (let i = 0; i < 200; i++) set.add(cidOf(Uint8Array.of(i)));
    process.stdout.write(String(set.spilled));
    setInterval(() => {}, 1000);`;
  const args = ["--conditions=@copse/source", "--input-type=module-typescript", "--eval", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const spilled = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  expect(Number(spilled)).toBe(190);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  tempRunFiles({ dir }); // where files of open sets keep their names, the next set removes them
  expect(readdirSync(dir)).toEqual([]);
});
