import { type AbortOptions, equalBytes } from "@copse/primitives";
import type { F3Position, FinalityCertificate } from "../types.ts";
import { batchIf } from "./batch-if.ts";
import { CertificateRows, type StoredCertificate } from "./certificate-rows.ts";
import { F3StoreError } from "./errors.ts";
import type { KeyValueChange, KeyValueStore } from "./key-value-store.ts";
import { certificateKey, importKey, powerKey, stateKey, tableEvery } from "./keys.ts";
import { decodeImport, decodeState, encodeImport, type ImportState, mostSegments } from "./records.ts";
import { isSameDecision } from "./same-decision.ts";
import { type CertificateBytes, certificateChanges, type StoreCore } from "./store-core.ts";

/** Instances whose rows are taken away at once. */
const removedAtOnce = 1024;

/** Where imports are under way, however many stores were opened there. */
const importing = new WeakSet<KeyValueStore>();

/**
 * Certificates on their way into a store: under a generation of rows of their own, which nobody sees. A row that is written
 * with each batch says how far they go, so that the next import goes on where this one was killed. At the end one batch makes
 * them part of the store.
 *
 * Another process, or another handle of the same database, may import too, and take up what it finds: each write is made
 * only where the stage's row is still as it left it, so that one of them goes on and the other touches nothing.
 */
export class ImportStage {
  readonly #core: StoreCore;
  #staged: ImportState | undefined;
  /** What a write that failed may have left all the same. */
  #inDoubt: ImportState | undefined;

  private constructor(core: StoreCore, staged: ImportState | undefined) {
    this.#core = core;
    this.#staged = staged;
  }

