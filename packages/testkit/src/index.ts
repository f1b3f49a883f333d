export type { PageInput, PageModule, PageOptions, TestBrowser } from "./browser.ts";
export { dataDir, dataFile, dataRequired, describeData, notRun, readData } from "./data.ts";
export { describeBrowser } from "./describe-browser.ts";
export { fuzz, fuzzSeconds, mutate, seeded } from "./fuzz.ts";
