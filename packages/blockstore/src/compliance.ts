export { describeDatabase, describeStore, type Suite, type SuiteRunner } from "./compliance/suites.ts";
