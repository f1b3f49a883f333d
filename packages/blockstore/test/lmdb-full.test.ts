import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "copse-full-"));
afterAll(() => rmSync(folder, { recursive: true }));

for (const where of ["here", "thread"]) {
  it.skipIf(process.platform === "win32")(
    `a full disk is a host fault, and the store goes on as before the batch: ${where}`,
    () => {
      const script = join(import.meta.dirname, "fixtures/fill-disk.ts");
      const limited = 'ulimit -f 6000; trap "" XFSZ; exec "$0" --conditions=@copse/source "$1" "$2" "$3"';
      const path = join(folder, where);
      const said = execFileSync("sh", ["-c", limited, process.execPath, script, path, where], { encoding: "utf8" });
      const { code, failed, whole, part, row, after } = JSON.parse(said.trim().split("\n").at(-1) as string);
      expect(code).toBe("host/store-failed");
      expect(failed).toBeGreaterThan(5);
      expect({ whole, part, row }).toEqual({ whole: true, part: false, row: failed - 1 });
      expect(after).toEqual([failed - 1, 7]);
    },
  );
}
