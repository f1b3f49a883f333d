import { CopseError } from "@copse/primitives";

/** Facts of each code that walks, sets and typed stores throw. CIDs are text. */
export type WalkFacts = {
  "walk/block-malformed": { cid: string; why: string };
  "walk/block-too-large": { cid: string; length: number; limit: number };
  "walk/too-many-blocks": { cid: string; limit: number };
  "walk/too-many-bytes": { cid: string; limit: number };
  "walk/too-deep": { cid: string; limit: number };
  "walk/place-malformed": { cid: string };
  "walk/set-full": { limit: number };
  "walk/set-closed": { operation: string };
};

const sayWalk: { [C in keyof WalkFacts]: (facts: WalkFacts[C]) => string } = {
  "walk/block-malformed": (f) => `block ${f.cid} cannot be looked into: ${f.why}`,
  "walk/block-too-large": (f) => `block ${f.cid}: ${f.length} B, limit ${f.limit} B`,
  "walk/too-many-blocks": (f) => `at block ${f.cid}: more than ${f.limit} blocks`,
  "walk/too-many-bytes": (f) => `at block ${f.cid}: more than ${f.limit} B`,
  "walk/too-deep": (f) => `block ${f.cid} is more than ${f.limit} links away from the root`,
  "walk/place-malformed": (f) => `no walk can have been where this one should go on: ${f.cid} has no such link`,
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

/** Facts of each code that typed stores throw. CIDs are text. */
export type IpldStoreFacts = {
  "ipld/not-cbor": { cid: string; codec: number };
  "ipld/block-too-large": { cid: string; length: number; limit: number };
  "ipld/block-mismatch": { cid: string };
};

const sayStore: { [C in keyof IpldStoreFacts]: (facts: IpldStoreFacts[C]) => string } = {
  "ipld/not-cbor": (f) => `block ${f.cid} has codec 0x${f.codec.toString(16)}, which is no CBOR`,
  "ipld/block-too-large": (f) => `block ${f.cid}: ${f.length} B, limit ${f.limit} B`,
  "ipld/block-mismatch": (f) => `what the store has for ${f.cid} does not hash to it`,
};

/** A block that is no value of a typed store. */
export class IpldStoreError<C extends keyof IpldStoreFacts = keyof IpldStoreFacts> extends CopseError<
  C,
  IpldStoreFacts[C]
> {
  override readonly name = "IpldStoreError";
  constructor(code: C, facts: IpldStoreFacts[C], options?: ErrorOptions) {
    super(code, sayStore[code](facts), facts, options);
  }
}

/** Facts of each code that paths throw: the segment, its place in the path from 0, the block it was looked for in. */
export type PathFacts = {
  "path/too-long": { segments: number; limit: number };
  "path/too-many-blocks": { at: number; cid: string; limit: number };
  "path/key-absent": { segment: string; at: number; cid: string };
  "path/index-malformed": { segment: string; at: number; cid: string };
  "path/index-absent": { segment: string; at: number; cid: string; length: number };
  "path/not-entered": { segment: string; at: number; cid: string; found: string };
  "path/block-malformed": { segment: string; at: number; cid: string; why: string };
};

const sayPath: { [C in keyof PathFacts]: (facts: PathFacts[C]) => string } = {
  "path/too-long": (f) => `a path of ${f.segments} segments, limit ${f.limit}`,
  "path/too-many-blocks": (f) => `segment ${f.at}: more than ${f.limit} blocks on the way, at ${f.cid}`,
  "path/key-absent": (f) => `segment ${f.at}: no key "${f.segment}" in block ${f.cid}`,
  "path/index-malformed": (f) => `segment ${f.at}: "${f.segment}" is no index of a list in block ${f.cid}`,
  "path/index-absent": (f) => `segment ${f.at}: index ${f.segment} of a list of ${f.length} in block ${f.cid}`,
  "path/not-entered": (f) => `segment ${f.at}: "${f.segment}" of ${f.found} in block ${f.cid}`,
  "path/block-malformed": (f) => `segment ${f.at}: "${f.segment}": block ${f.cid} cannot be looked into: ${f.why}`,
};

/** A path that leads nowhere; names the segment it stops at. */
export class PathError<C extends keyof PathFacts = keyof PathFacts> extends CopseError<C, PathFacts[C]> {
  override readonly name = "PathError";
  constructor(code: C, facts: PathFacts[C], options?: ErrorOptions) {
    super(code, sayPath[code](facts), facts, options);
  }
}
