/** What a thread that repeats vectors is started with. */
export interface SteadyTask {
  readonly paths: readonly string[];
  /** Folder of bundles. */
  readonly actors: string;
  readonly warmUp: number;
  readonly rounds: number;
  /** Classes are actor and method; else actors. */
  readonly byMethod: boolean;
  /** File for a profile of the measured rounds. */
  readonly profile: string | undefined;
}

/** Sums over the messages of a class. Times: ms; of this thread's CPU, but `wall`. */
export interface ClassFigures {
  readonly messages: number;
  /** In `execute` alone. */
  readonly exec: number;
  readonly wall: number;
  /** With making the machine and its flush. */
  readonly all: number;
  readonly gas: number;
}

/** Figures of a thread. */
export interface SteadyAnswer {
  readonly warmUp: readonly number[];
  readonly classes: readonly (readonly [name: string, figures: ClassFigures])[];
  readonly processMs: number;
  readonly threadMs: number;
  readonly rss: number;
}
