import { readBundle } from "../../src/bundles.ts";
import { mismatchText, parseVector, runVector } from "../../src/conformance.ts";

/** Runs in the page: a vector, with the actors out of an archive. */
export default async (input: { v9: string; v10: string; nv17: string; nv18: string }): Promise<unknown> => {
  const bundles = [];
  for (const archive of [input.v9, input.v10]) {
    const bytes = new Uint8Array(await (await fetch(archive)).arrayBuffer());
    bundles.push(await readBundle(bytes, { network: "mainnet" }));
  }
  const results: unknown[] = [];
  for (const url of [input.nv17, input.nv18]) {
    const { id, messages, mismatches } = runVector(await parseVector(await (await fetch(url)).text()), { bundles });
    results.push([id, messages.map(({ actual }) => String(actual.gasUsed)), mismatches.map(mismatchText)]);
  }
  return results;
};
