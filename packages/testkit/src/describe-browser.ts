import { afterAll, beforeAll, describe, it } from "vitest";
import { launchBrowser, type TestBrowser } from "./browser.ts";
import { findChromium } from "./chromium.ts";
import { notRun } from "./data.ts";

/**
 * A suite that runs in headless Chromium, for `test/**\/*.browser.test.ts`. Where there is no browser the suite is
 * reported as *not run* at the end of `npm test`, and fails in CI.
 *
 * @example
 * describeBrowser("car in a browser", (browser) => {
 *   it("checks every block", async () => {
 *     const page = new URL("./check-blocks.page.ts", import.meta.url);
 *     const files = { car: dataFile("chain/mainnet-export40.car")! };
 *     expect(await browser().run<number>(page, { files })).toBe(1234);
 *   });
 * });
 * // check-blocks.page.ts
 * export default async (input: { car: string }): Promise<number> => count(await fetch(input.car));
 */
export function describeBrowser(name: string, suite: (browser: () => TestBrowser) => void): void {
  if (findChromium() === undefined) {
    const why = `NOT RUN: ${name}: no Chromium on the PATH, in COPSE_CHROMIUM or in node_modules`;
    notRun(why);
    describe(name, () => {
      if (process.env["CI"]) {
        it("needs a browser", () => {
          throw new Error(why);
        });
      } else {
        it.skip(why, () => {});
      }
    });
    return;
  }
  describe(name, () => {
    let running: TestBrowser | undefined;
    beforeAll(async () => {
      running = await launchBrowser();
    });
    afterAll(() => running?.close());
    suite(() => {
      if (running === undefined) throw new Error("the browser has not started");
      return running;
    });
  });
}
