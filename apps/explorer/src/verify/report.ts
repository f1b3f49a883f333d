/** What the page can verify. */
export type FileKind = "f3-snapshot" | "header-chain" | "state-proof";

/** One line of a report. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** `mono`: a CID, a key or JSON, to be compared letter by letter. */
  readonly form?: "mono" | undefined;
}

/** What a file proves: plain data, from the worker to the page. */
export interface Report {
  readonly kind: FileKind;
  /**
   * `verified`: what the headline says holds, up to what the network's name stands for. `partly`: all that was checked
   * holds, and something it rests on is not shown; the notes say what.
   */
  readonly verdict: "verified" | "partly";
  readonly headline: string;
  readonly facts: readonly Fact[];
  readonly notes: readonly string[];
}

/** How far a check has come. */
export interface Progress {
  /** In words: `checking blocks`. */
  readonly phase: string;
  /** Of `total`; both in the same unit. */
  readonly done: number;
  readonly total: number;
  readonly unit?: "bytes" | undefined;
}

/** Is told of progress; as often as it likes to be called. */
export type OnProgress = (progress: Progress) => void;
