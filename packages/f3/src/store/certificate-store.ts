import { type AbortOptions, equalBytes, utf8 } from "@copse/primitives";
import { encodePowerEntries } from "../power-entries.ts";
import type { F3Position, FinalityCertificate, PowerTable } from "../types.ts";
import type { CertificateCheck } from "./certificate-check.ts";
import { generationAt, readTable } from "./certificate-rows.ts";
import { registerCore } from "./core-of.ts";
import { F3StoreError } from "./errors.ts";
import type { KeyValueStore } from "./key-value-store.ts";
import { powerKey, powerRow, stateKey } from "./keys.ts";
import { decodeState, mostLookback, mostNameBytes, type StoreState } from "./records.ts";
import { type PutResult, StoreCore, type StoreRoot } from "./store-core.ts";

/** What a store of certificates starts from: the trust root. */
export interface CertificateStoreRoot {
  readonly networkName: string;
  readonly initialInstance: number;
  /** Instances between a table and its use, as the manifest says. Default 10, as every network has. */
  readonly committeeLookback?: number | undefined;
  /** The table that validates the initial instance. Whoever opens the store has checked its CID against the manifest. */
  readonly initialPowerTable: PowerTable;
}

/**
 * Certificates of one network, from its initial instance on, without gaps, each verified before it was stored.
 *
 * @example
 * const store = await openCertificateStore(kv, { networkName, initialInstance: 0, initialPowerTable });
 * const { accepted, error } = await store.put(certificates, pool);
 */
export interface CertificateStore {
  readonly networkName: string;
  /** The initial instance. */
  readonly first: number;
  /** The newest certificate, `undefined` while there is none. */
  readonly latest: FinalityCertificate | undefined;
  readonly initialPowerTable: PowerTable;
  /** Where the next certificate is verified from. */
  position(options?: AbortOptions): Promise<F3Position>;
  /**
   * The CBOR of an instance's certificate, or `undefined` where it is not stored.
   *
   * @throws {F3StoreError} `f3/store-corrupt`
   */
  get(instance: number, options?: AbortOptions): Promise<Uint8Array | undefined>;
  /**
   * Certificates `from` to `to`, both included; to the latest where `to` is left out.
   *
   * @throws {F3StoreError} `f3/store-instance-absent`, `f3/store-corrupt`
   * @throws {HostFault} `host/aborted`
   */
  certificates(from: number, to?: number, options?: AbortOptions): AsyncIterable<FinalityCertificate>;
  /**
   * The table that validates an instance, at most the one after the latest. Cost: the changes of up to 1,439 certificates.
   *
   * @throws {F3StoreError} `f3/store-instance-absent`, `f3/store-corrupt`
   */
  powerTable(instance: number, options?: AbortOptions): Promise<PowerTable>;
  /**
   * Verifies certificates that follow the latest one, and stores the good ones up to the first bad one in one batch. Those
   * of instances that are stored already are passed over and count as accepted, whoever signed them, as long as they decide
   * the same. Nothing gets in unverified: there is no other way in but an import, which verifies too.
   *
   * @returns what the verifier said: `error` names the instance and what is wrong with it, or is `f3/store-conflict`
   * @throws {F3StoreError} `f3/store-changed`, `f3/store-check-malformed`, `f3/store-corrupt`
   * @throws {HostFault} `host/aborted` before anything was written, `host/store-failed`
   */
  put(
    certificates: readonly FinalityCertificate[],
    check: CertificateCheck,
    options?: AbortOptions,
  ): Promise<PutResult>;
}

/**
 * Opens the certificates kept in a key-value store, for a trust root. Nothing is written before the first certificate.
 *
 * @throws {F3StoreError} `f3/store-other-root` where what is kept is of another network, initial instance or initial power
 * table; `f3/store-corrupt`, `f3/store-version-unknown`, `f3/store-root-too-large`
 * @example
 * const kv = rowsAsStore(createMemoryDatabase(), "f3");
 * const store = await openCertificateStore(kv, { networkName: "filecoin", initialInstance: 0, initialPowerTable });
 */
export async function openCertificateStore(kv: KeyValueStore, root: CertificateStoreRoot): Promise<CertificateStore> {
  const given = rootOf(root);
  assertStorable("bytes of the network's name", utf8(given.networkName).length, mostNameBytes);
  assertStorable("committee lookback", given.lookback, mostLookback);
  const state = await readState(kv);
  if (state !== undefined) {
    assertSameRow(state, given);
    await assertSameTable(kv, state, given.initialTable);
  }
  return openCore(new StoreCore(kv, given, state));
}

