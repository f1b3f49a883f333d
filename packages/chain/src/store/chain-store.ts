import type { BlockEntry, Database, RowOp } from "@copse/blockstore";
import type { CidBytes } from "@copse/ipld";
import { equalBytes, toHex, utf8 } from "@copse/primitives";
import type { TipsetKey } from "@copse/types";
import { ChainError } from "../errors.ts";
import type { LinkedRun } from "../link/link-run.ts";
import type { LinkedTipset, LinkTarget } from "../link/link-types.ts";
import { type Assurance, type AssuranceLevel, noAssurance, raiseAssurance, retractAssurance } from "./assurance.ts";
import { ChainReader } from "./chain-reader.ts";
import { dropLowest } from "./drop-span.ts";
import { extendSpan } from "./extend-span.ts";
import { headAfterJoin } from "./head-after-join.ts";
import { formatHead, type Head, type HeadChange, parseHead } from "./head-change.ts";
import { addRange, type HeightRange, removeRange } from "./height-ranges.ts";
import { indexRows } from "./index-rows.ts";
import { parseSpan, refOf, type Span, type TipsetRef } from "./span.ts";
import type { ChainState } from "./span-step.ts";
import { spanYields } from "./span-yields.ts";
import { switchHead } from "./switch-head.ts";
import { ChainBatch, heightKey, tables } from "./tables.ts";

/** How a chain store is opened. */
export interface ChainStoreOptions {
  /** Binary CID of the network's genesis block. */
  readonly genesis: CidBytes;
  /** Most tipsets that may be taken back; 900 unless told. */
  readonly forkLimit?: number;
}

/** What storing a run led to. */
export interface AppendResult {
  /**
   * The span now. Absent when the run showed it to be part of, or lighter than, an older one; and, with nothing stored,
   * when the span has ended meanwhile, since another walk came down to it and goes on below.
   */
  readonly span: Span | undefined;
  /** True when it met an older span, which is gone. */
  readonly merged: boolean;
  /** Tipsets that are canonical no more, newest first. */
  readonly reverted: readonly TipsetRef[];
  /** The head's move, where the head was among those. */
  readonly headChange: HeadChange | undefined;
}

/** What rises together with a commit. */
export interface Checked {
  readonly level: AssuranceLevel;
  readonly range: HeightRange;
  /** A tipset at or above the range that was checked: it must be canonical still when the level rises. */
  readonly tip?: TipsetKey;
}

const format = 1;
const text: TextDecoder = new TextDecoder();

/**
 * Opens the chain in a database; a new one is founded on the network's genesis.
 *
 * @throws {ChainError} `chain/genesis-mismatch`, `chain/format-unknown`
 * @example
 * const store = await openChainStore(createMemoryDatabase(), { genesis });
 */
export async function openChainStore(database: Database, options: ChainStoreOptions): Promise<ChainStore> {
  const values = database.rows(tables.chain);
  const found = values.get(utf8("format"));
  if (found === undefined) {
    const batch = new ChainBatch();
    batch.set("format", Uint8Array.of(format));
    batch.set("genesis", options.genesis);
    await database.commit({ rows: batch.rows });
  } else {
    if (found[0] !== format) throw new ChainError("chain/format-unknown", { found: found[0] ?? 0, known: format });
    const genesis = values.get(utf8("genesis")) ?? new Uint8Array(0);
    if (!equalBytes(genesis, options.genesis)) {
      throw new ChainError("chain/genesis-mismatch", { expected: toHex(options.genesis), found: toHex(genesis) });
    }
  }
  return new ChainStore(database, options.forkLimit ?? 900);
}

/**
 * The one writer of a chain: spans of linked tipsets, the head, how far what is checked.
 *
 * Every change is one atomic commit, made in the order of the calls: whatever moment the process dies at, the next open
 * finds spans whose stored tipsets are linked without a gap, and goes on from there. Read through `reader`.
 */
