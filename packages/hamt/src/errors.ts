import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on HAMTs throw. Depths count from the root, which is at 0. */
export type HamtFacts = {
  "hamt/bit-width-unsupported": { bitWidth: number; limit: number };
  "hamt/option-out-of-range": { option: string; value: number; least: number; limit: number };
  "hamt/hash-length": { length: number; expected: string };
  "hamt/bitfield-mismatch": { depth: number; bits: number; pointers: number };
  "hamt/node-empty": { depth: number };
  "hamt/pointer-malformed": { depth: number; found: string };
  "hamt/bucket-empty": { depth: number };
  "hamt/bucket-unsorted": { depth: number };
  "hamt/bucket-too-high": { depth: number; least: number };
  "hamt/link-codec": { depth: number; codec: number };
  "hamt/too-deep": { depth: number; limit: number };
  "hamt/key-twice": { key: string };
  "hamt/key-too-long": { length: number; limit: number };
  "hamt/key-malformed": { key: string; expected: string };
  "hamt/start-absent": { key: string };
  "hamt/layouts-differ": { what: string; before: string; after: string };
};

const say: { [C in keyof HamtFacts]: (facts: HamtFacts[C]) => string } = {
  "hamt/bit-width-unsupported": (f) => `bit width ${f.bitWidth}, limits 1 and ${f.limit}`,
  "hamt/option-out-of-range": (f) => `${f.option} of ${f.value}, limits ${f.least} and ${f.limit}`,
  "hamt/hash-length": (f) => `the hash function gives ${f.length} B, expected ${f.expected}`,
  "hamt/bitfield-mismatch": (f) => `node at depth ${f.depth}: ${f.bits} bits are set for ${f.pointers} pointers`,
  "hamt/node-empty": (f) => `node at depth ${f.depth}: empty, which only the root may be`,
  "hamt/pointer-malformed": (f) => `node at depth ${f.depth}: a pointer that is ${f.found}`,
  "hamt/bucket-empty": (f) => `node at depth ${f.depth}: a bucket with nothing in it`,
  "hamt/bucket-unsorted": (f) => `node at depth ${f.depth}: the keys of a bucket do not rise`,
  "hamt/bucket-too-high": (f) => `node at depth ${f.depth}: a bucket, which may stand from depth ${f.least} on`,
  "hamt/link-codec": (f) => `node at depth ${f.depth}: a link of codec 0x${f.codec.toString(16)}, nodes are DAG-CBOR`,
  "hamt/too-deep": (f) => `depth ${f.depth} is past the end of a key's hash, limit ${f.limit}`,
  "hamt/key-twice": (f) => `key ${f.key} comes twice`,
  "hamt/key-too-long": (f) => `a key of ${f.length} B, limit ${f.limit} B`,
  "hamt/key-malformed": (f) => `key ${f.key} is not ${f.expected}`,
  "hamt/start-absent": (f) => `key ${f.key}, where the walk should start, is not there`,
  "hamt/layouts-differ": (f) => `trees of different ${f.what}, ${f.before} and ${f.after}, have no slots to compare`,
};

/** A node that is no part of a HAMT, or keys that one cannot hold. */
export class HamtError<C extends keyof HamtFacts = keyof HamtFacts> extends CopseError<C, HamtFacts[C]> {
  override readonly name = "HamtError";
  constructor(code: C, facts: HamtFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
