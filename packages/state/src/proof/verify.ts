import { type CidBytes, cidKey, runSync, toCid } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { type BlockHeader, decodeBlockHeader } from "@copse/types";
import type { CID } from "multiformats/cid";
import { decodeDescriptor } from "./descriptor.ts";
import { ProofError } from "./errors.ts";
import { decodeProofFile, type ProofBlock } from "./proof-file.ts";
import { type ProvenRead, readAll } from "./prove.ts";

/** What a proof must be of. What is not given is taken as the proof has it. */
export interface ProofExpectations {
  /** One of these headers: a tipset that one trusts. */
  readonly headers?: readonly CID[] | undefined;
  readonly stateRoot?: CID | undefined;
  /** All of them, in this order, and no others. */
  readonly paths?: readonly string[] | undefined;
}

/** What a proof proves: that these values stand in the state that the header names. Whether the header is one of the chain is another matter. */
export interface VerifiedProof {
  readonly header: BlockHeader;
  readonly headerCid: CID;
  /** The state after the messages of the header's parents. */
  readonly stateRoot: CID;
  readonly reads: readonly ProvenRead[];
  /** Blocks of state. */
  readonly blocks: number;
  readonly bytes: number;
}

/**
 * Checks a proof of state, with nothing but its bytes: every hash is computed anew, every value is read anew from the
 * proof's blocks alone, by its path from the header's parent state root. A block that no read needs is refused.
 *
 * What it proves holds as far as one trusts the header: see {@link ProofExpectations}.
 *
 * Bound: 16 MiB, 4,096 blocks, 64 paths.
 *
 * @throws {ProofError} `proof/…`
 * @throws {StateError} and what reading throws, of blocks that are no state
 * @example
 * const { reads, header } = verifyProof(file, { headers: [trustedHeaderCid] });
 */
export function verifyProof(file: Uint8Array, expected: ProofExpectations = {}): VerifiedProof {
  const [first, second, ...blocks] = decodeProofFile(file) as [ProofBlock, ProofBlock, ...ProofBlock[]];
  const { header: headerCid, paths } = decodeDescriptor(first.bytes, first.offset);
  if (!equalBytes(headerCid, second.cid)) {
    throw new ProofError("proof/malformed", { offset: second.offset, why: "the second block is not the header" });
  }
  const header = readHeader(second);
  const stateRoot = header.parentStateRoot;
  assertExpected(toCid(headerCid), stateRoot, paths, expected);
  const reads = readOf(header, paths, blocks);
  return { header, headerCid: toCid(headerCid), stateRoot, reads, blocks: blocks.length, bytes: file.length };
}

function readHeader({ bytes, offset }: ProofBlock): BlockHeader {
  try {
    return decodeBlockHeader(bytes);
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new ProofError("proof/malformed", { offset, why: `the header: ${error.message}` }, { cause: error });
  }
}

function assertExpected(headerCid: CID, root: CID, paths: readonly string[], expected: ProofExpectations): void {
  const { headers, stateRoot } = expected;
  if (headers !== undefined && !headers.some((cid) => cid.equals(headerCid))) {
    const facts = { found: headerCid.toString(), expected: headers.map(String).join(" or ") };
    throw new ProofError("proof/other", { what: "header", ...facts });
  }
  if (stateRoot !== undefined && !equalBytes(stateRoot.bytes, root.bytes)) {
    throw new ProofError("proof/other", { what: "state root", found: root.toString(), expected: stateRoot.toString() });
  }
  const wanted = expected.paths;
  if (wanted === undefined || (wanted.length === paths.length && wanted.every((path, i) => path === paths[i]))) return;
  throw new ProofError("proof/other", { what: "paths", found: paths.join(", "), expected: wanted.join(", ") });
}

/** Reads the values from the blocks alone, and sees that each of them is needed. */
function readOf(header: BlockHeader, paths: readonly string[], blocks: readonly ProofBlock[]): ProvenRead[] {
  const held = new Map(blocks.map((block) => [cidKey(block.cid), block]));
  const unused = new Set(held.keys());
  const store = {
    getSync(cid: CidBytes) {
      const key = cidKey(cid);
      unused.delete(key);
      return held.get(key)?.bytes;
    },
  };
  let reads: ProvenRead[];
  try {
    reads = runSync(readAll(header, paths), store);
  } catch (error) {
    if (!isCopseError(error, "host/block-missing")) throw error;
    const { cid } = error.facts as { cid: string };
    throw new ProofError("proof/block-missing", { cid, path: paths.join(", ") }, { cause: error });
  }
  for (const key of unused) {
    const { cid } = held.get(key) as ProofBlock;
    throw new ProofError("proof/block-extra", { cid: toCid(cid).toString(), extra: unused.size });
  }
  return reads;
}