export class ChainStore {
  /** Reads what is committed. */
  readonly reader: ChainReader;
  readonly #database: Database;
  readonly #forkLimit: number;
  readonly #spans = new Map<number, Span>();
  /** Spans that ended since the store was opened: runs for them may still be on their way. */
  readonly #gone = new Set<number>();
  #assurance: Assurance = noAssurance;
  /** Heights whose blocks are all found by CID. */
  #indexed: readonly HeightRange[] = [];
  #head: Head | undefined;
  #checkpoint: TipsetRef | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  /** @see openChainStore */
  constructor(database: Database, forkLimit: number) {
    this.#database = database;
    this.#forkLimit = forkLimit;
    this.reader = new ChainReader(database);
    for (const [, value] of database.rows(tables.spans).range()) {
      const span = parseSpan(text.decode(value));
      this.#spans.set(span.id, span);
    }
    const read = (name: string): unknown => {
      const value = database.rows(tables.chain).get(utf8(name));
      return value && JSON.parse(text.decode(value));
    };
    this.#assurance = { ...noAssurance, ...(read("assurance") as Assurance | undefined) };
    this.#indexed = (read("indexed") as HeightRange[] | undefined) ?? [];
    this.#head = parseHead(read("head"));
    this.#checkpoint = parseHead(read("checkpoint"));
  }

