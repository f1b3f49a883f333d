import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeBrowser } from "../src/describe-browser.ts";

describeBrowser("launchBrowser", (browser) => {
  const here = (name: string): URL => new URL(name, import.meta.url);

  it("runs a page module with input, files and workers", async () => {
    const file = fileURLToPath(import.meta.url);
    const hex = createHash("sha256").update(readFileSync(file)).digest("hex");
    const options = { input: { add: 21 }, files: { file }, workers: { worker: here("./double.worker.ts") } };
    expect(await browser().run(here("./hash.page.ts"), options)).toEqual({ hex, doubled: 42 });
  });

  it("throws what the page throws", async () => {
    await expect(browser().run(here("./fails.page.ts"))).rejects.toThrow("broken in the page");
  });

  it("refuses a page that needs Node.js", async () => {
    await expect(browser().run(here("./needs-node.page.ts"))).rejects.toThrow("node:fs");
  });

  it("gives up on a page that never answers", async () => {
    const slow = browser().run(here("./hash.page.ts"), {
      input: { file: "data:,x", worker: "data:text/javascript,0" },
      timeoutMs: 300,
    });
    await expect(slow).rejects.toThrow("did not answer");
  });
});
