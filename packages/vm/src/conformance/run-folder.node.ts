import { readdir, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { host } from "../bundle/host.node.ts";
import { VectorThread } from "./vector-pool.node.ts";
import type { VectorReport } from "./vector-task.ts";

/** How a folder of vectors is run. */
export interface ConformanceOptions extends AbortOptions {
  /** A folder of vectors, or a vector. */
  readonly vectors: string;
  /** Folder of bundles. */
  readonly actors: string;
  /** Folder where prepared modules are kept. Default: nowhere. */
  readonly modules?: string | undefined;
  /** Threads. Default: one a core. */
  readonly workers?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Files that the reference's runner passes over by their path. @see ref-fvm:testing/conformance/src/driver.rs SKIP_TESTS */
const skippedPaths: readonly { readonly match: RegExp; readonly reason: string }[] = [
  {
    match: /[\\/]DisputeWindowedPoSt[\\/]Ok[\\/]/,
    reason: "a dispute succeeds only over a PoSt that fails, and all PoSts are taken for good",
  },
];

/** Why a file is passed over, as the reference's runner does. */
export function skipOfPath(path: string): string | undefined {
  return skippedPaths.find(({ match }) => match.test(path))?.reason;
}

/** The vectors of a folder and those in it, in the order of their paths. @throws {HostFault} `host/store-failed` */
export async function listVectors(path: string): Promise<string[]> {
  const entry = await host("look at", path, stat(path));
  if (!entry.isDirectory()) return [path];
  const names = await host("read", path, readdir(path, { recursive: true }));
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(path, name));
}

/**
 * Runs all vectors of a folder, on threads whose stacks are large enough. Reports come in the order of the paths; a file
 * that cannot be run is one that failed.
 *
 * @throws {HostFault} `host/aborted`, `host/store-failed` for the folder
 * @example
 * for await (const { id, outcome } of runConformance({ vectors, actors })) console.log(id, outcome);
 */
export async function* runConformance(options: ConformanceOptions): AsyncGenerator<VectorReport> {
  const paths = await listVectors(options.vectors);
  const { signal, onProgress } = options;
  const waiting = paths.map((path) => {
    let settle: (report: VectorReport) => void = () => {};
    const report = new Promise<VectorReport>((resolve) => {
      settle = resolve;
    });
    return { path, report, settle };
  });
  const workers = Math.max(1, Math.min(options.workers ?? availableParallelism(), paths.length));
  // A segment of the list each: neighbours run the same actors, which each thread compiles for itself.
  const segments = Array.from({ length: workers }, (_, at) =>
    waiting.slice(Math.floor((at * paths.length) / workers), Math.floor(((at + 1) * paths.length) / workers)),
  );
  const next = (at: number): (typeof waiting)[number] | undefined => {
    const own = segments[at]?.shift();
    if (own !== undefined) return own;
    const longest = segments.reduce((a, b) => (b.length > a.length ? b : a));
    return longest.pop();
  };
  let [done, isOver] = [0, false];
  const threads = segments.map(() => new VectorThread({ actors: options.actors, modules: options.modules }));
  const close = (): void => {
    isOver = true;
    for (const thread of threads) thread.close();
  };
  let stop: () => void = close;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      close();
      reject(signal?.reason); // told as the signal's fault below
    };
  });
  stopped.catch(() => {});
  signal?.addEventListener("abort", stop, { once: true });
  const work = threads.map(async (thread, at) => {
    for (let task = next(at); task !== undefined && !isOver; task = next(at)) {
      const reason = skipOfPath(task.path);
      const report = reason === undefined ? (await thread.run(task)).report : skipped(task.path, reason);
      if (isOver) return;
      task.settle(report);
      onProgress?.(++done, paths.length);
    }
    thread.close();
  });
  try {
    for (const { report } of waiting) {
      assertNotAborted(signal);
      yield await Promise.race([report, stopped]);
    }
    await Promise.all(work);
  } catch (error) {
    assertNotAborted(signal);
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    close();
  }
}

function skipped(path: string, reason: string): VectorReport {
  const unknown = { id: undefined, code: undefined, networkVersion: undefined };
  return { ...unknown, path, outcome: "skipped", reason, mismatches: [] };
}
