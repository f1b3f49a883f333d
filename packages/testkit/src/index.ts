export { actorsDir, actorsFile, describeActors } from "./actors.ts";
export type { PageInput, PageModule, PageOptions, TestBrowser } from "./browser.ts";
export { type CarBlocks, carBlocks, carBlocksOf } from "./car-walk.ts";
export { dataDir, dataFile, dataRequired, describeData, notRun, readData } from "./data.ts";
export { describeBrowser } from "./describe-browser.ts";
export { type FuzzTarget, fuzz, fuzzSeconds } from "./fuzz.ts";
export { type FvmVector, fvmVectors } from "./fvm-vectors.ts";
export { mutate, seeded } from "./mutate.ts";
