import { describeBrowser } from "@copse/testkit";
import { expect, it } from "vitest";
import { table0Cid, table1Cid } from "./golden.ts";
import { certificate0Hex, certificate1Hex, table0Hex } from "./golden-bytes.ts";

interface Answers {
  readonly bls: string;
  readonly noble: unknown[];
  readonly wasm: unknown[];
  readonly pooled: unknown[];
  readonly again: number[];
}

describeBrowser("f3 in a browser", (browser) => {
  it("verifies the golden certificates with noble, with Wasm, and in workers", { timeout: 60_000 }, async () => {
    const page = new URL("./verify.page.ts", import.meta.url);
    const answers = await browser().run<Answers>(page, {
      workers: { worker: new URL("../src/worker.browser.ts", import.meta.url) },
      input: { table: table0Hex, certificates: [certificate0Hex, certificate1Hex] },
    });
    const expected = [
      [2, "good", table1Cid],
      [0, "f3/signature-wrong", table0Cid],
    ];
    expect(answers.bls).toBe("wasm");
    expect(answers.noble).toEqual(expected);
    expect(answers.wasm).toEqual(expected);
    expect(answers.pooled).toEqual(expected);
    expect(answers.again).toEqual([580, 377]);
  });
});
