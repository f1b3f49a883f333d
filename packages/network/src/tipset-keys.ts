import { type CidBytes, readCid } from "@copse/ipld";

/**
 * The CIDs of a tipset key (CID bytes joined; each delimits itself). Views.
 *
 * @throws {CidError} `cid/malformed`
 * @example
 * cidsOfKey(cid) // => [cid]
 */
export function cidsOfKey(key: Uint8Array): readonly CidBytes[] {
  const cids: CidBytes[] = [];
  for (let at = 0; at < key.length; ) {
    const { end } = readCid(key, at);
    cids.push(key.subarray(at, end));
    at = end;
  }
  return cids;
}
