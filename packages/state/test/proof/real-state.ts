import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CborWriter, type CidBytes, toCid } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { carBlocksOf } from "@copse/testkit";
import { Address, AttoFil, type BlockHeader, encodeBlockHeader } from "@copse/types";
import type { CID } from "multiformats/cid";

/** A state that the real actors of a version made: see `../vectors/README.md`. */
export function realState(version: number) {
  const car = new Uint8Array(gunzipSync(readFileSync(new URL(`../vectors/v${version}.car.gz`, import.meta.url))));
  const blocks = carBlocksOf(car);
  const [first] = blocks.keys(); // the root comes first
  const root = toCid(Uint8Array.from(first as string, (char) => char.charCodeAt(0)));
  return { root, store: blocks };
}

/** A header that names a parent state. */
export function headerOn(parentStateRoot: CID, height = 7): Uint8Array {
  const header: BlockHeader = {
    miner: Address.id(1000),
    ticket: { vrfProof: Uint8Array.of(1) },
    electionProof: { winCount: 1, vrfProof: Uint8Array.of(2) },
    beaconEntries: [],
    winPostProof: [],
    parents: [],
    parentWeight: 3n,
    height,
    parentStateRoot,
    parentMessageReceipts: parentStateRoot,
    messages: parentStateRoot,
    blsAggregate: null,
    timestamp: 4,
    blockSig: null,
    forkSignaling: 0n,
    parentBaseFee: AttoFil.from(100n),
  };
  return encodeBlockHeader(header);
}

/** A file of any blocks, in the form of a proof. */
export function fileOf(blocks: readonly (readonly [CidBytes, Uint8Array])[]): Uint8Array {
  const [first] = blocks;
  const key = (name: string) => new CborWriter().text(name).finish();
  const roots = new CborWriter()
    .array(1)
    .link(first?.[0] as CidBytes)
    .finish();
  const map = concatBytes(Uint8Array.of(0xa2), key("roots"), roots, key("version"), Uint8Array.of(1));
  const sections = blocks.map(([cid, bytes]) => concatBytes(encodeUvarint(cid.length + bytes.length), cid, bytes));
  return concatBytes(encodeUvarint(map.length), map, ...sections);
}
