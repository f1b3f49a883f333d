import { isBlake2b256 } from "@copse/crypto";
import { type CidBytes, chainCidLength, isChainCid, verifyBlock } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";

/** What is wrong with a block, if anything. */
export function faultOf(cid: CidBytes, bytes: Uint8Array): "mismatch" | "hash unknown" | undefined {
  if (cid.length === chainCidLength && isChainCid(cid)) {
    return isBlake2b256(bytes, cid, chainCidLength - 32) ? undefined : "mismatch";
  }
  try {
    return verifyBlock(cid, bytes) ? undefined : "mismatch";
  } catch (error) {
    if (!isCopseError(error, "cid/hash-unsupported")) throw error;
    return "hash unknown";
  }
}
