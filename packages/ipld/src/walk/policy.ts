import { codecs, hashes } from "../cid.ts";

/**
 * What a walk does with a block: `skip` never loads it; `emit` gives it and does not look into it; `walk` gives it and
 * goes on with its links; `through` goes on with its links and does not give it.
 */
export type WalkChoice = "skip" | "emit" | "walk" | "through";

/** Decides by what a CID says of its block. What is walked is read as DAG-CBOR, whatever its codec. */
export type WalkPolicy = (codec: number, hash: number) => WalkChoice;

/** Plain CBOR, which no node of the chain follows. */
const cbor = 0x51;
const unsealed = 0xf101;
const sealed = 0xf102;

/**
 * What Forest puts into a snapshot: DAG-CBOR and what it links to, raw blocks; nothing that a CID holds itself
 * (identity: names of actor code), no piece commitments, nothing else.
 *
 * @see forest:src/ipld/util.rs `should_save_block_to_snapshot`
 */
export const forestPolicy: WalkPolicy = (codec, hash) => {
  if (hash === hashes.identity) return "skip";
  if (codec === codecs.dagCbor) return "walk";
  return codec === codecs.raw ? "emit" : "skip";
};

/**
 * What Lotus puts into a snapshot: as Forest, and plain CBOR too, which it does not look into; it looks into what a
 * DAG-CBOR CID holds itself, and does not give it.
 *
 * @see lotus:chain/store/snapshot.go
 */
export const lotusPolicy: WalkPolicy = (codec, hash) => {
  if (hash === hashes.identity) return codec === codecs.dagCbor ? "through" : "skip";
  return codec === cbor ? "emit" : forestPolicy(codec, hash);
};

/**
 * Every block there is, for data that is not the chain's: DAG-CBOR with its links, all others as they are; what a CID
 * holds itself is given too. Piece commitments name no block and are left out.
 */
export const everyBlockPolicy: WalkPolicy = (codec) => {
  if (codec === codecs.dagCbor) return "walk";
  return codec === unsealed || codec === sealed ? "skip" : "emit";
};
