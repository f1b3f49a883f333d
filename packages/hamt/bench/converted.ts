import type { HamtFlush } from "@copse/hamt";
import { cidKey, fromCid } from "@copse/ipld";
import * as dagCbor from "@ipld/dag-cbor";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";

type Pointer = CID | readonly (readonly [Uint8Array, unknown])[];

/**
 * The blocks of a HAMT as `ipld-hashmap` writes them, by the text of their CIDs: the same nodes, but that bit fields are
 * little-endian and whole, and that the root tells hash function and bucket size. Setting entries one by one would take that
 * library minutes for a large tree.
 */
export async function converted({ root, blocks }: HamtFlush): Promise<{ cid: CID; blocks: Map<string, Uint8Array> }> {
  const made = new Map<string, Uint8Array>();
  const links = new Map<string, CID>();
  const wanted = cidKey(root);
  let last: CID | undefined;
  for (const [cid, block] of blocks) {
    const [bits, pointers] = dagCbor.decode<[Uint8Array, Pointer[]]>(block);
    const map = new Uint8Array(4);
    for (const [i, byte] of bits.toReversed().entries()) map[i] = byte;
    const data = pointers.map((pointer) => {
      const link = CID.asCID(pointer);
      return link === null ? pointer : links.get(cidKey(fromCid(link)));
    });
    const isRoot = cidKey(cid) === wanted;
    const bytes = dagCbor.encode(isRoot ? { hashAlg: sha256.code, bucketSize: 3, hamt: [map, data] } : [map, data]);
    last = CID.createV1(dagCbor.code, await sha256.digest(bytes));
    links.set(cidKey(cid), last);
    made.set(last.toString(), bytes);
    if (isRoot) break;
  }
  return { cid: last as CID, blocks: made };
}
