// Packs vectors that test machines have written (COPSE_RECORD_VECTORS) and the reference has confirmed into one file, in
// which each block stands once: `node test/vectors/pack-text-actors.mjs FOLDER`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const [folder] = process.argv.slice(2);
const blocks = new Map();
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => {
    const text = readFileSync(`${folder}/${name}`, "utf8");
    const car = gunzipSync(Buffer.from(/"car":"([^"]*)"/.exec(text)[1], "base64"));
    return text.replace(/"car":"[^"]*"/, `"car":${JSON.stringify(sectionsOf(car))}`);
  });

/** Numbers of a CAR's sections, its header among them. */
function sectionsOf(car) {
  const found = [];
  for (let at = 0; at < car.length; ) {
    let length = 0;
    let end = at;
    for (let shift = 0; ; shift += 7) {
      const byte = car[end++];
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const section = car.subarray(at, end + length).toString("base64");
    if (!blocks.has(section)) blocks.set(section, blocks.size);
    found.push(blocks.get(section));
    at = end + length;
  }
  return found;
}

const packed = gzipSync(`{"sections":${JSON.stringify([...blocks.keys()])},"vectors":[\n${vectors.join(",\n")}]}`, { level: 9 });
writeFileSync(new URL("./text-actors.json.gz", import.meta.url), packed);
console.log(`${vectors.length} vectors, ${blocks.size} sections, ${packed.length} B`);
