import { equalBytes, isCopseError } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import type { StoredCertificate } from "../store/certificate-rows.ts";
import { assertSameRoot, type CertificateStore, openCertificateStore } from "../store/certificate-store.ts";
import { coreOf } from "../store/core-of.ts";
import { ImportStage } from "../store/import-stage.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { isSameDecision } from "../store/same-decision.ts";
import type { StoreCore } from "../store/store-core.ts";
import type { F3Position } from "../types.ts";
import type { ByteSource } from "./byte-source.ts";
import { F3SnapshotError } from "./errors.ts";
import type { F3SnapshotHeader } from "./header.ts";
import type { F3SnapshotEntry } from "./read-snapshot.ts";
import { type RootManifest, snapshotRoot } from "./snapshot-root.ts";
import { BatchSize, batchBytes, readAhead, verifyBatch } from "./verify-batch.ts";
import { endOf, openReading, type Reading, type VerifySnapshotOptions } from "./verify-snapshot.ts";

/** How a snapshot is imported. */
export interface ImportSnapshotOptions extends VerifySnapshotOptions {
  /**
   * Whether an import that is aborted, or that its host or source lets down, leaves what it has verified for the next one, as
   * a killed one does. Nobody sees it before. Default: what was begun is taken away again. A snapshot that is wrong leaves nothing
   * either way.
   */
  readonly resumable?: boolean | undefined;
}

/** What an import has done. */
export interface ImportedSnapshot {
  /** Codec raw, blake2b-256, of the whole stream. */
  readonly cid: CID;
  readonly header: F3SnapshotHeader;
  readonly bytes: number;
  /** Certificates the store holds more than before. */
  readonly added: number;
  /** Certificates that were verified now. */
  readonly verified: number;
  /** Certificates taken over from an import that was killed: the same bytes, verified then. */
  readonly resumed: number;
  readonly store: CertificateStore;
}

/**
 * Imports FRC-0108 F3 data: every certificate is verified, then all become part of the store in one step. What fails or is
 * aborted leaves the store as it was; what is killed goes on where it was, as far as the next import brings the same bytes.
 *
 * Certificates the store has already must decide the same; their signatures are checked where their bytes differ. A longer
 * snapshot makes the store longer, a shorter one changes nothing.
 *
 * Bound: memory for two batches of about 4 MiB, however long the stream is. One import into a store at a time; puts may go on.
 *
 * @param target a store, or where one is to be: it is opened for what the snapshot's header says, if that is to be trusted
 * @throws {F3SnapshotError} what is wrong with the stream; `f3/snapshot-conflict` names the first instance decided otherwise
 * @throws {F3Error} the first certificate that does not hold; `facts.instance` names it
 * @throws {F3StoreError} `f3/store-other-root`, `f3/store-import-running`, `f3/store-corrupt`; `f3/store-changed` where another
 * process, or another handle of the same rows, has gone on here meanwhile: what it did stays
 * @throws {HostFault} `host/aborted`, `host/store-failed`
 * @see go-f3:certstore/snapshot.go ImportSnapshotToDatastore, which checks neither signatures nor chains
 * @example
 * const kv = rowsAsStore(database, "f3");
 * const { store, added } = await importF3Snapshot(createReadStream(file), kv, { manifest: f3Mainnet, check: pool });
 */
export async function importF3Snapshot(
  source: ByteSource,
  target: KeyValueStore | CertificateStore,
  options: ImportSnapshotOptions,
): Promise<ImportedSnapshot> {
  await using reading = await openReading(source, options.signal);
  const { reader } = reading;
  const { root, manifest } = snapshotRoot(reader.header, options);
  const store = await openTarget(target, root, manifest);
  const stage = await ImportStage.start(coreOf(store) as StoreCore);
  try {
    const done = await new Import(reading, stage, { ...options, manifest }).run(root);
    return { ...done, header: reader.header, bytes: reader.bytes, store };
  } finally {
    stage.end();
  }
}

class Import {
  readonly #reading: Reading;
  readonly #stage: ImportStage;
  readonly #options: ImportSnapshotOptions & { readonly manifest: RootManifest };
  readonly #storedBefore: number;
  readonly #size: BatchSize;
  #writing: Promise<void> = Promise.resolve();
  #verified = 0;
  #known = 0;
  #resumed = 0;

  constructor(
    reading: Reading,
    stage: ImportStage,
    options: ImportSnapshotOptions & { readonly manifest: RootManifest },
  ) {
    this.#reading = reading;
    this.#stage = stage;
    this.#options = options;
    this.#storedBefore = stage.stored;
    this.#size = new BatchSize(options.batch);
  }

