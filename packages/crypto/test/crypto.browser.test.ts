import { describeBrowser } from "@copse/testkit";
import { expect, it } from "vitest";

interface Answers {
  readonly names: Readonly<Record<string, string>>;
  readonly noble: boolean[];
  readonly wasm: boolean[];
  readonly pooled: boolean[];
}

describeBrowser("crypto in a browser", (browser) => {
  it("checks alike with noble, with Wasm, and in workers", { timeout: 60_000 }, async () => {
    const page = new URL("./everything.page.ts", import.meta.url);
    const workers = { worker: new URL("../src/worker.browser.ts", import.meta.url) };
    const { names, noble, wasm, pooled } = await browser().run<Answers>(page, { workers });
    expect(new Set(Object.values(names))).toEqual(new Set(["wasm"]));
    expect(noble.filter((_, i) => i % 2 === 0)).not.toContain(false);
    expect(noble).toContain(false);
    expect(wasm).toEqual(noble);
    expect(pooled).toEqual(noble);
  });
});
