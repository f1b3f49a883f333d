import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on HAMTs throw. Depths count from the root, which is at 0. */
export type HamtFacts = {
  "hamt/bit-width-unsupported": { bitWidth: number; limit: number };
  "hamt/bitfield-too-wide": { depth: number; length: number; limit: number };
  "hamt/bitfield-mismatch": { depth: number; bits: number; pointers: number };
  "hamt/node-empty": { depth: number };
  "hamt/pointer-malformed": { depth: number; found: string };
  "hamt/bucket-empty": { depth: number };
  "hamt/bucket-unsorted": { depth: number };
  "hamt/link-codec": { depth: number; codec: number };
  "hamt/too-deep": { depth: number; limit: number };
  "hamt/key-twice": { key: string };
};

const say: { [C in keyof HamtFacts]: (facts: HamtFacts[C]) => string } = {
  "hamt/bit-width-unsupported": (f) => `bit width ${f.bitWidth}, limits 1 and ${f.limit}`,
  "hamt/bitfield-too-wide": (f) => `node at depth ${f.depth}: a bitfield of ${f.length} bits, limit ${f.limit}`,
  "hamt/bitfield-mismatch": (f) => `node at depth ${f.depth}: ${f.bits} bits are set for ${f.pointers} pointers`,
  "hamt/node-empty": (f) => `node at depth ${f.depth}: empty, which only the root may be`,
  "hamt/pointer-malformed": (f) => `node at depth ${f.depth}: a pointer that is ${f.found}`,
  "hamt/bucket-empty": (f) => `node at depth ${f.depth}: a bucket with nothing in it`,
  "hamt/bucket-unsorted": (f) => `node at depth ${f.depth}: the keys of a bucket do not rise`,
  "hamt/link-codec": (f) => `node at depth ${f.depth}: a link of codec 0x${f.codec.toString(16)}, nodes are DAG-CBOR`,
  "hamt/too-deep": (f) => `depth ${f.depth} is past the end of a key's hash, limit ${f.limit}`,
  "hamt/key-twice": (f) => `key ${f.key} comes twice`,
};

/** A node that is no part of a HAMT, or keys that one cannot hold. */
export class HamtError<C extends keyof HamtFacts = keyof HamtFacts> extends CopseError<C, HamtFacts[C]> {
  override readonly name = "HamtError";
  constructor(code: C, facts: HamtFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
