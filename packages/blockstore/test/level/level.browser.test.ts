import { describeBrowser } from "@copse/testkit";
import { expect, it } from "vitest";

describeBrowser("Level in a browser", (browser) => {
  it("keeps every rule over IndexedDB, and what was committed is there again", { timeout: 120_000 }, async () => {
    const page = new URL("./level.page.ts", import.meta.url);
    const found = await browser().run<{ passed: number }>(page, { timeoutMs: 110_000 });
    expect(found).toMatchObject({ failed: [], kept: Array(4).fill("130 1 2"), sync: false });
    expect(found.passed).toBeGreaterThan(90);
  });
});
