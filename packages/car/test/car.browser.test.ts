import { dataFile, describeBrowser, notRun } from "@copse/testkit";
import { expect, it } from "vitest";

const names = { car: "chain/mainnet-export40.car", zst: "chain/mainnet-chain4.forest.car.zst" };

describeBrowser("car in a browser", (browser) => {
  const files = Object.fromEntries(Object.entries(names).map(([name, path]) => [name, dataFile(path) ?? ""]));
  if (Object.values(files).includes("")) {
    const why = "NOT RUN: car in a browser: no chain data";
    notRun(why);
    it.skip(why, () => {});
    return;
  }
  it("reads a CAR as a stream and in place, plain and zstd, and finds a flipped bit", { timeout: 60_000 }, async () => {
    const page = new URL("./read-car.page.ts", import.meta.url);
    expect(await browser().run(page, { files })).toEqual({
      plain: 1581,
      zst: 1222,
      damaged: "car/block-mismatch",
      good: 1222,
      kind: "ForestCARv1.zst",
    });
  });
});
