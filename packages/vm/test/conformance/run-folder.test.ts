import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listVectors, runConformance, startVmThread, type VectorReport, VectorThread } from "../../src/node.ts";
import { inventVector } from "./invented-vector.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-vectors-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string): void => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
};

describe("a folder of vectors", () => {
  it("is gone through in the order of paths, JSON only", async () => {
    for (const name of ["b/2.json", "b/1.json", "a.json", "b/traces/1.trace.json.gz", "README.md"]) put(name, "{");
    expect(await listVectors(folder)).toEqual(["a.json", "b/1.json", "b/2.json"].map((name) => join(folder, name)));
    expect(await listVectors(join(folder, "a.json"))).toEqual([join(folder, "a.json")]);
    await expect(listVectors(join(folder, "c"))).rejects.toMatchObject({ code: "host/store-failed" });
  });

  it("gives a report of every file in order, whichever thread it was on", async () => {
    const skip = inventVector();
    skip.selector = { chaos_actor: "true" };
    for (let at = 0; at < 6; at++) put(`${at}.json`, at === 3 ? JSON.stringify(skip) : "{");
    put("4.json", JSON.stringify(inventVector()));
    put("x/DisputeWindowedPoSt/Ok/7.json", "{");
    const progress: number[] = [];
    const reports: VectorReport[] = [];
    const onProgress = (done: number, total: number): void => void progress.push(done, total);
    for await (const report of runConformance({ vectors: folder, actors: folder, workers: 2, onProgress })) {
      reports.push(report);
    }
    expect(reports.map(({ path }) => path.slice(folder.length + 1))).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((at) => `${at}.json`),
      "x/DisputeWindowedPoSt/Ok/7.json",
    ]);
    const failed = { outcome: "failed", code: "vm/vector-malformed" };
    expect(reports).toMatchObject([
      ...[failed, failed, failed],
      { outcome: "skipped", id: "invented", reason: expect.stringContaining("chaos actor") },
      { outcome: "failed", id: "invented", networkVersion: 18, code: "vm/bundle-absent" },
      failed,
      { outcome: "skipped", reason: expect.stringContaining("taken for good") },
    ]);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7].flatMap((done) => [done, 7]));
  });

  it("stops when the signal fires, and when its reader leaves", async () => {
    for (let at = 0; at < 20; at++) put(`${at}.json`, "{");
    const stop = new AbortController();
    const options = { vectors: folder, actors: folder, workers: 1 };
    const reports = runConformance({ ...options, signal: stop.signal });
    await reports.next();
    stop.abort(new Error("enough"));
    await expect(reports.next()).rejects.toMatchObject({ code: "host/aborted" });
    for await (const report of runConformance(options)) {
      expect(report.outcome).toBe("failed");
      break;
    }
  });

  it("a closed thread fails what it is given", async () => {
    const thread = new VectorThread({ actors: folder });
    const running = thread.run({ path: join(folder, "none.json") });
    thread.close();
    expect(await running).toMatchObject({ report: { outcome: "failed", code: "host/worker-failed" } });
    expect(await thread.run({ path: folder })).toMatchObject({ report: { outcome: "failed" } });
  });
});

describe("startVmThread", () => {
  it("gives a stack on which calls between JavaScript and WebAssembly go a million deep", async () => {
    const worker = startVmThread(new URL("./deep-thread.mjs", import.meta.url), undefined);
    const depth = await new Promise<number>((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(depth).toBeGreaterThan(1_000_000);
  });
});
