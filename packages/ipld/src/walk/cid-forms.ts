import { latin1 } from "@copse/primitives";
import { type CidBytes, chainCidLength, isChainCid } from "../cid.ts";
import { digestBytes } from "./digest-table.ts";

/** Forms that get a table of their own. The chain has two; a stranger may make any number up. */
const mostForms = 16;
/** Longest part of a CID before its digest: version, codec, hash function and length, each as a varint. */
const longestPrefix = 16;

/**
 * One table for each form of CID: for what stands before a digest of 32 bytes. Form and digest make the CID, one-to-one.
 * CIDs of other lengths, and of the seventeenth form and later, have none.
 */
export class CidForms<Table> {
  readonly #make: () => Table;
  readonly #byPrefix: Map<string, Table> = new Map();
  /** Of DAG-CBOR under blake2b-256, nearly all that there are. */
  #common: Table | undefined;

  constructor(make: () => Table) {
    this.#make = make;
  }

  /** The table of a CID's form, whose digest is its last 32 bytes; a new one where `make` is set. */
  of(bytes: CidBytes, offset: number, length: number, make: boolean): Table | undefined {
    if (length === chainCidLength && isChainCid(bytes, offset)) {
      if (this.#common === undefined && make) this.#common = this.#add(bytes, offset, length);
      return this.#common;
    }
    const prefix = length - digestBytes;
    // the byte before the digest tells its length
    if (prefix < 1 || prefix > longestPrefix || bytes[offset + prefix - 1] !== digestBytes) return undefined;
    const table = this.#byPrefix.get(latin1(bytes.subarray(offset, offset + prefix)));
    return table === undefined && make && this.#byPrefix.size < mostForms ? this.#add(bytes, offset, length) : table;
  }

  /** Every form and its table. */
  all(): IterableIterator<[prefix: string, table: Table]> {
    return this.#byPrefix.entries();
  }

  /** Forgets every table. */
  clear(): void {
    this.#byPrefix.clear();
    this.#common = undefined;
  }

  #add(bytes: CidBytes, offset: number, length: number): Table {
    const table = this.#make();
    this.#byPrefix.set(latin1(bytes.subarray(offset, offset + length - digestBytes)), table);
    return table;
  }
}
