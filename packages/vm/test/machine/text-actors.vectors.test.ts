import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";

/** What one vector came to. */
interface Report {
  readonly id: string;
  readonly networkVersion: number;
  readonly mismatches: readonly string[];
}

// The states and messages of the tests beside, with what the reference crates (fvm 2.12.2, 3.14.2, 4.8.4) made of them: exit
// code, return, gas, events, fees and state root. They need no bundle.
describe("actors in text Wasm", () => {
  test("give what they give in the reference, in each generation", { timeout: 180_000 }, async () => {
    const worker = new Worker(new URL("./text-actors.worker.ts", import.meta.url), {
      resourceLimits: { stackSizeMb: 256 },
      execArgv: ["--conditions=@copse/source"],
    });
    const reports: Report[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("message", (report: Report | undefined) => (report === undefined ? resolve() : reports.push(report)));
    });
    await worker.terminate();
    expect(reports.filter(({ mismatches }) => mismatches.length > 0)).toEqual([]);
    const counts = new Map<number, number>();
    for (const { networkVersion } of reports) counts.set(networkVersion, (counts.get(networkVersion) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({ 17: 97, 18: 126, 21: 151, 28: 149 });
  });
});
