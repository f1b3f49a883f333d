import { equalBytes } from "@copse/primitives";
import type { F3Tipset, FinalityCertificate } from "../types.ts";

/**
 * Whether two certificates say the same: signers and signature may differ between honest nodes, what is signed may not. Both
 * are of one instance of one network.
 */
export function isSameDecision(a: FinalityCertificate, b: FinalityCertificate): boolean {
  if (a.instance !== b.instance || a.chain.length !== b.chain.length) return false;
  const [left, right] = [a.supplementalData, b.supplementalData];
  if (!equalBytes(left.commitments, right.commitments)) return false;
  if (!equalBytes(left.powerTable.bytes, right.powerTable.bytes)) return false;
  return a.chain.every((tipset, at) => isSameTipset(tipset, b.chain[at] as F3Tipset));
}

function isSameTipset(a: F3Tipset, b: F3Tipset): boolean {
  return (
    a.epoch === b.epoch &&
    equalBytes(a.key, b.key) &&
    equalBytes(a.powerTable.bytes, b.powerTable.bytes) &&
    equalBytes(a.commitments, b.commitments)
  );
}
