import { CborReader, CborWriter, type CidBytes, isChainCid } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import { parseStatePath } from "../path/read-path.ts";
import { ProofError } from "./errors.ts";
import { maxProofPaths } from "./limits.ts";

/** What a proof says it is: what was read, and in which state. */
export interface ProofDescriptor {
  /** The header whose parent state root the paths start from. */
  readonly header: CidBytes;
  /** What was read, in this order. */
  readonly paths: readonly string[];
}

const name = "copse-state-proof";
const version = 1;

/**
 * The block of a descriptor.
 *
 * Shape: `["copse-state-proof", 1, header, [path…]]`, with the header's CID as a link.
 */
export function encodeDescriptor({ header, paths }: ProofDescriptor): Uint8Array {
  const writer = new CborWriter().array(4).text(name).uint(version).link(header).array(paths.length);
  for (const path of paths) writer.text(path);
  return writer.finish();
}

/**
 * Reads a descriptor; only what {@link encodeDescriptor} writes is one.
 *
 * @param offset where the block stands in the file, for errors
 * @throws {ProofError} `proof/malformed`, `proof/version-unknown`, `proof/too-large`
 */
export function decodeDescriptor(block: Uint8Array, offset: number): ProofDescriptor {
  try {
    const reader = new CborReader(block);
    if (reader.array() !== 4 || reader.text() !== name) throw malformed(offset, "the first block is no descriptor");
    const found = reader.safeUint();
    if (found !== version) throw new ProofError("proof/version-unknown", { version: found, known: version });
    const header = reader.link().slice();
    if (!isChainCid(header)) throw malformed(offset, "the header's CID is not one of the chain's form");
    const count = reader.array();
    assertPaths(count);
    const paths = Array.from({ length: count }, () => reader.text());
    reader.end();
    for (const path of paths) parseStatePath(path);
    if (new Set(paths).size < count) throw malformed(offset, "a path stands twice");
    if (equalBytes(encodeDescriptor({ header, paths }), block)) return { header, paths };
  } catch (error) {
    if (error instanceof ProofError || !isCopseError(error)) throw error;
    throw new ProofError("proof/malformed", { offset, why: `the descriptor: ${error.message}` }, { cause: error });
  }
  throw malformed(offset, "the descriptor is not in its canonical form");
}

/** @throws {ProofError} `proof/malformed`, `proof/too-large` */
export function assertPaths(count: number): void {
  if (count === 0) throw malformed(0, "it is of no path");
  if (count > maxProofPaths)
    throw new ProofError("proof/too-large", { what: "paths", found: count, limit: maxProofPaths });
}

function malformed(offset: number, why: string): ProofError<"proof/malformed"> {
  return new ProofError("proof/malformed", { offset, why });
}
