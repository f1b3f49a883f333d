import { reportChain } from "../chain/report-chain.ts";
import { verifyChain } from "../chain/verify-chain.ts";
import { BlockIndexBuilder } from "../verify/block-index.ts";
import { verifyF3File } from "../verify/f3-report.ts";
import { chainNetworkOf, manifestOf, needChainNetwork } from "../verify/network-choice.ts";
import { assertProofSize, verifyProofFile } from "../verify/proof-report.ts";
import type { OnProgress, Report } from "../verify/report.ts";
import { blobBytes, blobChunks } from "./blob-bytes.ts";
import { openChainFile } from "./chain-file.ts";
import type { Learned, Task } from "./messages.ts";
import { certificateCheck, signatureCheck, workersFor } from "./more-workers.ts";

/** Verifies one file. What it proves, and what later checks may build on. */
export function runTask(task: Task, onProgress: OnProgress): Promise<{ report: Report; learned: Learned }> {
  if (task.kind === "f3-snapshot") return runF3(task, onProgress);
  if (task.kind === "header-chain") return runChain(task, onProgress);
  return runProof(task);
}

async function runF3(task: Task, onProgress: OnProgress) {
  const { file, name, choice } = task;
  const index = new BlockIndexBuilder();
  const manifest = manifestOf(choice);
  const workers = workersFor(file.size, task.spare);
  const report = await verifyF3File({
    manifest,
    source: () => blobChunks(file, () => {}),
    check: certificateCheck(workers),
    together: 16 * Math.max(1, 2 * workers),
    now: () => performance.now(),
    index,
    onProgress,
  });
  return { report, learned: { finality: index.finish(name) } };
}

async function runChain(task: Task, onProgress: OnProgress) {
  const { file, name, choice, known } = task;
  const network = needChainNetwork(choice);
  const index = new BlockIndexBuilder();
  const { store, blocks, bytes } = await openChainFile(file, onProgress);
  const chain = await verifyChain({
    network,
    roots: store.roots,
    store,
    check: signatureCheck(workersFor(bytes, task.spare)),
    finality: known.finality,
    index,
    onProgress,
  });
  const report = reportChain(network, chain, { kind: store.kind, blocks, bytes });
  return { report, learned: { chain: index.finish(name), chainFinalHeight: chain.finalHeight } };
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
