import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on KAMTs throw. Depths count from the root, which is at 0; lengths are in bits. */
export type KamtFacts = {
  "kamt/option-out-of-range": { option: string; value: number; least: number; most: number };
  "kamt/hash-length": { length: number; expected: number };
  "kamt/bitfield-mismatch": { depth: number; bits: number; pointers: number };
  "kamt/node-empty": { depth: number };
  "kamt/pointer-malformed": { depth: number; found: string };
  "kamt/bucket-empty": { depth: number };
  "kamt/bucket-unsorted": { depth: number };
  "kamt/values-too-shallow": { depth: number; least: number };
  "kamt/link-codec": { depth: number; codec: number };
  "kamt/extension-uneven": { depth: number; length: number; bitWidth: number };
  "kamt/extension-too-long": { depth: number; length: number; limit: number };
  "kamt/extension-cut": { length: number; held: number };
  "kamt/too-deep": { bits: number };
  "kamt/key-twice": { hash: string };
  "kamt/start-absent": { hash: string };
  "kamt/options-differ": { option: string };
  "kamt/word-out-of-range": { value: bigint };
};

const say: { [C in keyof KamtFacts]: (facts: KamtFacts[C]) => string } = {
  "kamt/option-out-of-range": (f) => `${f.option} is ${f.value}, limits ${f.least} and ${f.most}`,
  "kamt/hash-length": (f) => `a key's hash has ${f.length} B, not ${f.expected}`,
  "kamt/bitfield-mismatch": (f) => `node at depth ${f.depth}: ${f.bits} bits are set for ${f.pointers} pointers`,
  "kamt/node-empty": (f) => `node at depth ${f.depth}: empty, which only the root may be`,
  "kamt/pointer-malformed": (f) => `node at depth ${f.depth}: a pointer that is ${f.found}`,
  "kamt/bucket-empty": (f) => `node at depth ${f.depth}: a bucket with nothing in it`,
  "kamt/bucket-unsorted": (f) => `node at depth ${f.depth}: the keys of a bucket do not rise`,
  "kamt/values-too-shallow": (f) => `node at depth ${f.depth}: values, which stand at ${f.least} or deeper`,
  "kamt/link-codec": (f) => `node at depth ${f.depth}: a link of codec 0x${f.codec.toString(16)}, nodes are DAG-CBOR`,
  "kamt/extension-uneven": (f) =>
    `node at depth ${f.depth}: an extension of ${f.length} bits, which is no multiple of ${f.bitWidth}`,
  "kamt/extension-too-long": (f) => `node at depth ${f.depth}: an extension of ${f.length} bits, limit ${f.limit}`,
  "kamt/extension-cut": (f) => `an extension of ${f.length} bits holds only ${f.held}`,
  "kamt/too-deep": (f) => `a key's hash has no more than ${f.bits} bits`,
  "kamt/key-twice": (f) => `the key of hash ${f.hash} comes twice`,
  "kamt/start-absent": (f) => `the key of hash ${f.hash}, where the walk was to start, is not there`,
  "kamt/options-differ": (f) => `trees of another ${f.option} cannot be compared`,
  "kamt/word-out-of-range": (f) => `${f.value} is no unsigned integer of 256 bits`,
};

/** A node that is no part of a KAMT, or keys that one cannot hold. */
export class KamtError<C extends keyof KamtFacts = keyof KamtFacts> extends CopseError<C, KamtFacts[C]> {
  override readonly name = "KamtError";
  constructor(code: C, facts: KamtFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
