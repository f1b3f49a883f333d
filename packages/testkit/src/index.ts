export { dataDir, dataFile, dataRequired, describeData, notRun, readData } from "./data.ts";
export { fuzz, fuzzSeconds, mutate, seeded } from "./fuzz.ts";