  /** The spans, highest first; those that have nothing stored yet come first. */
  get spans(): readonly Span[] {
    const height = (span: Span): number => span.upper?.height ?? Number.MAX_SAFE_INTEGER;
    return [...this.#spans.values()].sort((a, b) => height(b) - height(a));
  }

  /** The heaviest tipset, as last chosen. */
  get head(): Head | undefined {
    return this.#head;
  }

  /** How far the canonical chain is checked. */
  get assurance(): Assurance {
    return this.#assurance;
  }

  /** The tipset no fork may take back. */
  get checkpoint(): TipsetRef | undefined {
    return this.#checkpoint;
  }

  /** True when everything from the head down to genesis is stored and linked. */
  get assembled(): boolean {
    const head = this.#head;
    if (head === undefined) return false;
    const [lowest] = [...this.#spans.values()].filter((span) => span.reachedGenesis && span.upper !== undefined);
    return lowest !== undefined && head.height <= (lowest.upper as TipsetRef).height;
  }

  /**
   * Begins a walk from a key that is known to be on the chain, or is to be tried. The span is stored at once, so a
   * restart goes on with it. Where a span wants the same key already, that one is given.
   */
  openSpan(target: LinkTarget): Promise<Span> {
    return this.#commit((batch) => {
      const known = [...this.#spans.values()].find((span) => equalBytes(span.next.key, target.key));
      if (known !== undefined) return () => known;
      const id = Math.max(0, ...this.#spans.keys(), ...this.#gone) + 1;
      const span: Span = { id, next: target, reachedGenesis: false };
      batch.span(id, span);
      return () => {
        this.#spans.set(id, span);
        return span;
      };
    });
  }

  /**
   * Stores a run below a span, in one commit with the span's new end, and joins it with the older span it meets. A fault
   * of the run is not looked at: what is linked above it is stored.
   *
   * @param id of the span whose `next` the run begins with
   * @param checked levels to raise in the same commit
   * @throws {ChainError} `chain/span-unknown`, `chain/run-out-of-place`, `chain/spans-disagree`, `chain/fork-too-long`,
   * `chain/seam-broken`, `chain/behind-checkpoint`; nothing is changed then
   */
  async appendRun(id: number, run: LinkedRun, checked: readonly Checked[] = []): Promise<AppendResult> {
    for (;;) {
      try {
        return await this.#append(id, run, checked);
      } catch (error) {
        // one that stands in the way and is lighter goes: it is a fork that met nothing yet
        const inTheWay = error instanceof ChainError && error.code === "chain/spans-disagree" ? error.facts : undefined;
        if (inTheWay === undefined || !("other" in inTheWay)) throw error;
        const { other } = inTheWay;
        const chosen = [this.#head, this.#checkpoint];
        if (!spanYields(this.reader, this.#spans.get(other), this.#spans.get(id), chosen)) throw error;
        await this.dropSpan(other);
      }
    }
  }

  #append(id: number, run: LinkedRun, checked: readonly Checked[]): Promise<AppendResult> {
    return this.#commit((batch) => {
      const span = this.#spans.get(id);
      if (span === undefined) {
        if (!this.#gone.has(id)) throw new ChainError("chain/span-unknown", { span: id });
        return () => ({ span: undefined, merged: false, reverted: [], headChange: undefined });
      }
      const step = extendSpan(this.#state(), span, run, batch);
      const assurance = checked.reduce((sum, { level, range }) => raiseAssurance(sum, level, range), step.assurance);
      batch.assurance(assurance);
      const indexed = withoutTipsets(this.#indexed, step.reverted);
      batch.set("indexed", utf8(JSON.stringify(indexed)));
      const headChange = headAfterJoin(this.reader, this.#head, span, step, run.linked);
      if (headChange !== undefined) batch.set("head", utf8(formatHead(headChange.to)));
      return () => {
        this.#assurance = assurance;
        this.#indexed = indexed;
        if (step.span === undefined) this.#forget(id);
        else this.#spans.set(id, step.span);
        if (step.span !== undefined && step.met !== undefined) this.#forget(step.met.id);
        if (headChange !== undefined) this.#head = headChange.to;
        const merged = step.met !== undefined && step.span !== undefined;
        return { span: step.span, merged, reverted: step.reverted, headChange };
      };
    });
  }

  /**
   * Makes a tipset the head: it and its ancestors down to the canonical chain must be stored (`keepAside`) or come with
   * the call. Tipsets it takes the place of stay aside.
   *
   * @param added linked tipsets to store in the same commit
   * @throws {ChainError} `chain/tipset-unknown`, `chain/fork-too-long`, `chain/behind-checkpoint`, `chain/seam-broken`
   */
  switchHead(key: TipsetKey, added: readonly LinkedTipset[] = []): Promise<HeadChange> {
    return this.#commit((batch) => {
      const step = switchHead(this.#state(), this.#head, key, added, batch);
      batch.assurance(step.assurance);
      batch.set("head", utf8(formatHead(step.change.to)));
      const { ancestor, change } = step;
      const kept = removeRange(this.#indexed, { from: ancestor + 1, to: Number.MAX_SAFE_INTEGER });
      const indexed = change.to.height > ancestor ? addRange(kept, { from: ancestor + 1, to: change.to.height }) : kept;
      batch.set("indexed", utf8(JSON.stringify(indexed)));
      return () => {
        this.#indexed = indexed;
        this.#spans.set(step.span.id, step.span);
        this.#assurance = step.assurance;
        this.#head = step.change.to;
        return step.change;
      };
    });
  }

  /** Stores tipsets beside the canonical chain: forks near the head. */
  keepAside(tipsets: readonly LinkedTipset[]): Promise<void> {
    return this.#commit((batch) => {
      for (const tipset of tipsets) batch.side(tipset);
      return () => {};
    });
  }

  /**
   * Raises heights to a level. The blocks that prove it (message trees, messages) and rows of the caller's own tables
   * (totals) are in the same commit; these are asked for when its turn comes and nothing speaks against it.
   *
   * @throws {ChainError} `chain/tipset-unknown` where what was checked is not on the chain any more; nothing is changed
   */
  raise(
    checked: readonly Checked[],
    blocks: Iterable<BlockEntry> = [],
    rows: () => readonly RowOp[] = () => [],
  ): Promise<void> {
    return this.#commit((batch) => {
      for (const { tip } of checked) {
        if (tip === undefined || this.reader.isCanonical(tip)) continue;
        throw new ChainError("chain/tipset-unknown", { tipset: toHex(tip) });
      }
      batch.rows.push(...rows());
      const assurance = checked.reduce((sum, { level, range }) => raiseAssurance(sum, level, range), this.#assurance);
      batch.assurance(assurance);
      return () => {
        this.#assurance = assurance;
      };
    }, blocks);
  }

  /** Sets the checkpoint: a canonical tipset that no fork may take back. @throws {ChainError} `chain/tipset-unknown` */
  setCheckpoint(key: TipsetKey): Promise<TipsetRef> {
    return this.#commit((batch) => {
      const tipset = this.reader.isCanonical(key) ? this.reader.tipset(key) : undefined;
      if (tipset === undefined) throw new ChainError("chain/tipset-unknown", { tipset: toHex(key) });
      const checkpoint = refOf(tipset);
      batch.set("checkpoint", utf8(formatHead(checkpoint)));
      return () => {
        this.#checkpoint = checkpoint;
        return checkpoint;
      };
    });
  }

  /**
   * Removes a span and what it holds of the canonical chain, from its low end up in commits of at most 500 tipsets: its
   * anchor was false.
   */
  async dropSpan(id: number): Promise<void> {
    for (let gone = false; !gone; ) gone = await this.#dropLowest(id, 500);
  }

  /**
   * Indexes blocks of runs that `appendRun` stored, highest first, so that each is found by its CID and each tipset by
   * the CID of its key: until then, of such a tipset only the first block is. Sorted and many at a time, for the index is
   * random; call it when the disk has time, until it returns 0.
   *
   * @param count most tipsets a commit; about 250 B of memory an entry, 5 entries a tipset
   * @returns how many tipsets it indexed
   */
  indexBlocks(count = 10_000): Promise<number> {
    return this.#commit((batch) => {
      const found = indexRows(this.reader, this.#assurance.linked, this.#indexed, count, batch);
      if (found === undefined) return () => 0;
      const indexed = addRange(this.#indexed, found.range);
      batch.set("indexed", utf8(JSON.stringify(indexed)));
      return () => {
        this.#indexed = indexed;
        return found.count;
      };
    });
  }

  /** Removes tipsets beside the chain below a height. */
  pruneAside(below: number): Promise<number> {
    return this.#commit((batch) => {
      const doomed = [...this.#database.rows(tables.sideHeights).range({ lt: heightKey(below), limit: 1000 })];
      for (const [key] of doomed) {
        batch.rows.push({ table: tables.sideHeights, key });
        batch.forgetSide(key.subarray(6), this.#database.rows(tables.side).get(key.subarray(6)));
      }
      return () => doomed.length;
    });
  }

  /** Resolves when all that was asked for before is done, whether it worked or not. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #dropLowest(id: number, count: number): Promise<boolean> {
    return this.#commit((batch) => {
      const span = this.#spans.get(id);
      if (span === undefined) return () => true;
      const { left, cleared } = dropLowest(this.reader, span, count, batch);
      batch.span(id, left);
      const assurance = cleared === undefined ? this.#assurance : retractAssurance(this.#assurance, cleared);
      const indexed = cleared === undefined ? this.#indexed : removeRange(this.#indexed, cleared);
      batch.assurance(assurance);
      batch.set("indexed", utf8(JSON.stringify(indexed)));
      return () => {
        this.#assurance = assurance;
        this.#indexed = indexed;
        if (left === undefined) this.#forget(id);
        else this.#spans.set(id, left);
        return left === undefined;
      };
    });
  }

  #forget(id: number): void {
    this.#spans.delete(id);
    this.#gone.add(id);
  }

  #state(): ChainState {
    return {
      reader: this.reader,
      spans: this.#spans,
      assurance: this.#assurance,
      checkpoint: this.#checkpoint,
      forkLimit: this.#forkLimit,
    };
  }

  /** Runs after every change asked for before. `plan` fills the batch; what it returns runs once that is durable. */
  #commit<T>(plan: (batch: ChainBatch) => () => T, blocks: Iterable<BlockEntry> = []): Promise<T> {
    const turn = this.#tail.then(async () => {
      const batch = new ChainBatch();
      const done = plan(batch);
      await this.#database.commit({ blocks, rows: batch.rows });
      return done();
    });
    this.#tail = turn.catch(() => {});
    return turn;
  }
}

function withoutTipsets(ranges: readonly HeightRange[], gone: readonly TipsetRef[]): readonly HeightRange[] {
  const [top, bottom] = [gone[0], gone.at(-1)];
  return top === undefined || bottom === undefined
    ? ranges
    : removeRange(ranges, { from: bottom.height, to: top.height });
}
