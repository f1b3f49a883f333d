import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { kinds, openDatabase } from "./fixtures/open-database.ts";

const folder = mkdtempSync(join(tmpdir(), "copse-full-"));
afterAll(() => rmSync(folder, { recursive: true }));

for (const kind of kinds) {
  it.skipIf(process.platform === "win32")(
    `a full disk is a host fault, and the store is as it was before the batch: ${kind}`,
    async () => {
      const script = join(import.meta.dirname, "fixtures/fill-disk.ts");
      const limited = 'ulimit -f 6000; trap "" XFSZ; exec "$0" --conditions=@copse/source "$1" "$2" "$3"';
      const path = join(folder, kind);
      const said = execFileSync("sh", ["-c", limited, process.execPath, script, kind, path], { encoding: "utf8" });
      const { code, failed, whole, part, row, goesOn } = JSON.parse(said.trim().split("\n").at(-1) as string);
      expect(code).toBe("host/store-failed");
      expect(failed).toBeGreaterThan(5);
      expect({ whole, part, row }).toEqual({ whole: true, part: false, row: failed - 1 });
      expect(goesOn).toBe(kind !== "level"); // LevelDB writes no more after a failed write, until it is opened again
      await using again = await openDatabase(kind, path);
      const rows = await Promise.all([0, 1].map((key) => again.rows("n").read(Uint8Array.of(key))));
      expect(rows.map((found) => found?.[0])).toEqual([failed - 1, goesOn ? 7 : undefined]);
    },
  );
}
