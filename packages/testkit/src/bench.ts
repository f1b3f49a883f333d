import { appendFileSync } from "node:fs";

/** One measured case; set-up happens in `given`, outside the timed part. */
export interface BenchCase<Given> {
  /** Makes what `run` works on; never timed. */
  readonly given: () => Given | Promise<Given>;
  /** The work. Returns how many units it did (1 when it returns nothing). */
  readonly run: (given: Given) => number | undefined | Promise<number | undefined>;
  /** What one unit is, for the report: "header", "MB". */
  readonly unit?: string;
  /** Alternatives on the same input, each run in the same rounds; their ratio is printed. */
  readonly beside?: Readonly<Record<string, (given: Given) => number | undefined | Promise<number | undefined>>>;
  /** Rounds; the median counts. */
  readonly rounds?: number;
  /** Least time a round spends repeating `run`. */
  readonly roundMs?: number;
}

/** One row of a report. `ratio` is this library's speed over the alternative's, measured in the same rounds. */
export interface BenchRow {
  readonly id: string;
  readonly who: string;
  readonly perSecond: number;
  readonly unit: string;
  readonly ratio: number | undefined;
}

const rows: BenchRow[] = [];

/**
 * Measures a case and prints its rows: `package/operation size temperature`, units a second, and ours over each
 * alternative. Rounds of all sides interleave, so that a busy machine slows them alike. Under `npm run bench -- NAME`
 * a case whose id lacks NAME is passed over (where no file is called that).
 */
export async function bench<Given>(id: string, made: BenchCase<Given>): Promise<readonly BenchRow[]> {
  if (!id.includes(process.env["COPSE_BENCH_ONLY"] ?? "")) return [];
  const given = await made.given();
  const sides = [["copse", made.run] as const, ...Object.entries(made.beside ?? {})];
  const speeds = sides.map(() => [] as number[]);
  for (let round = 0; round <= (made.rounds ?? 5); round++) {
    for (const [side, [, run]] of sides.entries()) {
      const start = performance.now();
      let units = 0;
      do units += (await run(given)) ?? 1;
      while (performance.now() - start < (made.roundMs ?? 300));
      if (round > 0) speeds[side]?.push((units * 1000) / (performance.now() - start)); // round 0 warms up
    }
  }
  const ours = median(speeds[0] ?? []);
  const measured = sides.map(([who], side): BenchRow => {
    const perSecond = median(speeds[side] ?? []);
    return { id, who, perSecond, unit: made.unit ?? "op", ratio: side === 0 ? undefined : ours / perSecond };
  });
  for (const row of measured) {
    rows.push(row);
    const log = process.env["COPSE_BENCH_ROWS"];
    if (log !== undefined) appendFileSync(log, `${JSON.stringify(row)}\n`);
    const ratio = row.ratio === undefined ? "" : `   copse is x${row.ratio.toFixed(2)}`;
    console.log(`${row.id.padEnd(44)} ${row.who.padEnd(18)} ${formatSpeed(row.perSecond)} ${row.unit}/s${ratio}`);
  }
  return measured;
}

/** Every row measured so far in this process. */
export function benchRows(): readonly BenchRow[] {
  return rows;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

function formatSpeed(perSecond: number): string {
  return (perSecond >= 100 ? Math.round(perSecond).toLocaleString("en-US") : perSecond.toPrecision(3)).padStart(14);
}
