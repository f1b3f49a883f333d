import { dataFile, describeBrowser, notRun } from "@copse/testkit";
import { expect, it } from "vitest";
import { export40 } from "../export40.ts";

describeBrowser("chain in a browser", (browser) => {
  const car = dataFile(export40);
  if (car === undefined) {
    const why = `NOT RUN: chain in a browser: no ${export40}`;
    notRun(why);
    it.skip(why, () => {});
    return;
  }
  it("proves of mainnet's first forty epochs what Node proves", { timeout: 120_000 }, async () => {
    const page = new URL("./prove-export40.page.ts", import.meta.url);
    expect(await browser().run(page, { files: { car }, timeoutMs: 100_000 })).toEqual({
      genesis: "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2",
      head: 39,
      tipsets: 33,
      headers: 49,
      beacons: 38,
      acceptedBeacons: 1,
      messageRoots: 49,
      blsAggregates: 14,
      blsMessages: 73,
      secpSignatures: 512,
      leaders: 48,
      faults: [],
    });
  });
});
