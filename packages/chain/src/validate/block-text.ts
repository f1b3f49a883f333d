import { toCid } from "@copse/ipld";
import type { Tipset } from "@copse/types";
import { CID } from "multiformats/cid";

/** A CID as text, also of one that came from another thread and is an object of its fields only. */
export function cidText(cid: CID): string {
  return cid instanceof CID ? cid.toString() : toCid((cid as { readonly bytes: Uint8Array }).bytes).toString();
}

/** The CID of one block of a tipset, as text. */
export function blockText(tipset: Tipset, index: number): string {
  const cid = tipset.cids[index];
  return cid === undefined ? "" : cidText(cid);
}
