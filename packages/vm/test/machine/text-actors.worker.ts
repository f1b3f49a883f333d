import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { gunzipSync, gzipSync } from "node:zlib";
import { mismatchText } from "../../src/conformance/result.ts";
import { runVector } from "../../src/conformance/run-vector.ts";
import { parseVector } from "../../src/conformance/vector.ts";
import { Engine } from "../../src/engine/engine.ts";

// Runs where the stack is deep. The file is made by test/vectors/pack-text-actors.mjs; circulating supplies in it are past
// 2^53, so each vector is read from its own line of text.

const packed = gunzipSync(readFileSync(new URL("../vectors/text-actors.json.gz", import.meta.url))).toString();
const [first = "", ...lines] = packed.split("\n");
const sections = (JSON.parse(`${first}]}`) as { sections: string[] }).sections.map((text) =>
  Buffer.from(text, "base64"),
);
const engine = new Engine();

for (const line of lines) {
  const text = line.replace(/"car":\[([\d,]*)\]/, (_, numbers: string) => {
    const car = Buffer.concat(numbers.split(",").map((index) => sections[Number(index)] as Buffer));
    return `"car":"${gzipSync(car, { level: 1 }).toString("base64")}"`;
  });
  const vector = await parseVector(text.replace(/,$|\]\}$/, ""));
  const { mismatches, networkVersion } = runVector(vector, { bundles: [], engine });
  parentPort?.postMessage({ id: vector.id, networkVersion, mismatches: mismatches.map(mismatchText) });
}
parentPort?.postMessage(undefined);
