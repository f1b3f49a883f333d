/**
 * The scheduled item in force at an epoch: the last one whose `height` is not above it, or the first.
 *
 * @see lotus:chain/vm/gas.go PricelistByEpoch
 */
export function scheduledAt<Point extends { readonly height: number }>(
  schedule: readonly Point[],
  epoch: number,
): Point {
  for (let i = schedule.length - 1; i > 0; i--) {
    const point = schedule[i] as Point;
    if (epoch >= point.height) return point;
  }
  return schedule[0] as Point;
}
