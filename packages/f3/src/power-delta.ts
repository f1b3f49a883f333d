import { equalBytes } from "@copse/primitives";
import { F3Error } from "./errors.ts";
import { maxListLength, maxPower, maxPowerLength } from "./limits.ts";
import { Committee, committeeOf, compareRows, type Row, rowOf } from "./power-table.ts";
import type { PowerEntry, PowerTable, PowerTableDelta } from "./types.ts";

/** What becomes of one member. */
interface Change {
  readonly id: bigint;
  readonly old: Row | undefined;
  readonly next: Row | undefined;
}

/**
 * The table that changes lead to.
 *
 * Bound: 8192 members. Cost: the changes, and one pass over references; entries that stay are not copied.
 *
 * @throws {F3Error} `f3/delta-out-of-order`, `f3/delta-empty`, `f3/delta-key-unchanged`, `f3/delta-key-without-power`,
 * `f3/delta-power-not-positive`, `f3/delta-key-missing`, `f3/delta-power-negative`, `f3/delta-power-too-large`,
 * `f3/power-table-empty`, `f3/power-table-too-long`
 * @see go-f3:certs/certs.go ApplyPowerTableDiffs
 * @example
 * applyPowerTableDelta(from, diffPowerTables(from, to)).cid // => to.cid
 */
export function applyPowerTableDelta(table: PowerTable, deltas: readonly PowerTableDelta[]): PowerTable {
  return applyDelta(committeeOf(table), deltas, undefined);
}

/** {@link applyPowerTableDelta}, whose errors name an instance. */
export function applyDelta(
  table: Committee,
  deltas: readonly PowerTableDelta[],
  instance: number | undefined,
): Committee {
  if (deltas.length === 0) return table;
  const { index } = table;
  const changes: Change[] = [];
  let total = table.total;
  for (const [at, delta] of deltas.entries()) {
    const previous = deltas[at - 1];
    if (previous !== undefined && delta.id <= previous.id) {
      throw new F3Error("f3/delta-out-of-order", { instance, delta: at, id: delta.id, previous: previous.id });
    }
    const old = index.get(delta.id);
    const entry = nextEntry(old?.entry, delta, { instance, delta: at, id: delta.id });
    changes.push({ id: delta.id, old, next: entry && rowOf(entry) });
    total += delta.powerDelta;
  }
  const rows = replaceRows(table.rows, changes);
  if (rows.length === 0) throw new F3Error("f3/power-table-empty", { instance });
  if (rows.length > maxListLength) {
    throw new F3Error("f3/power-table-too-long", { instance, length: rows.length, limit: maxListLength });
  }
  const keys = haveSameKeys(table.rows, rows) ? table.knownKeys : undefined;
  table.giveIndex();
  for (const { id, next } of changes) {
    if (next === undefined) index.delete(id);
    else index.set(id, next);
  }
  return new Committee(rows, total, index, keys);
}

/** @returns the member as it is after a change; `undefined` where it leaves */
function nextEntry(
  old: PowerEntry | undefined,
  { id, powerDelta, signingKey }: PowerTableDelta,
  where: { readonly instance: number | undefined; readonly delta: number; readonly id: bigint },
): PowerEntry | undefined {
  const hasKey = signingKey.length > 0;
  if (powerDelta === 0n && !hasKey) throw new F3Error("f3/delta-empty", where);
  if (old === undefined) {
    if (powerDelta <= 0n) throw new F3Error("f3/delta-power-not-positive", { ...where, power: powerDelta });
    if (!hasKey) throw new F3Error("f3/delta-key-missing", where);
    return { id, power: powerDelta, publicKey: signingKey.slice() };
  }
  if (equalBytes(signingKey, old.publicKey)) throw new F3Error("f3/delta-key-unchanged", where);
  const power = old.power + powerDelta;
  if (hasKey && power === 0n) throw new F3Error("f3/delta-key-without-power", where);
  if (power < 0n) throw new F3Error("f3/delta-power-negative", { ...where, power });
  if (power > maxPower) throw new F3Error("f3/delta-power-too-large", { ...where, limit: maxPowerLength });
  if (power === 0n) return undefined;
  return { id, power, publicKey: hasKey ? signingKey.slice() : old.publicKey };
}

/** Rows in order with some replaced: one pass, and a search for each change. */
function replaceRows(rows: readonly Row[], changes: readonly Change[]): Row[] {
  const removed = changes.flatMap(({ old }) => (old === undefined ? [] : [placeOf(rows, old)])).sort((a, b) => a - b);
  const added = changes.flatMap(({ next }) => (next === undefined ? [] : [next])).sort(compareRows);
  const places = added.map((row) => placeOf(rows, row));
  const result: Row[] = [];
  let [nextRemoved, nextAdded] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    while (places[nextAdded] === i) result.push(added[nextAdded++] as Row);
    if (removed[nextRemoved] === i) nextRemoved++;
    else result.push(rows[i] as Row);
  }
  for (; nextAdded < added.length; nextAdded++) result.push(added[nextAdded] as Row);
  return result;
}

/** The first place whose row does not come before `row`. */
function placeOf(rows: readonly Row[], row: Row): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareRows(rows[middle] as Row, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the keys are the same in the same order: keys that stay are the same object. */
function haveSameKeys(before: readonly Row[], after: readonly Row[]): boolean {
  if (before.length !== after.length) return false;
  for (let i = 0; i < before.length; i++) {
    if (before[i]?.entry.publicKey !== after[i]?.entry.publicKey) return false;
  }
  return true;
}

/**
 * The changes that lead from one table to another, ascending by id: what a certificate carries.
 *
 * @see go-f3:certs/certs.go MakePowerTableDiff
 * @example
 * diffPowerTables(table, table) // => []
 */
export function diffPowerTables(from: PowerTable, to: PowerTable): PowerTableDelta[] {
  const before = committeeOf(from).index;
  const after = committeeOf(to).index;
  const deltas: PowerTableDelta[] = [];
  for (const { entry } of after.values()) {
    const old = before.get(entry.id)?.entry;
    const powerDelta = entry.power - (old?.power ?? 0n);
    const hasNewKey = old === undefined || !equalBytes(old.publicKey, entry.publicKey);
    if (powerDelta === 0n && !hasNewKey) continue;
    deltas.push({ id: entry.id, powerDelta, signingKey: hasNewKey ? entry.publicKey.slice() : new Uint8Array(0) });
  }
  for (const { entry } of before.values()) {
    if (!after.has(entry.id)) deltas.push({ id: entry.id, powerDelta: -entry.power, signingKey: new Uint8Array(0) });
  }
  return deltas.sort((a, b) => (a.id < b.id ? -1 : 1));
}
