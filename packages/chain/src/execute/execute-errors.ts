/** What keeps a tipset from being executed, or a fault from being judged. Addresses are text. */
export type ExecuteFacts = {
  /** A sender that the state after the parents does not know: no such tipset is valid. */
  "chain/sender-unresolved": { sender: string };
  /** Randomness, or a tipset, that this chain does not have. */
  "chain/lookback-out-of-range": { epoch: number; head: number; why: string };
};

/** A sentence per code of {@link ExecuteFacts}. */
export const sayExecute: { [C in keyof ExecuteFacts]: (facts: ExecuteFacts[C]) => string } = {
  "chain/sender-unresolved": (f) => `no actor has the sender's address ${f.sender}`,
  "chain/lookback-out-of-range": (f) => `epoch ${f.epoch} as seen from ${f.head}: ${f.why}`,
};
