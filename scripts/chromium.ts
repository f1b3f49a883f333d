// Which browser the tests use: `node scripts/chromium.ts --check` ends with 1 where there is none that starts.
import { launchBrowser } from "@copse/testkit/browser";

const browser = await launchBrowser();
console.log(browser === undefined ? "chromium: none found" : `chromium: ${browser.version}`);
await browser?.close();
process.exitCode = browser === undefined ? 1 : 0;
