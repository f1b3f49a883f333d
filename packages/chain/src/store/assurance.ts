import { addRange, type HeightRange, removeRange } from "./height-ranges.ts";

/**
 * How far a tipset has been checked, each word on its own: `linked` is statements 1 to 4 and 6 of the sheet's table,
 * `beacon-checked` 5, `messages-checked` 7, `leader-checked` ticket, election and block signature against state,
 * `executed` state roots recomputed, `f3-final` 9.
 */
export type AssuranceLevel =
  | "linked"
  | "beacon-checked"
  | "messages-checked"
  | "leader-checked"
  | "executed"
  | "f3-final";

/** The words in order. */
export const assuranceLevels: readonly AssuranceLevel[] = [
  "linked",
  "beacon-checked",
  "messages-checked",
  "leader-checked",
  "executed",
  "f3-final",
];

/** Heights of the canonical chain that reach each level: sorted, disjoint ranges. Null rounds count with the rest. */
export type Assurance = Readonly<Record<AssuranceLevel, readonly HeightRange[]>>;

/** Nothing checked yet. */
export const noAssurance: Assurance = {
  linked: [],
  "beacon-checked": [],
  "messages-checked": [],
  "leader-checked": [],
  executed: [],
  "f3-final": [],
};

/**
 * Raises a range to a level. Pure.
 *
 * @example
 * raiseAssurance(noAssurance, "linked", { from: 0, to: 9 }).linked // => [{ from: 0, to: 9 }]
 */
export function raiseAssurance(assurance: Assurance, level: AssuranceLevel, range: HeightRange): Assurance {
  return { ...assurance, [level]: addRange(assurance[level], range) };
}

/** Forgets a range at every level, where other tipsets become canonical. Pure. */
export function retractAssurance(assurance: Assurance, range: HeightRange): Assurance {
  const left = Object.entries(assurance).map(([level, ranges]) => [level, removeRange(ranges, range)] as const);
  return Object.fromEntries(left) as unknown as Assurance;
}
