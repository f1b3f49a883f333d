import type { BlockIndexData } from "../verify/block-index.ts";
import type { NetworkChoice } from "../verify/network-choice.ts";
import type { FileKind, Progress, Report } from "../verify/report.ts";

/** What the page asks of a worker: one file, one answer. Plain data. */
export interface Task {
  readonly file: Blob;
  readonly name: string;
  readonly kind: FileKind;
  readonly choice: NetworkChoice;
  readonly known: Learned;
  /** Cores that are free for more workers. */
  readonly spare: number;
}

/** What checks of one network leave for later ones. */
export interface Learned {
  /** Blocks that F3 finalized. */
  readonly finality?: BlockIndexData | undefined;
  /** Blocks of the newest header chain. */
  readonly chain?: BlockIndexData | undefined;
  /** Height up to which F3 made that chain final. */
  readonly chainFinalHeight?: number | undefined;
}

/** An error as it is shown. */
export interface ToldError {
  /** `error` for what has no code: a fault of the page. */
  readonly code: string;
  readonly message: string;
}

/** What a worker says. After `done` or `failed` nothing comes. */
export type Answer =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "done"; readonly report: Report; readonly learned: Learned }
  | { readonly type: "failed"; readonly error: ToldError };
