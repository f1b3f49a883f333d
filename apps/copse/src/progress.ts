import { SingleBar } from "cli-progress";

/** A line that moves while long work runs. */
export interface Progress {
  /** Says how far the work is: `done` of `total` units, and what it is doing. */
  update(stage: string, done: number, total: number, note?: string): void;
  /** Takes the line away. */
  stop(): void;
}

/** Progress on a terminal; silent where stderr is none. */
export function createProgress(terminal: boolean): Progress {
  if (!terminal) return { update() {}, stop() {} };
  let bar: SingleBar | undefined;
  return {
    update(stage, done, total, note = "") {
      if (bar === undefined) {
        bar = new SingleBar({
          format: "{stage} [{bar}] {value}/{total} {note} {eta_formatted}",
          hideCursor: true,
          clearOnComplete: true,
          etaBuffer: 50,
          stream: process.stderr,
        });
        bar.start(total, done, { stage, note });
      }
      bar.setTotal(Math.max(total, 1));
      bar.update(done, { stage: stage.padEnd(9), note });
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}
