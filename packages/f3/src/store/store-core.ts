import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { encodeCertificate } from "../certificate.ts";
import type { F3Error } from "../errors.ts";
import { applyPowerTableDelta } from "../power-delta.ts";
import { encodePowerEntries } from "../power-entries.ts";
import type { F3Position, FinalityCertificate, PowerTable } from "../types.ts";
import type { Verified } from "../verify.ts";
import { batchIf } from "./batch-if.ts";
import type { CertificateCheck } from "./certificate-check.ts";
import { CertificateRows, type RowSpan } from "./certificate-rows.ts";
import { F3StoreError } from "./errors.ts";
import { inTurn } from "./in-turn.ts";
import type { KeyValueChange, KeyValueStore } from "./key-value-store.ts";
import { certificateKey, powerKey, stateKey, tableEvery } from "./keys.ts";
import { encodeState, isSameState, type StoreState } from "./records.ts";
import { isSameDecision } from "./same-decision.ts";

/** Where a store begins: what is trusted. */
export interface StoreRoot {
  readonly networkName: string;
  readonly first: number;
  readonly lookback: number;
  readonly initialTable: PowerTable;
}

/** A verified certificate and its bytes. */
export interface CertificateBytes {
  readonly certificate: FinalityCertificate;
  readonly bytes: Uint8Array;
}

/** What came of certificates that were put. */
export interface PutResult extends Omit<Verified, "error"> {
  /** What is wrong with the one behind the accepted ones: `f3/store-conflict` where its instance is stored already. */
  readonly error?: F3Error | F3StoreError;
}

/** The state behind a certificate store, shared with imports into it. One change at a time. */
export class StoreCore {
  readonly kv: KeyValueStore;
  readonly root: StoreRoot;
  /** `undefined` while no certificate is stored: nothing is written before the first. */
  state: StoreState | undefined;
  latest: FinalityCertificate | undefined;
  #position: F3Position | undefined;
  /** What a write that failed may have made true all the same. */
  #inDoubt: StoreState | undefined;

  constructor(kv: KeyValueStore, root: StoreRoot, state: StoreState | undefined) {
    this.kv = kv;
    this.root = root;
    this.state = state;
  }

  get span(): RowSpan {
    const { first } = this.root;
    return this.state ?? { first, latest: first - 1, segments: [] };
  }

  /** Reads the rows as they are now; what is added later is not seen through it. */
  rows(): CertificateRows {
    return new CertificateRows(this.kv, this.span, this.root);
  }

  /** Where the next certificate is verified from; kept, since every put needs it. */
  async position(options: AbortOptions = {}): Promise<F3Position> {
    const { span } = this;
    if (this.#position?.nextInstance === span.latest + 1) return this.#position;
    const position = await this.rows().position(span.latest + 1, options);
    if (this.span.latest + 1 === position.nextInstance) this.#position = position;
    return position;
  }

  /** Runs changes one after another, however they are called. */
  lock<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(this, work);
  }

  /** Adds what a verifier accepts. */
  async put(
    certificates: readonly FinalityCertificate[],
    check: CertificateCheck,
    { signal }: AbortOptions,
  ): Promise<PutResult> {
    assertNotAborted(signal);
    await this.settle();
    const position = await this.position({ signal });
    const known = certificates.findIndex(({ instance }) => instance >= position.nextInstance);
    const fresh = known === -1 ? [] : certificates.slice(known);
    const passed = certificates.length - fresh.length;
    const conflict = await this.#conflict(certificates.slice(0, passed));
    if (conflict !== undefined) return { position, ...conflict };
    assertNotAborted(signal);
    if (fresh.length === 0) return { position, accepted: passed };
    const { networkName } = this.root;
    const result = await check.verify(position, fresh, { networkName, signal });
    assertNotAborted(signal);
    const accepted = fresh.slice(0, result.accepted);
    assertFits(position, accepted, result);
    const last = accepted.at(-1);
    if (last !== undefined) {
      const before = this.state;
      const generation = before?.segments.at(-1)?.generation ?? 0;
      const { first, lookback } = this.root;
      const segments = before?.segments ?? [{ from: first, generation }];
      const entries = accepted.map((certificate) => ({ certificate, bytes: encodeCertificate(certificate) }));
      const changes = certificateChanges(generation, this.root, position, entries);
      const state = { networkName, first, lookback, latest: last.instance, segments };
      await this.write(state, last, changes, result.position);
    }
    return { ...result, accepted: passed + result.accepted };
  }

