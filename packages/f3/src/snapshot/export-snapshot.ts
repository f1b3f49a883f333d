import { createBlake2b } from "@copse/crypto";
import { cidOfDigest, codecs, toCid } from "@copse/ipld";
import { type AbortOptions, abortFault, assertNotAborted, encodeUvarint, HostFault } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import type { CertificateStore } from "../store/certificate-store.ts";
import { F3StoreError } from "../store/errors.ts";
import { F3SnapshotError } from "./errors.ts";
import { encodeSnapshotHeader, type F3SnapshotHeader, snapshotVersion } from "./header.ts";

/** How a snapshot is made. */
export interface ExportSnapshotOptions extends AbortOptions {
  /** The last instance in it. Default: the latest of the store. */
  readonly latest?: number | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

/** How far writing a snapshot has come. */
export interface ExportProgress {
  /** The last instance that was given. */
  readonly instance: number;
  readonly first: number;
  readonly latest: number;
  readonly bytes: number;
}

/** What was written. */
export interface ExportedSnapshot {
  /** Codec raw, blake2b-256, of the whole stream: what a snapshot CAR calls its F3 data. */
  readonly cid: CID;
  readonly header: F3SnapshotHeader;
  readonly bytes: number;
}

/** A snapshot as a stream: read it once. */
export interface F3SnapshotExport extends AsyncIterable<Uint8Array> {
  /** Resolves when all was read; rejects where reading failed or was given up. */
  readonly done: Promise<ExportedSnapshot>;
}

/** Bytes of a chunk, about. */
const chunkBytes = 256 << 10;
/** Rows read at once. */
const readAtOnce = 128;

/**
 * The certificates of a store as FRC-0108 F3 data, their bytes as they were stored. The same certificates always give the
 * same stream; what is put meanwhile is not in it.
 *
 * Bound: memory for some 256 KiB and 128 certificates.
 *
 * @throws {F3StoreError} `f3/store-empty`, `f3/store-instance-absent`; from the stream `f3/store-corrupt`
 * @throws {HostFault} `host/aborted`, from the stream
 * @see go-f3:certstore/snapshot.go ExportSnapshot
 * @example
 * const snapshot = exportF3Snapshot(store);
 * for await (const chunk of snapshot) await file.write(chunk);
 * const { cid, header } = await snapshot.done;
 */
export function exportF3Snapshot(store: CertificateStore, options: ExportSnapshotOptions = {}): F3SnapshotExport {
  const newest = store.latest?.instance;
  if (newest === undefined) throw new F3StoreError("f3/store-empty", { network: store.networkName });
  const { first } = store;
  const { latest = newest } = options;
  if (!Number.isSafeInteger(latest) || latest < first || latest > newest) {
    throw new F3StoreError("f3/store-instance-absent", { instance: latest, first, next: newest + 1 });
  }
  const header = {
    version: snapshotVersion,
    firstInstance: first,
    latestInstance: latest,
    initialPowerTable: store.initialPowerTable.entries,
  };
  let settle: { resolve(value: ExportedSnapshot): void; reject(error: unknown): void };
  const done = new Promise<ExportedSnapshot>((resolve, reject) => {
    settle = { resolve, reject };
  });
  done.catch(() => {}); // whoever reads the stream gets it too
  let isRead = false;
  return {
    done,
    async *[Symbol.asyncIterator]() {
      if (isRead) throw new F3SnapshotError("f3/snapshot-read-again", { what: "the export of a snapshot" });
      isRead = true;
      let failure: unknown = new HostFault("host/aborted", { reason: "the export was not read to its end" });
      const sum = new RunningSum();
      try {
        for await (const chunk of gather(blocks(store, header, options, sum))) {
          sum.add(chunk);
          yield chunk;
        }
        failure = undefined;
        settle.resolve({ cid: sum.cid(), header, bytes: sum.bytes });
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        if (failure !== undefined) settle.reject(failure);
      }
    },
  };
}

class RunningSum {
  readonly #hash = createBlake2b();
  bytes = 0;

  add(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
  }

  cid(): CID {
    const cid = cidOfDigest(this.#hash.digest());
    cid[1] = codecs.raw;
    return toCid(cid);
  }
}

/** Header and certificates, each led by its length. */
async function* blocks(
  store: CertificateStore,
  header: F3SnapshotHeader,
  { signal, onProgress }: ExportSnapshotOptions,
  sum: RunningSum,
): AsyncGenerator<Uint8Array> {
  const { firstInstance: first, latestInstance: latest } = header;
  const head = encodeSnapshotHeader(header);
  yield encodeUvarint(head.length);
  yield head;
  for (let from = first; from <= latest; from += readAtOnce) {
    if (signal?.aborted) throw abortFault(signal);
    const to = Math.min(from + readAtOnce - 1, latest);
    const rows = await Promise.all(Array.from({ length: to - from + 1 }, (_, at) => store.get(from + at)));
    assertNotAborted(signal);
    for (const [at, bytes] of rows.entries()) {
      if (bytes === undefined) {
        throw new F3StoreError("f3/store-instance-absent", { instance: from + at, first, next: latest + 1 });
      }
      yield encodeUvarint(bytes.length);
      yield bytes;
    }
    onProgress?.({ instance: to, first, latest, bytes: sum.bytes });
  }
}

/** Small pieces put together into chunks. */
async function* gather(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let chunk = new Uint8Array(chunkBytes);
  let length = 0;
  for await (const piece of pieces) {
    if (length > 0 && length + piece.length > chunk.length) {
      yield chunk.subarray(0, length);
      [chunk, length] = [new Uint8Array(chunkBytes), 0];
    }
    if (piece.length > chunk.length) {
      yield piece.slice(); // the store's bytes are not handed out
      continue;
    }
    chunk.set(piece, length);
    length += piece.length;
  }
  if (length > 0) yield chunk.subarray(0, length);
}
