import { cidOfDigest, codecs, toCid } from "@copse/ipld";
import { type AbortOptions, CopseError } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { decodeCertificate } from "../certificate.ts";
import { instanceOf, mostCertificateBytes, mostTableBytes } from "../store/certificate-rows.ts";
import type { FinalityCertificate } from "../types.ts";
import { BlockReader, type SnapshotBlock } from "./block-reader.ts";
import { type ByteSource, piecesOf } from "./byte-source.ts";
import { F3SnapshotError } from "./errors.ts";
import { decodeSnapshotHeader, type F3SnapshotHeader } from "./header.ts";

/** A certificate as it stands in a snapshot. */
export class F3SnapshotEntry {
  readonly instance: number;
  /** Of its length, in the stream. */
  readonly offset: number;
  /** Offset of what follows it. */
  readonly end: number;
  /** CBOR. */
  readonly bytes: Uint8Array;
  #certificate: FinalityCertificate | undefined;

  constructor(instance: number, { offset, end, bytes }: SnapshotBlock) {
    this.instance = instance;
    this.offset = offset;
    this.end = end;
    this.bytes = bytes;
  }

  /** Decoded when it is first asked for. @throws {F3SnapshotError} `f3/snapshot-certificate-malformed` */
  get certificate(): FinalityCertificate {
    this.#certificate ??= this.#decoded();
    return this.#certificate;
  }

  #decoded(): FinalityCertificate {
    const { instance, offset } = this;
    return readable(instance, offset, () => decodeCertificate(this.bytes));
  }
}

/**
 * An F3 snapshot that is being read. Its certificates are in order and complete, each of the instance in whose place it
 * stands; whether they hold is not looked at.
 */
export interface F3SnapshotReader {
  readonly header: F3SnapshotHeader;
  /** Bytes of the stream that were given so far, header and lengths among them. */
  readonly bytes: number;
  /** In order, once. Leaving the loop ends the source. */
  readonly certificates: AsyncIterable<F3SnapshotEntry>;
  /** The same, some at a time: at most `count` tells, asked for each batch, and few more bytes than `bytes`. */
  batches(count: () => number, bytes: number): AsyncIterable<readonly F3SnapshotEntry[]>;
  /** CID of the whole stream, once the last certificate was given; else `undefined`. */
  readonly cid: CID | undefined;
  /** Ends the source, for whoever does not read the certificates. */
  close(): Promise<void>;
}

/** Longest header: 8,192 members. */
export const mostHeaderBytes: number = mostTableBytes + 64;

/**
 * Reads FRC-0108 F3 data from a stream, up to what no two readers may see differently: version, lengths, order, end. Nothing
 * is verified: for that there are {@link verifyF3Snapshot} and {@link importF3Snapshot}.
 *
 * Shape: for header and certificates each a varint of its length, then its CBOR.
 * Bound: header and certificates 2 MiB each; memory for one of them and a piece of the stream.
 *
 * @throws {F3SnapshotError} `f3/snapshot-cut`, `f3/snapshot-length-malformed`, `f3/snapshot-too-long`,
 * `f3/snapshot-header-malformed`, `f3/snapshot-version-unknown`, `f3/snapshot-range-malformed`; from its certificates also
 * `f3/snapshot-certificate-malformed`, `f3/snapshot-gap`, `f3/snapshot-incomplete`, `f3/snapshot-trailing`
 * @throws {HostFault} `host/aborted`
 * @see FIPs:FRCs/frc-0108.md, go-f3:certstore/snapshot.go
 * @example
 * const { header, certificates } = await readF3Snapshot(createReadStream("mainnet.f3snap"));
 * for await (const { instance, certificate } of certificates) use(instance, certificate.chain);
 */
export async function readF3Snapshot(source: ByteSource, { signal }: AbortOptions = {}): Promise<F3SnapshotReader> {
  const pieces = piecesOf(source, signal);
  const blocks = new BlockReader(pieces);
  try {
    const block = await blocks.next(mostHeaderBytes, undefined);
    if (block === undefined) {
      throw new F3SnapshotError("f3/snapshot-cut", { instance: undefined, offset: 0, needed: 1, found: 0 });
    }
    return new Reader(decodeSnapshotHeader(block.bytes), blocks, pieces);
  } catch (error) {
    await pieces.return(undefined);
    throw error;
  }
}

class Reader implements F3SnapshotReader {
  readonly header: F3SnapshotHeader;
  readonly #blocks: BlockReader;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #isRead = false;
  #cid: CID | undefined;

  constructor(header: F3SnapshotHeader, blocks: BlockReader, pieces: AsyncGenerator<Uint8Array>) {
    this.header = header;
    this.#blocks = blocks;
    this.#pieces = pieces;
  }

  get bytes(): number {
    return this.#blocks.offset;
  }

  get cid(): CID | undefined {
    return this.#cid;
  }

  async close(): Promise<void> {
    await this.#pieces.return(undefined);
  }

  get certificates(): AsyncIterable<F3SnapshotEntry> {
    return flat(this.batches(() => 64, 1 << 20));
  }

  async *batches(count: () => number, bytes: number): AsyncGenerator<readonly F3SnapshotEntry[]> {
    if (this.#isRead) throw new F3SnapshotError("f3/snapshot-read-again", { what: "the certificates of a snapshot" });
    this.#isRead = true;
    const { firstInstance, latestInstance } = this.header;
    try {
      for (let instance = firstInstance; instance <= latestInstance; ) {
        const batch: F3SnapshotEntry[] = [];
        const most = Math.max(1, count());
        for (let held = 0; instance <= latestInstance && batch.length < most && held < bytes; instance++) {
          const entry = await this.#entry(instance);
          batch.push(entry);
          held += entry.bytes.length;
        }
        // All of the stream is looked at before the last certificates are given.
        if (instance > latestInstance) await this.#end(instance);
        yield batch;
      }
    } finally {
      await this.#pieces.return(undefined);
    }
  }

  async #entry(instance: number): Promise<F3SnapshotEntry> {
    const blocks = this.#blocks;
    const block = blocks.tryNext(mostCertificateBytes, instance) ?? (await blocks.next(mostCertificateBytes, instance));
    if (block === undefined) {
      const { latestInstance: latest } = this.header;
      throw new F3SnapshotError("f3/snapshot-incomplete", { instance, latest, offset: blocks.offset });
    }
    const { offset } = block;
    const found = readable(instance, offset, () => instanceOf(block.bytes));
    if (found !== instance) throw new F3SnapshotError("f3/snapshot-gap", { instance, found, offset });
    return new F3SnapshotEntry(instance, block);
  }

  async #end(instance: number): Promise<void> {
    const { offset } = this.#blocks;
    const { latestInstance: latest } = this.header;
    if (!(await this.#blocks.isAtEnd())) {
      throw new F3SnapshotError("f3/snapshot-trailing", { instance, latest, offset });
    }
    const cid = cidOfDigest(this.#blocks.digest());
    cid[1] = codecs.raw;
    this.#cid = toCid(cid);
  }
}

async function* flat(batches: AsyncIterable<readonly F3SnapshotEntry[]>): AsyncGenerator<F3SnapshotEntry> {
  for await (const batch of batches) yield* batch;
}

function readable<T>(instance: number, offset: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CopseError)) throw error;
    const facts = { instance, offset, why: error.message };
    throw new F3SnapshotError("f3/snapshot-certificate-malformed", facts, { cause: error });
  }
}
