import { type AssuranceLevel, type ChainStore, coversRange, type HeightRange, type LinkedTipset } from "@copse/chain";
import type { Counts, CountsTable } from "./counts.ts";
import { inOrder, inRuns } from "./in-order.ts";

/** What a stage made of a run of tipsets. */
export interface StageResult {
  /** Blocks to keep: messages and their trees. */
  readonly blocks?: readonly (readonly [cid: Uint8Array, bytes: Uint8Array])[];
  /** What was checked, to add to the totals. */
  readonly counts: Partial<Counts>;
  /** Heights of the run that do not reach the level, though nothing is wrong: what they need is not at hand. */
  readonly unresolved?: ReadonlySet<number>;
}

/** What a stage is told beside the run. */
export interface StageContext {
  /** Nothing right below the run is being checked by this pass: it may have been before, or never. */
  readonly first: boolean;
  readonly signal: AbortSignal;
}

/** One kind of check over the canonical chain, upwards. */
export interface Stage {
  readonly level: AssuranceLevel;
  /** Tipsets a run. */
  readonly size: number;
  /** Runs under way at once. */
  readonly width: number;
  /** Checks a run, oldest first. Throws what is wrong with the chain. */
  check(run: readonly LinkedTipset[], context: StageContext): Promise<StageResult>;
}

/**
 * Raises a range of the chain to a stage's level: every gap in it, upwards, in runs. What is raised, what is kept and
 * what is counted become durable together, so a kill loses only the runs under way and counts nothing twice.
 *
 * @returns heights that stay below the level for lack of what they need
 */
export async function runStage(
  stage: Stage,
  store: ChainStore,
  counts: CountsTable,
  scope: HeightRange,
  onRun: (height: number, tipsets: number) => void,
  signal: AbortSignal,
): Promise<number> {
  let unresolved = 0;
  for (const gap of gapsIn(store.assurance[stage.level], scope)) {
    const runs = inRuns(store.reader.tipsets({ from: gap.from, to: gap.to }), stage.size);
    let from = gap.from;
    let first = true;
    const check = async (
      run: LinkedTipset[],
      one: AbortSignal,
    ): Promise<{ run: LinkedTipset[]; result: StageResult }> => {
      const context = { first, signal: one };
      first = false;
      return { run, result: await stage.check(run, context) };
    };
    for await (const { run, result } of inOrder(runs, stage.width, check, signal)) {
      const top = run.at(-1) as LinkedTipset;
      // null rounds above the last tipset of a gap go with it, or they would stay a gap for ever
      const above = top.height < gap.to ? store.reader.tipsetAt(top.height + 1, "next") : undefined;
      const end = above !== undefined && above.height > gap.to ? gap.to : top.height;
      const ranges = resolvedRanges(run, from, end, result.unresolved);
      unresolved += result.unresolved?.size ?? 0;
      const { level } = stage;
      const checked = ranges.map((range) => ({ level, range, tip: top.key }));
      await store.raise(checked, result.blocks, () => counts.rows(result.counts));
      from = top.height + 1;
      onRun(top.height, run.length);
    }
    const empty = first && coversRange(store.assurance.linked, gap); // null rounds alone
    if (empty) await store.raise([{ level: stage.level, range: gap }]);
  }
  return unresolved;
}

/**
 * The parts of a range that no range covers, lowest first.
 *
 * @example
 * gapsIn([{ from: 3, to: 5 }], { from: 0, to: 9 }) // => [{ from: 0, to: 2 }, { from: 6, to: 9 }]
 */
export function gapsIn(covered: readonly HeightRange[], scope: HeightRange): HeightRange[] {
  const gaps: HeightRange[] = [];
  let from = scope.from;
  for (const range of covered) {
    if (range.from > scope.to) break;
    if (range.from > from) gaps.push({ from, to: range.from - 1 });
    from = Math.max(from, range.to + 1);
  }
  if (from <= scope.to) gaps.push({ from, to: scope.to });
  return gaps;
}

/** Heights of a run that reach the level, as ranges; null rounds below a tipset go with it, those up to `end` with the last. */
function resolvedRanges(
  run: readonly LinkedTipset[],
  from: number,
  end: number,
  unresolved: ReadonlySet<number> | undefined,
): HeightRange[] {
  const ranges: HeightRange[] = [];
  let low = from;
  for (const { height } of run) {
    if (unresolved?.has(height) !== true) {
      const last = ranges.at(-1);
      const to = height === run.at(-1)?.height ? end : height;
      if (last !== undefined && last.to === low - 1) ranges[ranges.length - 1] = { from: last.from, to };
      else ranges.push({ from: low, to });
    }
    low = height + 1;
  }
  return ranges;
}
