import { CopseError } from "@copse/primitives";

/** Facts of each code that asking for certificates throws or reports. CIDs are text. */
export type F3ExchangeFacts = {
  /** A source did not answer in time. */
  "f3/source-late": { peer: string; first: number; waitedMs: number };
  /** Asking a source failed in a way that has no code. */
  "f3/source-failed": { peer: string; first: number; why: string };
  /** A source says it holds certificates and gives none. */
  "f3/source-empty": { peer: string; first: number; pending: number };
  /** What a source gave for an instance is no certificate. */
  "f3/source-garbage": { peer: string; instance: number; why: string };
  /** A source gave more certificates than were asked for. */
  "f3/source-too-many": { peer: string; asked: number; got: number };
  /** What a source gave for a power table has another CID. */
  "f3/source-other-table": { peer: string; instance: number; expected: string; found: string };
  /** Nobody gave the power table. */
  "f3/table-not-found": { instance: number; expected: string; asked: number };
};

const say: { [Code in keyof F3ExchangeFacts]: (facts: F3ExchangeFacts[Code]) => string } = {
  "f3/source-late": (f) => `${f.peer} did not answer for instance ${f.first} in ${f.waitedMs} ms`,
  "f3/source-failed": (f) => `asking ${f.peer} for instance ${f.first} failed: ${f.why}`,
  "f3/source-empty": (f) => `${f.peer} says that instance ${f.pending} is next and gave nothing from ${f.first} on`,
  "f3/source-garbage": (f) => `${f.peer}: what it gave for instance ${f.instance} is no certificate: ${f.why}`,
  "f3/source-too-many": (f) => `${f.peer} gave ${f.got} certificates where ${f.asked} were asked for`,
  "f3/source-other-table": (f) =>
    `${f.peer} gave power table ${f.found} for instance ${f.instance}, expected ${f.expected}`,
  "f3/table-not-found": (f) => `none of ${f.asked} peers gave power table ${f.expected} of instance ${f.instance}`,
};

/**
 * What went wrong with a peer that serves certificates.
 *
 * @example
 * onFault: ({ peer, error }) => error instanceof F3ExchangeError && error.code // => "f3/source-late"
 */
export class F3ExchangeError<Code extends keyof F3ExchangeFacts = keyof F3ExchangeFacts> extends CopseError<
  Code,
  F3ExchangeFacts[Code]
> {
  override readonly name = "F3ExchangeError";

  constructor(code: Code, facts: F3ExchangeFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
