import type { Logger } from "pino";
import type { NodeMetrics } from "../metrics.ts";
import type { Progress } from "../progress.ts";
import type { SyncProgress } from "./assemble.ts";

/** Where the work stands, for status, metrics and the progress line. */
export class SyncMonitor {
  readonly #metrics: NodeMetrics;
  readonly #progress: Progress;
  readonly #log: Logger;
  readonly #started = performance.now();
  readonly #stages = new Map<SyncProgress["stage"], { height: number; tipsets: number }>();
  #target = 0;
  #logged = 0;

  constructor(metrics: NodeMetrics, progress: Progress, log: Logger) {
    this.#metrics = metrics;
    this.#progress = progress;
    this.#log = log;
  }

  /** A new target was chosen. */
  target(height: number): void {
    this.#target = height;
    this.#metrics.heights.set({ what: "target" }, height);
  }

  /** A part of the work moved on. */
  step({ stage, height, tipsets, target }: SyncProgress): void {
    const before = this.#stages.get(stage);
    this.#stages.set(stage, { height, tipsets: (before?.tipsets ?? 0) + tipsets });
    this.#metrics.tipsets.inc({ stage }, tipsets);
    if (stage === "headers") this.#metrics.heights.set({ what: "lowest" }, height);
    const top = Math.max(target, this.#target, height);
    const done = stage === "headers" ? top - height : height;
    this.#progress.update(stage, done, top, `at ${height}`);
    const now = performance.now();
    if (now - this.#logged < 5000) return;
    this.#logged = now;
    this.#log.info({ stage, height, target: top }, "syncing");
  }

  /** Plain data for the status. */
  snapshot(): Record<string, unknown> {
    return {
      target: this.#target,
      runningSeconds: Math.round((performance.now() - this.#started) / 1000),
      stages: Object.fromEntries(this.#stages),
    };
  }
}
