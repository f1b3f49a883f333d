import { type AbortOptions, equalBytes } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import type { CertificateCheck } from "../store/certificate-check.ts";
import type { F3Position, FinalityCertificate } from "../types.ts";
import type { ByteSource } from "./byte-source.ts";
import { F3SnapshotError } from "./errors.ts";
import type { F3SnapshotHeader } from "./header.ts";
import { type F3SnapshotEntry, type F3SnapshotReader, readF3Snapshot } from "./read-snapshot.ts";
import { type SnapshotTrust, snapshotRoot } from "./snapshot-root.ts";
import { BatchSize, batchBytes, type F3SnapshotProgress, readAhead, verifyBatch } from "./verify-batch.ts";

/** How a snapshot is verified. */
export interface VerifySnapshotOptions extends SnapshotTrust, AbortOptions {
  /** Verifies the certificates: an `F3Pool`, or `checkHere(random)`. */
  readonly check: CertificateCheck;
  /** The CID the stream must have, where it is known: a snapshot CAR tells it. */
  readonly cid?: CID | undefined;
  /** Certificates verified at once. Default: as many as take about a second and a half. */
  readonly batch?: number | undefined;
  /** Told after each batch. */
  readonly onProgress?: ((progress: F3SnapshotProgress) => void) | undefined;
}

/** What a good snapshot holds. */
export interface VerifiedSnapshot {
  /** Codec raw, blake2b-256, of the whole stream. */
  readonly cid: CID;
  readonly header: F3SnapshotHeader;
  readonly bytes: number;
  /** How many certificates there are. */
  readonly certificates: number;
  /** The newest one; its chain ends with the final tipset. */
  readonly latest: FinalityCertificate;
  /** Where later certificates can be verified from. */
  readonly position: F3Position;
}

/**
 * Verifies FRC-0108 F3 data from its trust root to its end, keeping nothing: form, order, every signature, every table.
 *
 * Bound: memory for two batches of about 4 MiB, however long the stream is.
 *
 * @throws {F3SnapshotError} what is wrong with the stream, its header or its root
 * @throws {F3Error} the first certificate that does not hold; `facts.instance` names it
 * @throws {HostFault} `host/aborted`
 * @example
 * const { latest } = await verifyF3Snapshot(createReadStream(file), { manifest: f3Mainnet, check: pool });
 * latest.chain.at(-1)?.epoch // is final
 */
export async function verifyF3Snapshot(source: ByteSource, options: VerifySnapshotOptions): Promise<VerifiedSnapshot> {
  await using reading = await openReading(source, options.signal);
  const { signal, check, onProgress } = options;
  const { reader } = reading;
  const { header } = reader;
  const { root, manifest } = snapshotRoot(header, options);
  let position = root;
  const { firstInstance: first, latestInstance: latest } = header;
  const { networkName } = manifest;
  let newest: FinalityCertificate | undefined;
  const decode = (batch: readonly { readonly certificate: FinalityCertificate }[]): void => {
    for (const entry of batch) void entry.certificate;
  };
  const size = new BatchSize(options.batch);
  for await (const batch of readAhead(
    reader.batches(() => size.count, batchBytes),
    decode,
    reading.stop,
  )) {
    const start = performance.now();
    position = await verifyBatch(check, position, batch, { networkName, signal });
    size.learn(batch.length, performance.now() - start);
    const { certificate, instance, end: bytes } = batch.at(-1) as F3SnapshotEntry;
    newest = certificate;
    onProgress?.({ instance, first, latest, bytes, verified: instance - first + 1, known: 0 });
  }
  const cid = endOf(reader, options.cid);
  const certificates = latest - first + 1;
  return { cid, header, bytes: reader.bytes, certificates, latest: newest as FinalityCertificate, position };
}

/** A snapshot that is being read. */
export interface Reading extends AsyncDisposable {
  readonly reader: F3SnapshotReader;
  /** Ends it: what still waits for bytes is refused. */
  readonly stop: () => void;
}

/** Opens a snapshot; at its end nobody waits for a read that is still under way. */
export async function openReading(source: ByteSource, signal: AbortSignal | undefined): Promise<Reading> {
  const over = new AbortController();
  const signals = signal === undefined ? [over.signal] : [signal, over.signal];
  const reader = await readF3Snapshot(source, { signal: AbortSignal.any(signals) });
  const stop = (): void => over.abort(new Error("the snapshot is not read any further"));
  return {
    reader,
    stop,
    async [Symbol.asyncDispose]() {
      stop();
      await reader.close();
    },
  };
}

/** The CID of a stream that was read to its end. @throws {F3SnapshotError} `f3/snapshot-other-cid` */
export function endOf(reader: F3SnapshotReader, expected: CID | undefined): CID {
  const cid = reader.cid as CID; // all was read
  if (expected === undefined || equalBytes(cid.bytes, expected.bytes)) return cid;
  throw new F3SnapshotError("f3/snapshot-other-cid", { expected: expected.toString(), found: cid.toString() });
}
