/** Heights from `from` to `to`, both within. */
export interface HeightRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Adds a range to sorted, disjoint ranges; neighbours and overlaps become one. Pure.
 *
 * @example
 * addRange([{ from: 0, to: 2 }], { from: 3, to: 5 }) // => [{ from: 0, to: 5 }]
 */
export function addRange(ranges: readonly HeightRange[], added: HeightRange): HeightRange[] {
  const before = ranges.filter((range) => range.to < added.from - 1);
  const after = ranges.filter((range) => range.from > added.to + 1);
  const touched = ranges.filter((range) => range.to >= added.from - 1 && range.from <= added.to + 1);
  const from = Math.min(added.from, ...touched.map((range) => range.from));
  const to = Math.max(added.to, ...touched.map((range) => range.to));
  return [...before, { from, to }, ...after];
}

/**
 * Takes a range out of sorted, disjoint ranges. Pure.
 *
 * @example
 * removeRange([{ from: 0, to: 9 }], { from: 3, to: 5 }) // => [{ from: 0, to: 2 }, { from: 6, to: 9 }]
 */
export function removeRange(ranges: readonly HeightRange[], removed: HeightRange): HeightRange[] {
  return ranges.flatMap(({ from, to }) => [
    ...(from < removed.from ? [{ from, to: Math.min(to, removed.from - 1) }] : []),
    ...(to > removed.to ? [{ from: Math.max(from, removed.to + 1), to }] : []),
  ]);
}

/**
 * True when one range holds all heights from `from` to `to`.
 *
 * @example
 * coversRange([{ from: 0, to: 9 }], { from: 2, to: 5 }) // => true
 */
export function coversRange(ranges: readonly HeightRange[], wanted: HeightRange): boolean {
  return ranges.some((range) => range.from <= wanted.from && wanted.to <= range.to);
}