/**
 * Opens what a key-value store holds, by its own root: for tools that read. `undefined` where it holds no certificate.
 *
 * @throws {F3StoreError} `f3/store-corrupt`, `f3/store-version-unknown`
 * @example
 * const store = await reopenCertificateStore(kv);
 * store?.latest?.instance // => 1
 */
export async function reopenCertificateStore(kv: KeyValueStore): Promise<CertificateStore | undefined> {
  const state = await readState(kv);
  if (state === undefined) return undefined;
  const { networkName, first, lookback } = state;
  const initialTable = await readTable(kv, generationAt(state.segments, first), first);
  return openCore(new StoreCore(kv, { networkName, first, lookback, initialTable }, state));
}

async function readState(kv: KeyValueStore): Promise<StoreState | undefined> {
  const bytes = await kv.get(stateKey);
  return bytes && decodeState(bytes);
}

async function openCore(core: StoreCore): Promise<CertificateStore> {
  if (core.state !== undefined) core.latest = await core.rows().certificate(core.state.latest);
  const store: CertificateStore = {
    networkName: core.root.networkName,
    first: core.root.first,
    get latest() {
      return core.latest;
    },
    initialPowerTable: core.root.initialTable,
    position: (options) => core.position(options),
    get: (instance) => core.rows().bytes(instance),
    certificates: (from, to, options) => certificates(core, from, to, options),
    powerTable: async (instance, options) =>
      instance === core.span.latest + 1
        ? (await core.position(options)).powerTable
        : core.rows().powerTable(instance, options),
    put: (given, check, options = {}) => core.lock(() => core.put(given, check, options)),
  };
  registerCore(store, core);
  return store;
}

async function* certificates(
  core: StoreCore,
  from: number,
  to: number | undefined,
  options: AbortOptions = {},
): AsyncGenerator<FinalityCertificate> {
  const rows = core.rows();
  for (const end of [from, to ?? from]) {
    // Nothing is there yet behind the latest, which is no error where nothing was asked for by number.
    if (end < rows.span.first || (end > rows.span.latest && to !== undefined)) throw rows.absent(end);
  }
  for await (const batch of rows.batches(from, to ?? rows.span.latest, options)) {
    for (const stored of batch) yield rows.decode(stored);
  }
}

/** Refuses a store of another root. @throws {F3StoreError} `f3/store-other-root` */
export function assertSameRoot(stored: StoreRoot, root: CertificateStoreRoot): void {
  const given = rootOf(root);
  assertSameRow(stored, given);
  assertSame("initial power table", stored.initialTable.cid.toString(), given.initialTable.cid.toString());
}

function rootOf({
  networkName,
  initialInstance,
  committeeLookback,
  initialPowerTable,
}: CertificateStoreRoot): StoreRoot {
  const lookback = committeeLookback ?? 10;
  return { networkName, first: initialInstance, lookback, initialTable: initialPowerTable };
}

function assertSameRow(stored: Omit<StoreRoot, "initialTable">, given: Omit<StoreRoot, "initialTable">): void {
  assertSame("network", stored.networkName, given.networkName);
  assertSame("initial instance", String(stored.first), String(given.first));
  assertSame("committee lookback", String(stored.lookback), String(given.lookback));
}

function assertStorable(field: string, value: number, limit: number): void {
  if (!(value <= limit)) throw new F3StoreError("f3/store-root-too-large", { field, value, limit });
}

function assertSame(field: string, stored: string, given: string): void {
  if (stored !== given) throw new F3StoreError("f3/store-other-root", { field, stored, given });
}

async function assertSameTable(kv: KeyValueStore, state: StoreState, table: PowerTable): Promise<void> {
  const generation = generationAt(state.segments, state.first);
  const stored = await kv.get(powerKey(generation, state.first));
  if (stored !== undefined && equalBytes(stored, encodePowerEntries(table.entries))) return;
  const found = await readTable(kv, generation, state.first);
  assertSame("initial power table", found.cid.toString(), table.cid.toString());
  // The same table in other bytes: someone else has written them.
  const row = powerRow(generation, state.first);
  throw new F3StoreError("f3/store-corrupt", { row, instance: state.first, why: "it is not in its canonical order" });
}
