import { readFile } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import { isCopseError } from "@copse/primitives";
import type { ActorBundle } from "../bundle/bundle.ts";
import { host } from "../bundle/host.node.ts";
import { loadActors } from "../bundle/library.node.ts";
import { openEngine } from "../engine/open-engine.node.ts";
import { actorsOfVector } from "./actors.ts";
import { runVector } from "./run-vector.ts";
import { type MessageVector, parseVector } from "./vector.ts";
import type { VectorAnswer, VectorReport, VectorTask, VectorThreadData } from "./vector-task.ts";

/** The body of a thread that runs vectors: one after another, with one engine. */
const port = parentPort;
if (port !== null) {
  const { actors, modules } = workerData as VectorThreadData;
  const bundles = new Map<string, Promise<ActorBundle>>();
  const engine = openEngine(modules);
  await installFastest();

  const bundleOf = (vector: MessageVector): Promise<ActorBundle> => {
    const { version, network } = actorsOfVector(vector);
    const key = `v${version}-${network}`;
    const bundle = bundles.get(key) ?? loadActors(actors, version, network);
    bundles.set(key, bundle);
    return bundle;
  };

  const run = async ({ path, trace, force }: VectorTask): Promise<VectorAnswer> => {
    const blank = {
      path,
      id: undefined,
      reason: undefined,
      code: undefined,
      networkVersion: undefined,
      mismatches: [],
    };
    let report: VectorReport = { ...blank, outcome: "failed" };
    try {
      const vector = await parseVector(await host("read", path, readFile(path, "utf8")));
      const { id, networkVersion, skip } = vector;
      report = { ...report, id, networkVersion };
      if (skip !== undefined && !force)
        return { report: { ...report, outcome: "skipped", reason: skip }, result: undefined };
      const result = runVector(vector, { bundles: [await bundleOf(vector)], engine, trace });
      const { mismatches } = result;
      report = { ...report, outcome: mismatches.length === 0 ? "passed" : "failed", mismatches };
      return { report, result: trace ? result : undefined };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const code = isCopseError(error) ? error.code : undefined;
      return { report: { ...report, reason, code }, result: undefined };
    }
  };

  // One at a time, whatever comes in: a task may wait for a file.
  let last: Promise<unknown> = Promise.resolve();
  port.on("message", (task: VectorTask) => {
    last = last.then(async () => port.postMessage(await run(task)));
  });
}
