import { type CidBytes, cidOf, type Fetching } from "@copse/ipld";
import { type BlockHeader, decodeBlockHeader } from "@copse/types";
import { parseStatePath, readStatePath, type StateReading } from "../path/read-path.ts";
import { loadStateTree } from "../state-tree.ts";
import { assertPaths, encodeDescriptor } from "./descriptor.ts";
import { ProofError } from "./errors.ts";
import { maxProofBlocks, maxProofBytes } from "./limits.ts";
import { encodeProofFile, inOrder } from "./proof-file.ts";
import { ReadRecord, recordReads } from "./record-reads.ts";

/** What is to be read and proven. */
export interface ProofRequest {
  /** Bytes of a header of the tipset: its parent state is read. */
  readonly header: Uint8Array;
  /** Paths, as `readStatePath` follows them. Bound: 64. */
  readonly paths: readonly string[];
}

/** One value of a state. */
export interface ProvenRead {
  readonly path: string;
  readonly reading: StateReading;
}

/** What was read, and the proof of it. */
export interface StateProof {
  readonly header: BlockHeader;
  readonly headerCid: CidBytes;
  readonly reads: readonly ProvenRead[];
  /** Blocks of the proof, its descriptor and the header first, the others by rising CID. */
  readonly blocks: readonly (readonly [cid: CidBytes, bytes: Uint8Array])[];
  /** The proof as a CAR file. */
  readonly file: Uint8Array;
}

/**
 * Reads values of a state, and makes the proof that `verifyProof` checks: all blocks from the header to the values, and no
 * others. A value that is not there is proven too: by the blocks of the path to where it would be.
 *
 * The same request gives the same bytes, whatever store it is run over.
 *
 * @throws {ProofError} `proof/too-large`
 * @throws {StateError} of the paths, and what reading throws
 * @throws {HostFault} `host/block-missing`
 * @example
 * const { reads, file } = await runAsync(proveRead({ header, paths: ["actors/f04/state/claims/f01000"] }), store);
 */
export function* proveRead({ header, paths }: ProofRequest): Fetching<StateProof> {
  assertPaths(paths.length);
  for (const path of paths) parseStatePath(path);
  const unique = [...new Set(paths)];
  const record = new ReadRecord();
  const decoded = decodeBlockHeader(header);
  const reads = yield* recordReads(readAll(decoded, unique), record);
  const headerCid = cidOf(header);
  const descriptor = encodeDescriptor({ header: headerCid, paths: unique });
  const blocks = [
    [cidOf(descriptor), descriptor] as const,
    [headerCid, header.slice()] as const,
    ...inOrder(record.blocks()),
  ];
  if (blocks.length > maxProofBlocks) {
    throw new ProofError("proof/too-large", { what: "blocks", found: blocks.length, limit: maxProofBlocks });
  }
  const file = encodeProofFile(blocks);
  if (file.length > maxProofBytes) {
    throw new ProofError("proof/too-large", { what: "bytes", found: file.length, limit: maxProofBytes });
  }
  return { header: decoded, headerCid, reads, blocks, file };
}

/** The reads of a proof, one after another, in one opened state. */
export function* readAll(header: BlockHeader, paths: readonly string[]): Fetching<ProvenRead[]> {
  const tree = yield* loadStateTree(header.parentStateRoot);
  const reads: ProvenRead[] = [];
  for (const path of paths) reads.push({ path, reading: yield* readStatePath(tree, path) });
  return reads;
}
