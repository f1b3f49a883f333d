import { stateJson } from "@copse/state/path";
import { maxProofBytes, type VerifiedProof, verifyProof } from "@copse/state/proof";
import type { Network } from "@copse/types";
import { ExplorerError } from "../errors.ts";
import { type BlockIndexData, findBlock } from "./block-index.ts";
import type { Fact, Report } from "./report.ts";
import { count, size, whole } from "./words.ts";

/** What this session has verified of the chain before. */
export interface KnownChain {
  readonly network: Network | undefined;
  readonly finality: BlockIndexData | undefined;
  /** The newest header chain, and the height up to which F3 made it final. */
  readonly chain: BlockIndexData | undefined;
  readonly chainFinalHeight: number | undefined;
}

/** @throws {ExplorerError} `explorer/file-too-large` */
export function assertProofSize(bytes: number): void {
  if (bytes <= maxProofBytes) return;
  throw new ExplorerError("explorer/file-too-large", { what: "proof", found: bytes, limit: maxProofBytes });
}

/**
 * Verifies a proof of state, and tells what its header hangs on.
 *
 * @throws {ProofError} {StateError} a proof that proves nothing
 * @throws {ExplorerError} `explorer/not-final` where its header is on another chain than F3's
 */
export function verifyProofFile(file: Uint8Array, known: KnownChain): Report {
  const proof = verifyProof(file);
  const anchors = anchorsOf(proof, known);
  const { header, headerCid, stateRoot, reads, blocks, bytes } = proof;
  const prefix = known.network?.addressPrefix ?? "f";
  const values = reads.map(({ path, reading }): Fact => {
    const value = reading.kind === "absent" ? `not there: nothing at ${reading.at}` : stateJson(reading, path, prefix);
    // Values have their large integers in quotes, and lose nothing; CBOR may hold some that have none.
    return { label: path, value: reading.kind === "value" ? spread(value) : value, form: "mono" };
  });
  const isAnchored = anchors.length > 0;
  return {
    kind: "state-proof",
    verdict: isAnchored ? "verified" : "partly",
    headline: `${count(reads.length, "value")} in the ${header.height === 0 ? "genesis state" : `state before epoch ${whole(header.height)}`}`,
    facts: [
      ...values,
      { label: "Anchored in", value: isAnchored ? anchors.join("; ") : "its own header only" },
      { label: "Header", value: headerCid.toString(), form: "mono" },
      { label: "Epoch", value: whole(header.height) },
      { label: "State root", value: stateRoot.toString(), form: "mono" },
      { label: "File", value: `${count(blocks, "block")} from root to values, ${size(bytes)}, every block hashed` },
    ],
    notes: isAnchored ? [] : [notAnchored(header.height, known)],
  };
}

/** JSON over several lines, where it is more than one value. */
function spread(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2);
}

function anchorsOf({ header, headerCid }: VerifiedProof, known: KnownChain): string[] {
  const { network, finality, chain, chainFinalHeight } = known;
  const { height } = header;
  const anchors: string[] = [];
  if (network?.genesisCid.equals(headerCid)) anchors.push(`the genesis of ${network.name}`);
  const final = finality && findBlock(finality, height, headerCid.bytes);
  if (finality !== undefined && final === "not on it") {
    throw new ExplorerError("explorer/not-final", { height, found: `${headerCid}`, snapshot: finality.source });
  }
  if (final === "on it") anchors.push(`epoch ${whole(height)}, final by F3 (${finality?.source})`);
  if (chain !== undefined && findBlock(chain, height, headerCid.bytes) === "on it") {
    anchors.push(`the header chain verified before (${chain.source})`);
    if (final !== "on it" && chainFinalHeight !== undefined && height <= chainFinalHeight) {
      anchors.push(`final by F3, as an ancestor of epoch ${whole(chainFinalHeight)}`);
    }
  }
  return anchors;
}

function notAnchored(height: number, { finality, chain }: KnownChain): string {
  const says =
    "The values are in the state that this header names. Whether the header is on the network's chain is not shown";
  if (finality === undefined && chain === undefined) {
    return `${says}: verify an F3 snapshot or a header chain that covers its epoch first.`;
  }
  const covers = [finality, chain].flatMap((index) =>
    index === undefined ? [] : [`${index.source} covers epochs ${whole(index.first)}–${whole(index.last)}`],
  );
  return `${says}: ${covers.join("; ")}; this is epoch ${whole(height)}.`;
}
