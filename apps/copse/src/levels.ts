import { type Assurance, type AssuranceLevel, assuranceLevels, type ChainReader, type HeightRange } from "@copse/chain";
import { chainCidLength } from "@copse/ipld";

/** How much of the chain reached a level. */
export interface LevelCount {
  /** Null rounds included. */
  readonly heights: number;
  readonly tipsets: number;
  readonly headers: number;
}

/** Of every level. */
export type LevelCounts = Readonly<Record<AssuranceLevel, LevelCount>>;

/**
 * Counts what reached each level.
 *
 * Cost: one pass over the rows of the chain. Memory does not grow with it.
 */
export function countLevels(reader: ChainReader, assurance: Assurance, head: number): LevelCounts {
  const counting = assuranceLevels.map((level) => ({ level, ranges: assurance[level], at: 0, tipsets: 0, headers: 0 }));
  for (const { key, height } of reader.tipsets({ from: 0, to: head })) {
    for (const one of counting) {
      while ((one.ranges[one.at]?.to ?? Number.POSITIVE_INFINITY) < height) one.at++;
      if ((one.ranges[one.at]?.from ?? Number.POSITIVE_INFINITY) > height) continue;
      one.tipsets++;
      one.headers += key.length / chainCidLength;
    }
  }
  const counts = counting.map(({ level, ranges, tipsets, headers }) => [
    level,
    { heights: heightsOf(ranges), tipsets, headers },
  ]);
  return Object.fromEntries(counts) as LevelCounts;
}

/** Heights that ranges cover. */
export function heightsOf(ranges: readonly HeightRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

/** A line a level, for people: how much of the chain reached it, and where. */
export function levelLines(levels: LevelCounts, assurance: Readonly<Partial<Assurance>>): string[] {
  const head = ["level", "heights", "tipsets", "headers"];
  const rows = assuranceLevels.map((level) => {
    const { heights, tipsets, headers } = levels[level];
    return [level, `${heights}`, `${tipsets}`, `${headers}`];
  });
  const line = ([name = "", ...numbers]: readonly string[], where: string): string =>
    `${name.padEnd(18)}${numbers.map((number) => number.padStart(9)).join("")}  ${where}`.trimEnd();
  return [
    line(head, "where"),
    ...rows.map((row, i) => line(row, whereOf(assurance[assuranceLevels[i] as AssuranceLevel]))),
  ];
}

/** Ranges that are told one by one; more are only counted. */
const mostTold = 4;

function whereOf(ranges: readonly HeightRange[] = []): string {
  const told = ranges.slice(0, mostTold).map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  const more = ranges.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} ranges more`] : [])].join(", ");
}