  /**
   * Starts an import, or takes up one that was killed. What such a one has left is dropped where it is of another root, or
   * disagrees with the store.
   *
   * @throws {F3StoreError} `f3/store-import-running`
   */
  static async start(core: StoreCore): Promise<ImportStage> {
    const { kv, root } = core;
    if (importing.has(kv)) throw new F3StoreError("f3/store-import-running", { network: root.networkName });
    importing.add(kv);
    try {
      const bytes = await kv.get(importKey);
      const stage = new ImportStage(core, bytes && decodeImport(bytes));
      if (!(await stage.#isUsable())) await stage.discard();
      return stage;
    } catch (error) {
      importing.delete(kv);
      throw error;
    }
  }

  /** Lets other imports begin. */
  end(): void {
    importing.delete(this.#core.kv);
  }

  /** The instance after the last one of which a verified certificate is there, in the store or staged. */
  get next(): number {
    return Math.max(this.stored, this.#staged?.next ?? 0);
  }

  /** The instance after the last one that the store itself holds. */
  get stored(): number {
    return this.#core.span.latest + 1;
  }

  /** What is held of some instances in a row, in the store or staged; fewer where that ends. */
  async held(from: number, count: number, options: AbortOptions): Promise<StoredCertificate[]> {
    const held: StoredCertificate[] = [];
    const to = Math.min(from + count, this.next) - 1;
    for await (const batch of this.#rows().batches(from, to, options)) held.push(...batch);
    return held;
  }

  decode(stored: StoredCertificate): FinalityCertificate {
    return this.#rows().decode(stored);
  }

  /** Where a certificate is verified from, at most the one after all that are there. */
  position(instance: number, options: AbortOptions): Promise<F3Position> {
    return this.#rows().position(instance, options);
  }

  /** Stages verified certificates that follow `position`; of those that are there already none. Durable when it resolves. */
  async append(position: F3Position, entries: readonly CertificateBytes[]): Promise<void> {
    // Puts have overtaken the stage, and what the source says of those instances is in the store already.
    if (this.#staged !== undefined && this.#staged.next < position.nextInstance) await this.discard();
    const before = this.#staged;
    const { root } = this.#core;
    const from = before?.next ?? this.stored;
    const next = position.nextInstance + entries.length;
    if (next <= from) return;
    const staged: ImportState = {
      networkName: root.networkName,
      first: root.first,
      lookback: root.lookback,
      initialTable: root.initialTable.cid.bytes,
      generation: before?.generation ?? this.#freeGeneration(),
      from: before?.from ?? from,
      next,
      end: Math.max(next, before?.end ?? 0),
    };
    const changes = certificateChanges(staged.generation, root, position, entries, from);
    await this.#write(changes, staged);
  }

  /** Forgets what is staged from an instance on: the source says something else there. */
  async cut(instance: number): Promise<void> {
    const staged = this.#staged;
    if (staged === undefined || instance >= staged.next) return;
    await this.#write([], { ...staged, next: Math.max(instance, staged.from) });
  }

  /**
   * Makes the staged certificates part of the store, in one batch.
   *
   * @param position behind the last of them
   * @returns how many the store has more, or the first instance that puts have decided otherwise meanwhile
   */
  async commit(position: F3Position | undefined): Promise<{ added: number } | { conflict: number }> {
    return this.#core.lock(async () => {
      const core = this.#core;
      await core.settle();
      const conflict = await this.conflict();
      if (conflict !== undefined) return { conflict };
      if (this.#staged === undefined || this.#staged.next <= this.stored) {
        await this.discard();
        return { added: 0 };
      }
      await this.#dropSuperseded();
      await this.#remove(this.#staged.next); // what was cut off
      const { generation, next } = this.#staged;
      const added = next - this.stored;
      const last = await this.#rows().certificate(next - 1);
      const segments = [...core.span.segments, { from: this.stored, generation }];
      if (segments.length > mostSegments) throw new F3StoreError("f3/store-imports-many", { limit: mostSegments });
      await this.#untouched(generation);
      const { networkName, first, lookback } = core.root;
      const state = { networkName, first, lookback, latest: next - 1, segments };
      const after = position?.nextInstance === next ? position : undefined;
      await core.write(state, last, [{ key: importKey }], after, [importRow(this.#staged)]);
      this.#staged = undefined;
      return { added };
    });
  }

  /** Takes everything staged away again, from its end: killed meanwhile, what is left is whole. What others hold stays. */
  async discard(): Promise<void> {
    const isOurs = await this.#isOurs();
    const staged = this.#staged;
    if (staged !== undefined && isOurs) {
      if (!(await this.#isLive(staged.generation))) await this.#remove(staged.from);
      await batchIf(this.#core.kv, [importRow(this.#staged)], [{ key: importKey }]);
    }
    this.#staged = undefined;
    this.#inDoubt = undefined;
  }

  /** Store and stage as one: the store's own certificates go first. */
  #rows(): CertificateRows {
    const { span, root, kv } = this.#core;
    const staged = this.#staged;
    if (staged === undefined || staged.next <= this.stored) return this.#core.rows();
    const segments = [...span.segments, { from: this.stored, generation: staged.generation }];
    return new CertificateRows(kv, { ...span, latest: staged.next - 1, segments }, root);
  }

  /** Whether what a killed import has left goes with this store. */
  async #isUsable(): Promise<boolean> {
    const staged = this.#staged;
    if (staged === undefined) return true;
    const { networkName, first, lookback, initialTable } = this.#core.root;
    if (staged.networkName !== networkName || staged.first !== first || staged.lookback !== lookback) return false;
    if (!equalBytes(staged.initialTable, initialTable.cid.bytes)) return false;
    if (staged.from > this.stored || staged.next <= this.stored) return false;
    if (await this.#isLive(staged.generation)) return false;
    return (await this.conflict()) === undefined;
  }

  /** The first instance of which the stage says something else than the store, which may have gone on meanwhile. */
  async conflict(): Promise<number | undefined> {
    const { span, root, kv } = this.#core;
    const staged = this.#staged;
    if (staged === undefined) return undefined;
    const segments = [{ from: root.first, generation: staged.generation }];
    const theirs = new CertificateRows(kv, { ...span, latest: staged.next - 1, segments }, root);
    const ours = this.#core.rows();
    for await (const batch of theirs.batches(staged.from, Math.min(staged.next, this.stored) - 1)) {
      for (const stored of batch) {
        const own = await ours.certificate(stored.instance);
        if (!isSameDecision(own, theirs.decode(stored))) return stored.instance;
      }
    }
    return undefined;
  }

  #freeGeneration(): number {
    return 1 + Math.max(0, ...this.#core.span.segments.map(({ generation }) => generation));
  }

  /** Takes away staged rows of instances that the store has got by puts meanwhile. */
  async #dropSuperseded(): Promise<void> {
    for (let staged = this.#staged; staged !== undefined && staged.from < this.stored; staged = this.#staged) {
      const from = Math.min(staged.from + removedAtOnce, this.stored);
      await this.#write(removals(staged, staged.from, from), { ...staged, from });
    }
  }

  /** Takes away rows of an instance and all later ones, the last ones first. */
  async #remove(from: number): Promise<void> {
    for (let staged = this.#staged; staged !== undefined && staged.end > from; staged = this.#staged) {
      const end = Math.max(from, staged.end - removedAtOnce);
      const changes = removals(staged, end, staged.end);
      await this.#write(changes, { ...staged, next: Math.min(staged.next, end), end });
    }
  }

  async #write(changes: readonly KeyValueChange[], staged: ImportState): Promise<void> {
    for (let isDone = false; !isDone; ) {
      const untouched = await this.#untouched(staged.generation);
      this.#inDoubt = staged;
      isDone = await batchIf(this.#core.kv, untouched, [...changes, importRow(staged)]);
      this.#inDoubt = undefined; // where it is not done, a put came between, or another import: that is looked at again
    }
    this.#staged = staged;
  }

  /**
   * The rows that say that nobody else has touched what is staged, as they are.
   *
   * @throws {F3StoreError} `f3/store-changed` where another import went on here, or has ended
   */
  async #untouched(generation: number | undefined): Promise<readonly KeyValueChange[]> {
    const state = await this.#core.kv.get(stateKey);
    if ((await this.#isOurs()) && !(generation !== undefined && isLive(state, generation))) {
      return [importRow(this.#staged), { key: stateKey, value: state }];
    }
    throw new F3StoreError("f3/store-changed", { network: this.#core.root.networkName });
  }

  /** Whether the row of imports is as this one has left it; learns what became of a write that failed. */
  async #isOurs(): Promise<boolean> {
    const stored = await this.#core.kv.get(importKey);
    if (isRowOf(stored, this.#staged)) return true;
    if (this.#inDoubt === undefined || !isRowOf(stored, this.#inDoubt)) return false;
    this.#staged = this.#inDoubt;
    this.#inDoubt = undefined;
    return true;
  }

  /** Whether the store itself, as others may have left it, has rows of a generation. */
  async #isLive(generation: number): Promise<boolean> {
    return isLive(await this.#core.kv.get(stateKey), generation);
  }
}

function isLive(state: Uint8Array | undefined, generation: number): boolean {
  return state !== undefined && decodeState(state).segments.some((segment) => segment.generation === generation);
}

/** The row of imports as it is while that much is staged. */
function importRow(staged: ImportState | undefined): KeyValueChange {
  return { key: importKey, value: staged && encodeImport(staged) };
}

function isRowOf(stored: Uint8Array | undefined, staged: ImportState | undefined): boolean {
  if (stored === undefined || staged === undefined) return stored === undefined && staged === undefined;
  return equalBytes(stored, encodeImport(staged));
}

function removals({ generation, first }: ImportState, from: number, end: number): KeyValueChange[] {
  const changes: KeyValueChange[] = [];
  for (let instance = from; instance < end; instance++) {
    changes.push({ key: certificateKey(generation, instance) });
    if (instance === first) changes.push({ key: powerKey(generation, instance) });
    if ((instance + 1) % tableEvery === 0) changes.push({ key: powerKey(generation, instance + 1) });
  }
  return changes;
}
