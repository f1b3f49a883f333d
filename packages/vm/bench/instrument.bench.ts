import { cidKey } from "@copse/ipld";
import { actorsDir, actorsFile } from "@copse/testkit";
import { bench } from "@copse/testkit/bench";
import { loadActors } from "../src/bundle/library.node.ts";
import { instrument } from "../src/wasm/instrument.ts";
import { prepare } from "../src/wasm/prepare.ts";
import { decodePrepared, encodePrepared } from "../src/wasm/prepared-codec.ts";
import { validateWasm } from "../src/wasm/validate.ts";

// Real actors where they are on this machine. `validate` beside is V8 checking the module's types: the least that reading
// every operator costs, in C++.
for (const version of [9, 18]) {
  if (actorsFile(version) === undefined) {
    console.log(`vm/prepare v${version}: not run, no bundle in ${actorsDir}`);
    continue;
  }
  const rules = version === 9 ? "0.2.0" : "0.4.0";
  const { manifest, blocks } = await loadActors(actorsDir, version, "mainnet");
  const codeOf = (name: string): Uint8Array => {
    const entry = manifest.entries.find((one) => one.name === name);
    return entry === undefined ? new Uint8Array(0) : (blocks.get(cidKey(entry.code)) as Uint8Array);
  };
  for (const name of ["storageminer", "multisig"]) {
    const code = codeOf(name);
    const megabytes = code.length / 1e6;
    const id = `v${version}-${name}-${megabytes.toFixed(2)}MB`;
    await bench(`vm/prepare ${id}`, {
      given: () => code,
      run: (bytes) => void prepare(bytes, rules),
      unit: "module",
      beside: {
        "instrument (the reference's form)": (bytes) => void instrument(bytes, rules),
        "V8 validate": (bytes) => void validateWasm(bytes),
      },
    });
    await bench(`vm/prepared-decode ${id}`, {
      given: () => encodePrepared(prepare(code, rules), rules),
      run: (kept) => void decodePrepared(kept, rules),
      unit: "module",
    });
  }
  await bench(`vm/prepare v${version}-bundle`, {
    given: () => manifest.entries.map(({ name }) => codeOf(name)),
    run: (codes) => {
      for (const code of codes) prepare(code, rules);
    },
    unit: "bundle",
    rounds: 3,
  });
}
