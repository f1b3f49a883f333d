import { installFastest } from "../src/fastest.ts";
import { currentEngine, nobleEngine } from "../src/index.ts";
import { nativeEngine } from "../src/native.node.ts";
import { wasmEngine } from "../src/wasm.ts";
import { describeEngine } from "./engine-suite.ts";

describeEngine("noble", async () => nobleEngine);
describeEngine("wasm", wasmEngine);
describeEngine("native, the rest noble", nativeEngine);
describeEngine("fastest", async () => {
  await installFastest();
  return { name: "fastest", ...currentEngine() };
});
