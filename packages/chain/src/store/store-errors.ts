/** What the chain store refuses. `tipset`: its key as hex. */
export type StoreFacts = {
  /** The database holds another network's chain. CIDs as hex. */
  "chain/genesis-mismatch": { expected: string; found: string };
  /** The database was written by a newer release. */
  "chain/format-unknown": { found: number; known: number };
  "chain/span-unknown": { span: number };
  /** A run that does not begin with the tipset its span wants next. */
  "chain/run-out-of-place": { span: number; wanted: string; found: string };
  /** A span ran past the whole stretch of an older one without meeting it: one of the two anchors is false. */
  "chain/spans-disagree": { span: number; other: number; height: number };
  /** Two stretches meet, and the weight or height across the seam is wrong. */
  "chain/seam-broken": { span: number; height: number; why: string };
  /** The tipset, or one between it and the canonical chain, is not stored. */
  "chain/tipset-unknown": { tipset: string };
  /** More tipsets would be taken back than the protocol allows. */
  "chain/fork-too-long": { height: number; ancestor: number; limit: number };
  /** A switch would take back the checkpoint, or leave it out. */
  "chain/behind-checkpoint": { height: number; checkpoint: number };
  /** The MsgMeta of a block or a part of it is there but not readable. */
  "chain/messages-malformed": { block: string; why: string };
};

/** A sentence per code of {@link StoreFacts}. */
export const sayStore: { [C in keyof StoreFacts]: (facts: StoreFacts[C]) => string } = {
  "chain/genesis-mismatch": (f) => `the store holds the chain of genesis ${f.found}, not of ${f.expected}`,
  "chain/format-unknown": (f) => `the store has format ${f.found}; this release knows ${f.known}`,
  "chain/span-unknown": (f) => `there is no span ${f.span}`,
  "chain/run-out-of-place": (f) => `span ${f.span} wants tipset ${f.wanted} next, the run begins with ${f.found}`,
  "chain/spans-disagree": (f) => `span ${f.span} passed span ${f.other} at height ${f.height} without meeting it`,
  "chain/seam-broken": (f) => `span ${f.span} meets an older one at height ${f.height}, but ${f.why}`,
  "chain/tipset-unknown": (f) => `tipset ${f.tipset} is not stored or not linked to the chain`,
  "chain/fork-too-long": (f) =>
    `a fork from height ${f.ancestor} would take back the chain from ${f.height}; the limit is ${f.limit}`,
  "chain/behind-checkpoint": (f) => `a fork from height ${f.height} leaves out the checkpoint at ${f.checkpoint}`,
  "chain/messages-malformed": (f) => `messages of block ${f.block}: ${f.why}`,
};
