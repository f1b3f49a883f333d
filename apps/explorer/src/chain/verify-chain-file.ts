import type { CertificateCheck } from "@copse/f3/store";
import { type CidBytes, toCid } from "@copse/ipld";
import type { Network } from "@copse/types";
import { BlockIndexBuilder, type BlockIndexData } from "../verify/block-index.ts";
import { verifyF3 } from "../verify/f3-report.ts";
import type { OnProgress, Report } from "../verify/report.ts";
import { count, whole } from "../verify/words.ts";
import { type FileBytes, openChainFile, type Spool } from "./chain-file.ts";
import type { CheckSignatures } from "./check-up.ts";
import { reportChain } from "./report-chain.ts";
import { readSnapshotMetadata } from "./snapshot-head.ts";
import { verifyChain } from "./verify-chain.ts";

/** What the file of a chain is verified with. */
export interface ChainFileNeeds {
  readonly file: FileBytes;
  readonly name: string;
  readonly network: Network;
  readonly spoolOf: () => Spool;
  readonly signatures: (bytes: number) => CheckSignatures;
  readonly certificates: (bytes: number) => { readonly check: CertificateCheck; readonly together: number };
  /** What F3 finalized, as verified before. */
  readonly finality: BlockIndexData | undefined;
  readonly onProgress: OnProgress;
}

/** What it proves, and what later checks may build on. */
export interface VerifiedChainFile {
  readonly report: Report;
  readonly chain: BlockIndexData | undefined;
  readonly chainFinalHeight: number | undefined;
  /** Of the F3 data in the file, where there is some. */
  readonly finality: BlockIndexData | undefined;
}

/**
 * Verifies the chain in a CAR: its roots are the head, or the metadata of a snapshot that names it. The F3 data of a
 * snapshot is verified first, so that the chain is held against what it finalized.
 *
 * @throws what {@link openChainFile}, `verifyF3Snapshot` and {@link verifyChain} throw
 */
export async function verifyChainFile(needs: ChainFileNeeds): Promise<VerifiedChainFile> {
  const { file, name, network, spoolOf, signatures, certificates, onProgress } = needs;
  const { store, blocks, bytes } = await openChainFile(file, spoolOf, onProgress);
  const [root] = store.roots;
  const block = root !== undefined && store.roots.length === 1 ? store.getSync(root) : undefined;
  const metadata = block && readSnapshotMetadata(block);
  const index = new BlockIndexBuilder();
  const f3 = metadata?.f3 && (await verifyF3Data(metadata.f3));
  const chain = await verifyChain({
    network,
    roots: metadata?.head ?? store.roots,
    store,
    check: signatures(bytes),
    finality: f3?.finality ?? needs.finality,
    index,
    onProgress,
  });
  const kind = metadata === undefined ? store.kind : `${store.kind}, snapshot of version 2`;
  const report = reportChain(network, chain, { kind, blocks, bytes });
  const facts = f3 === undefined ? report.facts : [...report.facts, { label: "F3 in the file", value: f3.says }];
  return {
    report: { ...report, facts },
    chain: index.finish(name),
    chainFinalHeight: chain.finalHeight,
    finality: f3?.finality,
  };

  async function verifyF3Data(cid: CidBytes) {
    const finalized = new BlockIndexBuilder();
    const { header, latest } = await verifyF3({
      manifest: network.f3,
      source: () => store.stream(cid),
      cid: toCid(cid),
      ...certificates(bytes),
      index: finalized,
      onProgress,
    });
    const certified = header.latestInstance - header.firstInstance + 1;
    const says = `${count(certified, "certificate")}, epoch ${whole(latest.chain.at(-1)?.epoch ?? 0)} is final`;
    return { says, finality: finalized.finish(name) };
  }
}
