import type { AssuranceLevel } from "@copse/chain";

/** Heights from the first to the last. */
export interface Heights {
  readonly from: number;
  readonly to: number;
}

/** What was checked of a chain, counted as it goes up. */
export class ChainTally {
  beacons = 0;
  acceptedBeacons = 0;
  messageRoots = 0;
  messages = 0;
  aggregates = 0;
  signatures = 0;
  baseFees = 0;
  weights = 0;
  leaders = 0;
  /** Of `leaders`, those that an earlier state than the one the rules name spoke for. */
  leadersOnOlderState = 0;
  /** What could be neither shown nor denied, in words; the first few. */
  readonly open: string[] = [];
  openCount = 0;
  readonly #reached = new Map<AssuranceLevel, Heights[]>();

  /** A tipset has reached a level; null rounds below it go with it. */
  reach(level: AssuranceLevel, height: number, baseHeight: number): void {
    const ranges = this.#reached.get(level) ?? [];
    this.#reached.set(level, ranges);
    const last = ranges.at(-1);
    if (last !== undefined && last.to === baseHeight) ranges[ranges.length - 1] = { from: last.from, to: height };
    else ranges.push({ from: baseHeight + 1, to: height });
  }

  /** Notes what was left open. */
  leaveOpen(says: string): void {
    this.openCount++;
    if (this.open.length < 5) this.open.push(says);
  }

  ranges(level: AssuranceLevel): readonly Heights[] {
    return this.#reached.get(level) ?? [];
  }
}
