import { nobleEngine } from "../src/index.ts";
import { describeEngine } from "./engine-suite.ts";

describeEngine("noble", async () => nobleEngine);
