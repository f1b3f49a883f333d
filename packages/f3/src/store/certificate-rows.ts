import { CborReader } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, equalBytes, isCopseError } from "@copse/primitives";
import { decodeCertificate } from "../certificate.ts";
import { applyPowerTableDelta } from "../power-delta.ts";
import { decodePowerEntries } from "../power-entries.ts";
import { createPowerTable } from "../power-table.ts";
import type { F3Position, F3Tipset, FinalityCertificate, PowerTable } from "../types.ts";
import { F3StoreError } from "./errors.ts";
import type { KeyValueStore } from "./key-value-store.ts";
import { certificateKey, certificateRow, powerKey, powerRow, tableEvery } from "./keys.ts";
import type { Segment } from "./records.ts";

/** Most bytes of a certificate, as in snapshots: 128 tipsets of 20 blocks and 8,192 changes of power fit. */
export const mostCertificateBytes: number = 2 << 20;
/** Most bytes of a power table: 8,192 members. */
export const mostTableBytes: number = 2 << 20;

/** Which rows count, and where they are. */
export interface RowSpan {
  readonly first: number;
  /** The instance before `first` where there are none. */
  readonly latest: number;
  readonly segments: readonly Segment[];
}

/** A certificate's bytes as they are stored. */
export interface StoredCertificate {
  readonly instance: number;
  readonly bytes: Uint8Array;
}

/** Rows read at once: more wait less for the store, and hold more memory. */
const readAhead = 128;

/**
 * Reads certificates and power tables from the rows of a span. Every row is looked at as a stranger's: what is not whole, or
 * does not fit its neighbours, is `f3/store-corrupt`.
 */
export class CertificateRows {
  readonly #kv: KeyValueStore;
  readonly #initialTable: PowerTable;
  readonly #lookback: number;
  readonly span: RowSpan;

  constructor(
    kv: KeyValueStore,
    span: RowSpan,
    root: { readonly initialTable: PowerTable; readonly lookback: number },
  ) {
    this.#kv = kv;
    this.span = span;
    this.#initialTable = root.initialTable;
    this.#lookback = root.lookback;
  }

  /** The certificate's bytes, or `undefined` outside the span. */
  async bytes(instance: number): Promise<Uint8Array | undefined> {
    const { first, latest } = this.span;
    if (instance < first || instance > latest) return undefined;
    const generation = this.#generationOf(instance);
    const bytes = await this.#kv.get(certificateKey(generation, instance));
    assertCertificateRow(bytes, generation, instance);
    return bytes;
  }

  /** @throws {F3StoreError} `f3/store-instance-absent`, `f3/store-corrupt` */
  async certificate(instance: number): Promise<FinalityCertificate> {
    const bytes = await this.bytes(instance);
    if (bytes === undefined) throw this.absent(instance);
    return this.decode({ instance, bytes });
  }

