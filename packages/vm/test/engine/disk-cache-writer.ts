// Writes one module over and over, until it is killed. Its folder: the first argument.
import { cidOf } from "@copse/ipld";
import { diskModuleCache } from "../../src/engine/disk-cache.node.ts";
import { prepare } from "../../src/wasm/prepare.ts";
import { build } from "../wasm/build.ts";

const wasm = build({
  types: [[[], []]],
  functions: [{ type: 0, code: [] }],
  memory: [9],
  exports: [["memory", 2, 0]],
});
const module = { ...prepare(wasm, "0.4.0"), bytes: new Uint8Array(1_000_000).fill(7) };
const cache = diskModuleCache({ folder: process.argv[2] as string });
const code = cidOf(wasm);
for (let times = 0; ; times++) {
  cache.set(code, "0.4.0", module);
  if (times === 0) process.stdout.write("written\n");
}
