import { verifyChainFile } from "../chain/verify-chain-file.ts";
import { BlockIndexBuilder } from "../verify/block-index.ts";
import { verifyF3File } from "../verify/f3-report.ts";
import { chainNetworkOf, manifestOf, needChainNetwork } from "../verify/network-choice.ts";
import { assertProofSize, verifyProofFile } from "../verify/proof-report.ts";
import type { OnProgress, Report } from "../verify/report.ts";
import { BlobSpool, blobBytes, blobChunks, blobFile } from "./blob-bytes.ts";
import type { Learned, Task } from "./messages.ts";
import { certificateCheck, signatureCheck, workersFor } from "./more-workers.ts";

/** Verifies one file. What it proves, and what later checks may build on. */
export function runTask(task: Task, onProgress: OnProgress): Promise<{ report: Report; learned: Learned }> {
  if (task.kind === "f3-snapshot") return runF3(task, onProgress);
  if (task.kind === "header-chain") return runChain(task, onProgress);
  return runProof(task);
}

async function runF3({ file, name, choice, spare }: Task, onProgress: OnProgress) {
  const index = new BlockIndexBuilder();
  const needs = {
    manifest: manifestOf(choice),
    source: () => blobChunks(file, () => {}),
    ...certificateCheck(workersFor(file.size, spare)),
    index,
    onProgress,
  };
  const report = await verifyF3File(needs, () => performance.now());
  return { report, learned: { finality: index.finish(name) } };
}

async function runChain({ file, name, choice, known, spare }: Task, onProgress: OnProgress) {
  const { report, ...found } = await verifyChainFile({
    file: blobFile(file),
    name,
    network: needChainNetwork(choice),
    spoolOf: () => new BlobSpool(),
    signatures: (bytes) => signatureCheck(workersFor(bytes, spare)),
    certificates: (bytes) => certificateCheck(workersFor(bytes, spare)),
    finality: known.finality,
    onProgress,
  });
  return { report, learned: { ...found, finality: found.finality ?? known.finality } };
}

async function runProof({ file, choice, known }: Task) {
  assertProofSize(file.size);
  const report = verifyProofFile(await blobBytes(file), {
    network: chainNetworkOf(choice),
    finality: known.finality,
    chain: known.chain,
    chainFinalHeight: known.chainFinalHeight,
  });
  return { report, learned: {} };
}
