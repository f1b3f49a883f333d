import { CopseError } from "@copse/primitives";

/**
 * What a failed fetch says about the source. `lie`: other bytes than the CID's. `garbage`: an answer that is none: too
 * long, of another type, cut. `stall`: too late. `busy`: it asked us to wait. `refused`: it said no. `gone`: no answer.
 */
export type SourceFault = "lie" | "garbage" | "stall" | "busy" | "refused" | "gone";

/** Facts of each code that fetching blocks from elsewhere may throw. `source` is its name, `cid` its text. */
export type RemoteFacts = {
  /** The bytes do not hash to the CID. */
  "remote/block-mismatch": { source: string; cid: string; length: number };
  /** More bytes came, or were announced, than a block may have. */
  "remote/block-too-long": { source: string; cid: string; length: number; limit: number };
  "remote/answer-late": { source: string; cid: string; waitedMs: number };
  /** The answer ended early. */
  "remote/answer-cut": { source: string; cid: string; received: number; promised: number };
  /** An HTTP status that is no answer and no absence. */
  "remote/status-unexpected": { source: string; cid: string; status: number };
  /** The source asked to be left alone for a while; `waitMs` where it said how long. Status 0: it was not asked again. */
  "remote/source-busy": { source: string; cid: string; status: number; waitMs: number | undefined };
  "remote/type-unexpected": { source: string; cid: string; found: string; expected: string };
  "remote/redirect-refused": { source: string; cid: string; location: string; why: string };
  /** Bytes of a CAR answer that are no CAR, or blocks in it that nobody asked for. */
  "remote/car-malformed": { source: string; cid: string; why: string };
  /** A CAR answer ended before all that its root leads to had come. */
  "remote/car-incomplete": { source: string; cid: string; blocks: number; missing: number };
  /** More blocks, or bytes of them, than the caller takes. */
  "remote/subtree-too-large": { source: string; cid: string; limit: string };
  /** The source failed in a way of its own: a connection, a fault of its code. */
  "remote/source-failed": { source: string; cid: string; reason: string };
  /** No source gave the block, and not all said that they lack it. */
  "remote/unavailable": { cid: string; attempts: number; reasons: readonly string[] };
  /** As many fetches as allowed are under way or wait. */
  "remote/too-many-requests": { limit: number };
};

const say: { [Code in keyof RemoteFacts]: (facts: RemoteFacts[Code]) => string } = {
  "remote/block-mismatch": (f) => `${f.source} sent ${f.length} B that do not hash to ${f.cid}`,
  "remote/block-too-long": (f) => `${f.source} sends ${f.length} B for ${f.cid}, limit ${f.limit} B`,
  "remote/answer-late": (f) => `${f.source} did not answer for ${f.cid} in ${f.waitedMs} ms`,
  "remote/answer-cut": (f) => `${f.source} sent ${f.received} B of ${f.promised} B of ${f.cid}`,
  "remote/status-unexpected": (f) => `${f.source} answered for ${f.cid} with status ${f.status}`,
  "remote/source-busy": (f) =>
    `${f.source} is busy${f.status === 0 ? "" : ` (status ${f.status})`}${f.waitMs === undefined ? "" : `: again in ${f.waitMs} ms`}`,
  "remote/type-unexpected": (f) => `${f.source} sent ${f.found} for ${f.cid}, not ${f.expected}`,
  "remote/redirect-refused": (f) => `${f.source} redirects ${f.cid} to ${f.location}: ${f.why}`,
  "remote/car-malformed": (f) => `${f.source} sent a CAR for ${f.cid} that is wrong: ${f.why}`,
  "remote/car-incomplete": (f) =>
    `${f.source} sent ${f.blocks} blocks of ${f.cid}; ${f.missing} that they link to are missing`,
  "remote/subtree-too-large": (f) => `${f.source} sends more than ${f.limit} for ${f.cid}`,
  "remote/source-failed": (f) => `${f.source} failed on ${f.cid}: ${f.reason}`,
  "remote/unavailable": (f) => `${f.cid} is not to be had after ${f.attempts} attempts: ${f.reasons.join("; ")}`,
  "remote/too-many-requests": (f) => `${f.limit} fetches are under way or wait already`,
};

const faults: { readonly [Code in keyof RemoteFacts]?: SourceFault } = {
  "remote/block-mismatch": "lie",
  "remote/block-too-long": "garbage",
  "remote/answer-late": "stall",
  "remote/answer-cut": "gone",
  "remote/status-unexpected": "refused",
  "remote/source-busy": "busy",
  "remote/type-unexpected": "garbage",
  "remote/redirect-refused": "refused",
  "remote/car-malformed": "garbage",
  "remote/car-incomplete": "gone",
  "remote/source-failed": "gone",
};

/**
 * Trouble with a source of blocks, or with all of them.
 *
 * @example
 * const error = new RemoteError("remote/block-mismatch", { source: "https://example.org", cid: "bafy…", length: 7 });
 * error.fault // => "lie"
 */
export class RemoteError<Code extends keyof RemoteFacts = keyof RemoteFacts> extends CopseError<
  Code,
  RemoteFacts[Code]
> {
  override readonly name = "RemoteError";
  /** What it says about the source; undefined where none is to blame. */
  readonly fault: SourceFault | undefined;

  constructor(code: Code, facts: RemoteFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
    // A server error passes, a refusal does not.
    const status = code === "remote/status-unexpected" ? (facts as RemoteFacts["remote/status-unexpected"]).status : 0;
    this.fault = status >= 500 ? "gone" : faults[code];
  }
}
