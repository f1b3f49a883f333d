import { CopseError } from "@copse/primitives";

/** Facts of each code of the page itself; what a file breaks has the code of the package that found it. */
export type ExplorerFacts = {
  /** Neither an F3 snapshot, nor a CAR file, nor a manifest. */
  "explorer/file-unknown": { start: string };
  /** It is to be read as a whole, and longer than that may be. */
  "explorer/file-too-large": { what: string; found: number; limit: number };
  "explorer/fetch-failed": { url: string; why: string };
  /** The roots of a CAR are no tipset. */
  "explorer/no-head": { root: string; why: string };
  /** The times of its headers are those of another network. */
  "explorer/other-network": { found: string; expected: string; height: number };
  /** The file ends before genesis: nothing ties its headers to a network. */
  "explorer/genesis-not-reached": { height: number; missing: string; network: string };
  /** A manifest says where certificates begin, and nothing of a chain. */
  "explorer/manifest-without-chain": { network: string };
  /** F3 finalized another tipset at that height, or none. */
  "explorer/not-final": { height: number; found: string; snapshot: string };
  "explorer/worker-failed": { why: string };
};

const say: { [C in keyof ExplorerFacts]: (facts: ExplorerFacts[C]) => string } = {
  "explorer/file-unknown": (f) =>
    `it begins with ${f.start}: neither an F3 snapshot, nor a CAR file, nor a manifest in JSON`,
  "explorer/file-too-large": (f) => `${f.what} of ${f.found} B, limit ${f.limit} B`,
  "explorer/fetch-failed": (f) => `${f.url} was not fetched: ${f.why}`,
  "explorer/no-head": (f) => `root ${f.root} is no header of a head tipset: ${f.why}`,
  "explorer/other-network": (f) =>
    `its head, at height ${f.height}, has a timestamp of ${f.found}, not of ${f.expected}: choose that network`,
  "explorer/genesis-not-reached": (f) =>
    `the headers end below height ${f.height}, where ${f.missing} is not in the file: nothing ties them to ${f.network}`,
  "explorer/manifest-without-chain": (f) =>
    `the manifest of ${f.network} names no genesis: choose a network to verify a header chain`,
  "explorer/not-final": (f) =>
    `the tipset of block ${f.found} at height ${f.height} is not the one that F3 finalized there, by ${f.snapshot}`,
  "explorer/worker-failed": (f) => `the worker stopped: ${f.why}`,
};

/** What the page itself refuses. */
export class ExplorerError<C extends keyof ExplorerFacts = keyof ExplorerFacts> extends CopseError<
  C,
  ExplorerFacts[C]
> {
  override readonly name = "ExplorerError";

  constructor(code: C, facts: ExplorerFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
