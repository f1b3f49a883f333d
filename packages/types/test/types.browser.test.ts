import { dataFile, describeBrowser, notRun } from "@copse/testkit";
import { expect, it } from "vitest";

describeBrowser("types in a browser", (browser) => {
  const page = new URL("./types.page.ts", import.meta.url);
  it("signs and verifies with every kind of key", { timeout: 60_000 }, async () => {
    expect(await browser().run(page)).toMatchObject({ verified: [true, true, true] });
  });
  const car = dataFile("chain/mainnet-export40.car");
  if (car === undefined) {
    const why = "NOT RUN: types in a browser: no chain data";
    notRun(why);
    it.skip(why, () => {});
    return;
  }
  it("re-encodes mainnet epochs 0 to 39 byte for byte", { timeout: 60_000 }, async () => {
    const counts = { headers: 49, messages: 41, signed: 206, different: 0 };
    expect(await browser().run(page, { files: { car } })).toMatchObject({ counts });
  });
});