  /** @throws {F3StoreError} `f3/store-corrupt` */
  decode({ instance, bytes }: StoredCertificate): FinalityCertificate {
    let certificate: FinalityCertificate;
    try {
      certificate = decodeCertificate(bytes);
    } catch (error) {
      if (!isCopseError(error)) throw error;
      throw corruptCertificate(this.#generationOf(instance), instance, error.message, error);
    }
    if (certificate.chain.length > 0) return certificate;
    throw corruptCertificate(this.#generationOf(instance), instance, "its chain is empty");
  }

  /** Certificates `from` to `to`, both included, in batches that are read at once. */
  async *batches(from: number, to: number, options: AbortOptions = {}): AsyncGenerator<StoredCertificate[]> {
    if (from > to) return;
    let next: Promise<StoredCertificate[]> | undefined = this.#batch(from, to);
    for (let at = from; next !== undefined; ) {
      assertNotAborted(options.signal);
      const batch: StoredCertificate[] = await next;
      at += batch.length;
      next = at <= to ? this.#batch(at, to) : undefined;
      next?.catch(() => {}); // whoever leaves the loop does not wait for it
      yield batch;
    }
  }

  /**
   * The table that validates an instance, at most the one after the latest: the nearest stored one and the changes since,
   * checked against the CID that the certificate before it signs.
   */
  async powerTable(instance: number, options: AbortOptions = {}): Promise<PowerTable> {
    const { first, latest } = this.span;
    if (instance < first || instance > latest + 1) throw this.absent(instance);
    if (instance === first) return this.#initialTable;
    const start = Math.max(instance - (instance % tableEvery), first);
    let table = start === first ? this.#initialTable : await this.#storedTable(start);
    let last: FinalityCertificate | undefined;
    for await (const batch of this.batches(start, instance - 1, options)) {
      for (const stored of batch) {
        last = this.decode(stored);
        table = this.#changed(table, last);
      }
    }
    last ??= await this.certificate(instance - 1);
    const signed = last.supplementalData.powerTable;
    if (equalBytes(table.cid.bytes, signed.bytes)) return table;
    const row = powerRow(this.#generationOfTable(start), start);
    const why = `with the changes since it gives ${table.cid}, certificate ${last.instance} signs ${signed}`;
    throw new F3StoreError("f3/store-corrupt", { row, instance, why });
  }

  /** Where a verifier stands before an instance. */
  async position(instance: number, options: AbortOptions = {}): Promise<F3Position> {
    const powerTable = await this.powerTable(instance, options);
    const { first } = this.span;
    const position = { nextInstance: instance, powerTable, base: undefined };
    const past: F3Tipset[] = [];
    const oldest = Math.max(first, instance - Math.max(1, this.#lookback - 1));
    for await (const batch of this.batches(oldest, instance - 1, options)) {
      for (const stored of batch) past.push(this.decode(stored).chain.at(-1) as F3Tipset);
    }
    const base = past.at(-1);
    if (this.#lookback < 1) return { ...position, base };
    // The first instances have the initial table: there are no heads before them.
    const heads = past.map((head) => head.powerTable).slice(Math.max(0, past.length - this.#lookback + 1));
    const before = Array.from({ length: this.#lookback - 1 - heads.length }, () => this.#initialTable.cid);
    return { ...position, base, upcoming: [...before, ...heads] };
  }

  absent(instance: number): F3StoreError {
    const { first, latest } = this.span;
    return new F3StoreError("f3/store-instance-absent", { instance, first, next: latest + 1 });
  }

  #batch(from: number, to: number): Promise<StoredCertificate[]> {
    const count = Math.min(readAhead, to - from + 1);
    const instances = Array.from({ length: count }, (_, at) => from + at);
    return Promise.all(
      instances.map(async (instance) => {
        const bytes = await this.bytes(instance);
        if (bytes === undefined) throw this.absent(instance);
        return { instance, bytes };
      }),
    );
  }

  #changed(table: PowerTable, { instance, powerTableDelta }: FinalityCertificate): PowerTable {
    try {
      return applyPowerTableDelta(table, powerTableDelta);
    } catch (error) {
      if (!isCopseError(error)) throw error;
      throw corruptCertificate(this.#generationOf(instance), instance, error.message, error);
    }
  }

  async #storedTable(instance: number): Promise<PowerTable> {
    const generation = this.#generationOfTable(instance);
    return readTable(this.#kv, generation, instance);
  }

  /** A table is written with the certificate before it. */
  #generationOfTable(instance: number): number {
    return this.#generationOf(Math.max(instance - 1, this.span.first));
  }

  #generationOf(instance: number): number {
    return generationAt(this.span.segments, instance);
  }
}

/** The generation that holds an instance's certificate. */
export function generationAt(segments: readonly Segment[], instance: number): number {
  return segments.findLast(({ from }) => from <= instance)?.generation ?? 0;
}

/** A power table as it is stored. @throws {F3StoreError} `f3/store-corrupt` */
export async function readTable(kv: KeyValueStore, generation: number, instance: number): Promise<PowerTable> {
  const row = powerRow(generation, instance);
  const bytes = await kv.get(powerKey(generation, instance));
  if (bytes === undefined) throw new F3StoreError("f3/store-corrupt", { row, instance, why: "it is absent" });
  if (bytes.length > mostTableBytes) {
    const why = `${bytes.length} B, limit ${mostTableBytes} B`;
    throw new F3StoreError("f3/store-corrupt", { row, instance, why });
  }
  try {
    return createPowerTable(decodePowerEntries(bytes));
  } catch (error) {
    if (!isCopseError(error)) throw error;
    throw new F3StoreError("f3/store-corrupt", { row, instance, why: error.message }, { cause: error });
  }
}

/** That a row is there, is one item of CBOR, and says which instance it is of; what else it says is left unread. */
function assertCertificateRow(
  bytes: Uint8Array | undefined,
  generation: number,
  instance: number,
): asserts bytes is Uint8Array {
  if (bytes === undefined) throw corruptCertificate(generation, instance, "it is absent");
  if (bytes.length > mostCertificateBytes) {
    throw corruptCertificate(generation, instance, `${bytes.length} B, limit ${mostCertificateBytes} B`);
  }
  try {
    const found = instanceOf(bytes);
    if (found !== instance) throw corruptCertificate(generation, instance, `it is of instance ${found}`);
  } catch (error) {
    if (!isCopseError(error, "cbor/")) throw error;
    throw corruptCertificate(generation, instance, error.message, error);
  }
}

/**
 * The instance that a certificate's bytes claim. Shape: one item of CBOR, array(6); the rest is passed over.
 *
 * @throws {CborError}
 */
export function instanceOf(bytes: Uint8Array): number {
  const reader = new CborReader(bytes);
  reader.array(6);
  const instance = reader.safeUint();
  for (let field = 1; field < 6; field++) reader.skip();
  reader.end();
  return instance;
}

function corruptCertificate(generation: number, instance: number, why: string, cause?: unknown): F3StoreError {
  const row = certificateRow(generation, instance);
  return new F3StoreError("f3/store-corrupt", { row, instance, why }, { cause });
}