  async run(root: F3Position): Promise<Pick<ImportedSnapshot, "cid" | "added" | "verified" | "resumed">> {
    const stage = this.#stage;
    const { reader } = this.#reading;
    const next = reader.header.latestInstance + 1;
    try {
      const position = await this.#takeAll(root);
      await this.#writing;
      const cid = endOf(reader, this.#options.cid);
      await stage.cut(next); // an import that was killed had come further
      const done = await stage.commit(position);
      if ("conflict" in done) throw new F3SnapshotError("f3/snapshot-conflict", { instance: done.conflict });
      return { cid, added: done.added, verified: this.#verified, resumed: this.#resumed };
    } catch (error) {
      await this.#writing.catch(() => {});
      // What says nothing against the certificates: an abort, a full disk, a source that broke off.
      const isKept = this.#options.resumable === true && !isCopseError(error, "f3/");
      // Where even that fails, what is left is as after a kill: invisible, and taken up or away by the next import.
      if (!isKept) await stage.discard().catch(() => {});
      throw error;
    }
  }

  async #takeAll(root: F3Position): Promise<F3Position | undefined> {
    const { reader, stop } = this.#reading;
    const { firstInstance: first, latestInstance: latest } = reader.header;
    const { onProgress } = this.#options;
    // Decoded while the batch before is verified, unless its bytes are known most likely.
    const decode = (batch: readonly F3SnapshotEntry[]): void => {
      for (const entry of batch) if (entry.instance >= this.#stage.next) void entry.certificate;
    };
    let position: F3Position | undefined = root;
    for await (const batch of readAhead(
      reader.batches(() => this.#size.count, batchBytes),
      decode,
      stop,
    )) {
      position = await this.#take(batch, position);
      const { instance, end: bytes } = batch.at(-1) as F3SnapshotEntry;
      onProgress?.({ instance, first, latest, bytes, verified: this.#verified, known: this.#known });
    }
    return position;
  }

  /** @param before where the last batch led, if it was verified */
  async #take(batch: readonly F3SnapshotEntry[], before: F3Position | undefined): Promise<F3Position | undefined> {
    const stage = this.#stage;
    const { signal, check, manifest } = this.#options;
    const start = (batch[0] as F3SnapshotEntry).instance;
    const held = await stage.held(start, batch.length, { signal });
    const same = sameFromFront(batch, held);
    this.#known += same;
    this.#resumed += Math.max(0, start + same - Math.max(start, this.#storedBefore));
    const fresh = batch.slice(same);
    const next = start + same;
    if (fresh.length === 0) return undefined;
    const position = before?.nextInstance === next ? before : await stage.position(next, { signal });
    const { networkName } = manifest;
    const began = performance.now();
    const after = await verifyBatch(check, position, fresh, { networkName, signal });
    this.#size.learn(fresh.length, performance.now() - began);
    this.#verified += fresh.length;
    for (const [at, stored] of held.slice(same).entries()) {
      const { instance, certificate } = fresh[at] as F3SnapshotEntry;
      if (instance >= stage.stored) break; // staged only, and forgotten below
      if (isSameDecision(stage.decode(stored), certificate)) continue;
      await this.#writing;
      // Puts may have decided earlier ones meanwhile, after they were compared.
      throw new F3SnapshotError("f3/snapshot-conflict", { instance: (await stage.conflict()) ?? instance });
    }
    await this.#writing;
    await stage.cut(next);
    this.#writing = stage.append(position, fresh);
    this.#writing.catch(() => {}); // thrown where it is waited for
    return after;
  }
}

function sameFromFront(batch: readonly F3SnapshotEntry[], held: readonly StoredCertificate[]): number {
  const at = held.findIndex(({ bytes }, i) => !equalBytes(bytes, (batch[i] as F3SnapshotEntry).bytes));
  return at === -1 ? held.length : at;
}

async function openTarget(
  target: KeyValueStore | CertificateStore,
  { nextInstance: initialInstance, powerTable: initialPowerTable }: F3Position,
  { networkName, committeeLookback }: RootManifest,
): Promise<CertificateStore> {
  const root = { networkName, initialInstance, committeeLookback, initialPowerTable };
  const core = coreOf(target);
  if (core === undefined) return openCertificateStore(target as KeyValueStore, root);
  assertSameRoot(core.root, root);
  return target as CertificateStore;
}
