import { CborWriter, cidOf, toCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { F3Error } from "./errors.ts";
import { maxListLength, maxScaledPower, publicKeyLength } from "./limits.ts";
import { writePowerEntry } from "./power-entries.ts";
import type { PowerEntry, PowerTable } from "./types.ts";

/** A member with what is made of it once: tables that follow each other share nearly all of their rows. */
export interface Row {
  readonly entry: PowerEntry;
  readonly cbor: Uint8Array;
  /** The power, rounded to 53 bits. */
  readonly power: number;
}

/** All keys of a table in its order. Tables with the same keys in the same order share one: compare it by identity. */
export interface KeyList {
  /** 48 B a key. */
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Powers as they count for a quorum. */
export interface ScaledPowers {
  readonly powers: Uint16Array;
  /** Their sum: 65535, less what rounding took. */
  readonly total: number;
  /** Least sum of a strong quorum: two thirds of the total, rounded up. */
  readonly needed: number;
}

/** Rows of entries that change nothing of the caller's. */
export function rowOf(entry: PowerEntry): Row {
  const writer = new CborWriter(80);
  writePowerEntry(writer, entry);
  return { entry, cbor: writer.finish(), power: Number(entry.power) };
}

/** The order of a table: by power descending, then id ascending. @see go-f3:gpbft/powertable.go PowerEntries.Less */
export function compareRows({ entry: a }: Row, { entry: b }: Row): number {
  if (a.power !== b.power) return a.power > b.power ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** A table whose rows are in order; what follows from them is made when it is asked for, once. */
export class Committee implements PowerTable {
  readonly rows: readonly Row[];
  /** Sum of all powers. */
  readonly total: bigint;
  #entries: readonly PowerEntry[] | undefined;
  #cid: CID | undefined;
  #keys: KeyList | undefined;
  #scaled: ScaledPowers | undefined;
  #index: Map<bigint, Row> | undefined;

  /** @param keys those of a table with the same keys in the same order */
  constructor(rows: readonly Row[], total: bigint, index?: Map<bigint, Row>, keys?: KeyList) {
    this.rows = rows;
    this.total = total;
    this.#index = index;
    this.#keys = keys;
  }

  get entries(): readonly PowerEntry[] {
    this.#entries ??= this.rows.map((row) => row.entry);
    return this.#entries;
  }

  get cid(): CID {
    this.#cid ??= toCid(cidOf(encodeRows(this.rows)));
    return this.#cid;
  }

  /** Rows by id. */
  get index(): Map<bigint, Row> {
    this.#index ??= new Map(this.rows.map((row) => [row.entry.id, row]));
    return this.#index;
  }

  /** Hands the index over to the table that follows: copying it would cost more than all else about a change. */
  giveIndex(): Map<bigint, Row> {
    const index = this.index;
    this.#index = undefined;
    return index;
  }

  /** The keys, if they were made. */
  get knownKeys(): KeyList | undefined {
    return this.#keys;
  }

  /** @returns the keys, or the place of the first that does not have 48 B */
  keys(): KeyList | number {
    if (this.#keys !== undefined) return this.#keys;
    const { rows } = this;
    const bytes = new Uint8Array(publicKeyLength * rows.length);
    for (let i = 0; i < rows.length; i++) {
      const { publicKey } = (rows[i] as Row).entry;
      if (publicKey.length !== publicKeyLength) return i;
      bytes.set(publicKey, publicKeyLength * i);
    }
    this.#keys = { bytes, count: rows.length };
    return this.#keys;
  }

  scaled(): ScaledPowers {
    this.#scaled ??= scale(this.rows, this.total);
    return this.#scaled;
  }
}

function encodeRows(rows: readonly Row[]): Uint8Array {
  const head = new CborWriter(9).array(rows.length).finish();
  const size = rows.reduce((sum, { cbor }) => sum + cbor.length, head.length);
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let at = head.length;
  for (const { cbor } of rows) {
    bytes.set(cbor, at);
    at += cbor.length;
  }
  return bytes;
}

/** Below this distance to a whole number the quotient of doubles, exact to some 2^-35, is not trusted. */
const doubt = 1e-6;

function scale(rows: readonly Row[], total: bigint): ScaledPowers {
  const powers = new Uint16Array(rows.length);
  const whole = Number(total);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row;
    const quotient = (row.power / whole) * maxScaledPower;
    const floor = Math.floor(quotient);
    const rest = quotient - floor;
    // not a number where powers are past 2^1024
    const isSure = rest > doubt && rest < 1 - doubt;
    const power = isSure ? floor : Number((row.entry.power * BigInt(maxScaledPower)) / total);
    powers[i] = power;
    sum += power;
  }
  return { powers, total: sum, needed: Math.ceil((2 * sum) / 3) };
}

/**
 * A power table of entries in any order.
 *
 * Shape: sorted by power descending, then id ascending: the order that signers are counted in and keys are weighted in.
 * Bound: 1 to 8192 entries. Cost: a copy, a sort; the CID is made when it is first asked for.
 *
 * @throws {F3Error} `f3/power-table-empty`, `f3/power-table-too-long`, `f3/power-not-positive`, `f3/participant-twice`,
 * `f3/too-long`
 * @throws {CborError} `cbor/out-of-range` for an id past 64 bits
 * @see go-f3:gpbft/powertable.go
 * @example
 * createPowerTable([{ id: 1000n, power: 500n, publicKey }]).cid // => that of CBOR [[1000, 500, publicKey]]
 */
export function createPowerTable(entries: readonly PowerEntry[]): PowerTable {
  if (entries.length > maxListLength) {
    throw new F3Error("f3/power-table-too-long", {
      instance: undefined,
      length: entries.length,
      limit: maxListLength,
    });
  }
  if (entries.length === 0) throw new F3Error("f3/power-table-empty", { instance: undefined });
  const index = new Map<bigint, Row>();
  let total = 0n;
  for (const { id, power, publicKey } of entries) {
    if (power <= 0n) throw new F3Error("f3/power-not-positive", { id, power });
    if (index.has(id)) throw new F3Error("f3/participant-twice", { id });
    index.set(id, rowOf({ id, power, publicKey: publicKey.slice() }));
    total += power;
  }
  return new Committee([...index.values()].sort(compareRows), total, index);
}

/** The table as this package keeps it; one made elsewhere is made again, since its CID may be anything. */
export function committeeOf(table: PowerTable): Committee {
  return table instanceof Committee ? table : (createPowerTable(table.entries) as Committee);
}

/**
 * The powers of a table as they count for a quorum.
 *
 * Shape: floor(65535 · power / total) for each entry, in order; their sum; and the least sum of a strong quorum,
 * ceil(2 · sum / 3). Who has less than a 65535th of the power counts nothing and may not sign.
 *
 * @see go-f3:gpbft/powertable.go Scaled, gpbft.go IsStrongQuorum
 * @example
 * scaledPowers(table).needed // => 43690, where the sum is 65534
 */
export function scaledPowers(table: PowerTable): ScaledPowers {
  return committeeOf(table).scaled();
}
