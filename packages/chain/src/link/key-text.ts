import { chainCidLength, isChainCid, toCid } from "@copse/ipld";

/** True when the bytes are whole CIDs of blocks, one after another. */
export function isBlockKey(key: Uint8Array): boolean {
  for (let at = 0; at < key.length; at += chainCidLength) if (!isChainCid(key, at)) return false;
  return key.length % chainCidLength === 0;
}

/** A tipset key for people, also where it is malformed. */
export function keyText(key: Uint8Array): string {
  if (!isBlockKey(key)) return `(${key.length} B that are no block CIDs)`;
  const cids: string[] = [];
  for (let at = 0; at < key.length; at += chainCidLength) cids.push(cidText(key.slice(at, at + chainCidLength)));
  return cids.join(",");
}

/** A binary CID for people. */
export function cidText(cid: Uint8Array): string {
  return toCid(cid).toString();
}
