import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { generations } from "./generations.ts";

const worker = new Worker(new URL("./depth.worker.ts", import.meta.url), {
  resourceLimits: { stackSizeMb: 256 },
  execArgv: ["--conditions=@copse/source"],
});
afterAll(() => worker.terminate());

interface Answer {
  readonly exitCode: number;
  readonly returned: readonly number[];
  readonly gasUsed: bigint;
}

async function run(index: number, method: bigint, gasLimit = -1n): Promise<Answer> {
  worker.postMessage({ index, method, gasLimit });
  const [answer] = (await once(worker, "message")) as [Answer];
  return answer;
}

describe.each(generations.map((generation, index) => ({ ...generation, index })))(
  "calls within calls, network version $networkVersion",
  ({ fvm, index }) => {
    const limit = fvm === 2 ? 1025 : 1024;

    test("as many as may be open succeed", async () => {
      expect(await run(index, BigInt(limit))).toMatchObject({ exitCode: 0, returned: [limit, 0] });
    });

    test("one more is refused, and its caller may go on", async () => {
      expect(await run(index, BigInt(limit + 1))).toMatchObject({ exitCode: 0, returned: [limit, 3] });
    });
  },
);

describe("a limit of gas at the end of the depth", () => {
  test("stays in force in FVM 3, where nobody takes it away again", async () => {
    // enough for every level but the one that could not begin
    const before = await run(1, 1024n, 9_000_000_000n);
    const after = await run(1, 1025n, 9_000_000_000n);
    expect(before).toMatchObject({ exitCode: 0, returned: [1024, 0] });
    expect(after.returned).toEqual([1024, 3]);
    // FVM 4 charges for the refused send alone
    const [before4, after4] = [await run(2, 1024n, 9_000_000_000n), await run(2, 1025n, 9_000_000_000n)];
    expect(after4.returned).toEqual([1024, 3]);
    expect(after4.gasUsed - before4.gasUsed < 100_000n).toBe(true);
    expect(after.gasUsed).not.toBe(before.gasUsed + (after4.gasUsed - before4.gasUsed));
  });
});
