import { CopseError } from "@copse/primitives";

/** Facts of each code that walks, sets and typed stores throw. CIDs are text. */
export type WalkFacts = {
  "walk/block-malformed": { cid: string; why: string };
  "walk/block-too-large": { cid: string; length: number; limit: number };
  "walk/too-many-blocks": { cid: string; limit: number };
  "walk/too-many-bytes": { cid: string; limit: number };
  "walk/too-deep": { cid: string; limit: number };
  "walk/set-full": { limit: number };
  "walk/set-closed": { operation: string };
};

const sayWalk: { [C in keyof WalkFacts]: (facts: WalkFacts[C]) => string } = {
  "walk/block-malformed": (f) => `block ${f.cid} cannot be looked into: ${f.why}`,
  "walk/block-too-large": (f) => `block ${f.cid}: ${f.length} B, limit ${f.limit} B`,
  "walk/too-many-blocks": (f) => `at block ${f.cid}: more than ${f.limit} blocks`,
  "walk/too-many-bytes": (f) => `at block ${f.cid}: more than ${f.limit} B`,
  "walk/too-deep": (f) => `block ${f.cid} is more than ${f.limit} links away from the root`,
  "walk/set-full": (f) => `the set holds ${f.limit} CIDs, which is all it can`,
  "walk/set-closed": (f) => `${f.operation}: the set is closed`,
};

/** A DAG that is not what a walk expects, or is larger than its limits. */
export class WalkError<C extends keyof WalkFacts = keyof WalkFacts> extends CopseError<C, WalkFacts[C]> {
  override readonly name = "WalkError";
  constructor(code: C, facts: WalkFacts[C], options?: ErrorOptions) {
    super(code, sayWalk[code](facts), facts, options);
  }
}