  /**
   * Makes a state true, with the rows it tells of, in one batch. Called under the lock.
   *
   * @param expected rows that must be as they were, beside the state's own
   * @throws {F3StoreError} `f3/store-changed` where one of them is not: another has written
   */
  async write(
    state: StoreState,
    latest: FinalityCertificate,
    changes: readonly KeyValueChange[],
    position: F3Position | undefined,
    expected: readonly KeyValueChange[] = [],
  ): Promise<void> {
    const before = { key: stateKey, value: this.state && encodeState(this.state) };
    const after = { key: stateKey, value: encodeState(state) };
    this.#inDoubt = state;
    let isDone: boolean;
    try {
      isDone = await batchIf(this.kv, [before, ...expected], [...changes, after]);
    } catch (error) {
      await this.settle().catch(() => {}); // the next put asks again
      throw error;
    }
    this.#inDoubt = undefined;
    if (!isDone) throw new F3StoreError("f3/store-changed", { network: this.root.networkName });
    this.state = state;
    this.latest = latest;
    this.#position = position;
  }

  /** Learns what became of a write that failed: the rows may be durable all the same, or become so later. Called under the lock. */
  async settle(): Promise<void> {
    const state = this.#inDoubt;
    if (state === undefined || !isSameState(await this.kv.get(stateKey), state)) return;
    const latest = await new CertificateRows(this.kv, state, this.root).certificate(state.latest);
    this.state = state;
    this.latest = latest;
    this.#position = undefined;
    this.#inDoubt = undefined;
  }

  /** The first of some certificates that decides otherwise than what is stored for its instance, and how many are before it. */
  async #conflict(
    certificates: readonly FinalityCertificate[],
  ): Promise<{ accepted: number; error: F3StoreError } | undefined> {
    const rows = this.rows();
    for (const [accepted, certificate] of certificates.entries()) {
      const { instance } = certificate;
      if (instance < this.root.first) continue; // of before the root, where nothing is stored
      if (isSameDecision(await rows.certificate(instance), certificate)) continue;
      return { accepted, error: new F3StoreError("f3/store-conflict", { instance }) };
    }
    return undefined;
  }
}

/** The rows of verified certificates that follow a position, and of the tables due among them; none of before `from`. */
export function certificateChanges(
  generation: number,
  { first, initialTable }: StoreRoot,
  { powerTable }: F3Position,
  entries: readonly CertificateBytes[],
  from = 0,
): KeyValueChange[] {
  const changes: KeyValueChange[] = [];
  let table = powerTable;
  for (const { certificate, bytes } of entries) {
    const { instance } = certificate;
    table = applyPowerTableDelta(table, certificate.powerTableDelta);
    if (instance < from) continue;
    if (instance === first) changes.push(tableChange(generation, first, initialTable));
    changes.push({ key: certificateKey(generation, instance), value: bytes });
    if ((instance + 1) % tableEvery === 0) changes.push(tableChange(generation, instance + 1, table));
  }
  return changes;
}

function tableChange(generation: number, instance: number, table: PowerTable): KeyValueChange {
  return { key: powerKey(generation, instance), value: encodePowerEntries(table.entries) };
}

/** What is stored rests on the verifier's word: at least it must be an answer to the question. */
export function assertFits(
  { nextInstance }: F3Position,
  accepted: readonly FinalityCertificate[],
  result: Verified,
): void {
  const wrong = accepted.findIndex(({ instance }, at) => instance !== nextInstance + at);
  const next = result.position.nextInstance;
  if (wrong === -1 && accepted.length === result.accepted && next === nextInstance + accepted.length) return;
  const instance = nextInstance + Math.max(wrong, 0);
  const why = `it accepts ${result.accepted} and goes on with instance ${next}`;
  throw new F3StoreError("f3/store-check-malformed", { instance, why });
}
