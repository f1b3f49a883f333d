import { CborWriter, type CidBytes, chainCidLength, isChainCid, readCid, toCid, verifyBlock } from "@copse/ipld";
import {
  compareBytes,
  concatBytes,
  encodeUvarint,
  equalBytes,
  isCopseError,
  joinBytes,
  readUvarint,
} from "@copse/primitives";
import { ProofError } from "./errors.ts";
import { maxProofBlocks, maxProofBytes } from "./limits.ts";

/** A block of a proof. */
export interface ProofBlock {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
  /** Where its section starts in the file. */
  readonly offset: number;
}

const headerKeys = {
  roots: new CborWriter().text("roots").finish(),
  version: new CborWriter().text("version").finish(),
};

/** The CAR header of one root: a CBOR map of `roots` and `version`. */
function carHeader(root: CidBytes): Uint8Array {
  const roots = new CborWriter().array(1).link(root).finish();
  const map = concatBytes(Uint8Array.of(0xa2), headerKeys.roots, roots, headerKeys.version, Uint8Array.of(1));
  return concatBytes(encodeUvarint(map.length), map);
}

/**
 * A proof as a CAR file of version 1. Its root is the first block.
 *
 * @see https://ipld.io/specs/transport/car/carv1/
 */
export function encodeProofFile(blocks: readonly (readonly [cid: CidBytes, bytes: Uint8Array])[]): Uint8Array {
  const [first] = blocks;
  const parts: Uint8Array[] = first === undefined ? [] : [carHeader(first[0])];
  for (const [cid, bytes] of blocks) parts.push(encodeUvarint(cid.length + bytes.length), cid, bytes);
  return joinBytes(parts);
}

/**
 * The blocks of a proof. Only what {@link encodeProofFile} writes is taken: one root, which is the first block, then the
 * header, then others by rising CID, none twice, each with the bytes that its CID names.
 *
 * @throws {ProofError} `proof/malformed`, `proof/too-large`, `proof/block-altered`
 */
export function decodeProofFile(file: Uint8Array): ProofBlock[] {
  if (file.length > maxProofBytes) {
    throw new ProofError("proof/too-large", { what: "bytes", found: file.length, limit: maxProofBytes });
  }
  const rootAt = carHeader(new Uint8Array(chainCidLength)).length - chainCidLength - headerKeys.version.length - 1;
  const root = file.slice(rootAt, rootAt + chainCidLength);
  const start = rootAt + chainCidLength + headerKeys.version.length + 1;
  if (!isChainCid(root) || !equalBytes(file.subarray(0, start), carHeader(root))) {
    throw new ProofError("proof/malformed", {
      offset: 0,
      why: "it does not begin as a CAR of version 1 with one root",
    });
  }
  const blocks: ProofBlock[] = [];
  for (let offset = start; offset < file.length; ) {
    if (blocks.length === maxProofBlocks) {
      throw new ProofError("proof/too-large", { what: "blocks", found: blocks.length + 1, limit: maxProofBlocks });
    }
    const { block, end } = readSection(file, offset);
    assertPlace(block, blocks, root);
    blocks.push(block);
    offset = end;
  }
  if (blocks.length < 2)
    throw new ProofError("proof/malformed", { offset: file.length, why: "it lacks its first blocks" });
  return blocks;
}

function readSection(file: Uint8Array, offset: number): { readonly block: ProofBlock; readonly end: number } {
  try {
    const { value: length, end: from } = readUvarint(file, offset);
    const end = from + Number(length);
    if (end > file.length) throw new ProofError("proof/malformed", { offset, why: "a block is cut" });
    const section = file.slice(from, end);
    const cid = section.subarray(0, readCid(section).end);
    const bytes = section.subarray(cid.length);
    if (!verifyBlock(cid, bytes)) throw new ProofError("proof/block-altered", { cid: toCid(cid).toString(), offset });
    return { block: { cid, bytes, offset }, end };
  } catch (error) {
    if (error instanceof ProofError || !isCopseError(error)) throw error;
    throw new ProofError("proof/malformed", { offset, why: error.message }, { cause: error });
  }
}

/** There is one order for each set of blocks. */
function assertPlace({ cid, offset }: ProofBlock, before: readonly ProofBlock[], root: CidBytes): void {
  const at = before.length;
  if (at === 0 && !equalBytes(cid, root)) {
    throw new ProofError("proof/malformed", { offset, why: "the first block is not the root" });
  }
  if (at < 3) return;
  const order = compareBytes(before[at - 1]?.cid ?? cid, cid);
  if (order >= 0) throw new ProofError("proof/malformed", { offset, why: `block ${toCid(cid)} is out of order` });
}

/** Blocks in the order of a proof: by rising CID. */
export function inOrder<Block extends readonly [cid: CidBytes, bytes: Uint8Array]>(blocks: readonly Block[]): Block[] {
  return blocks.toSorted(([a], [b]) => compareBytes(a, b));
}
