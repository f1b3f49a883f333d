// Writes blocks to a file without end: `crash.test.ts` kills it. Arguments: the form, and the path.
import { cidOf } from "@copse/ipld";
import { saveCarFile, saveForestCar } from "../src/node.ts";

const [form = "", path = ""] = process.argv.slice(2);
async function* blocks() {
  for (let i = 0; ; i++) {
    const bytes = new Uint8Array(2000);
    new DataView(bytes.buffer).setUint32(0, i);
    if (i === 3000) process.stdout.write("in the middle\n");
    if (i > 3000) await new Promise((next) => setImmediate(next));
    yield { cid: cidOf(bytes), bytes };
  }
}
if (form === ".forest.car.zst") await saveForestCar(path, [], blocks(), { sort: { memoryBytes: 4096 } });
else if (form === "CARv1 as zstd") await saveCarFile(path, [], blocks(), { zstdLevel: 1 });
else if (form === "CARv1") await saveCarFile(path, [], blocks());
else await saveCarFile(path, [], blocks(), { version: 2, index: { memoryBytes: 4096 } });
