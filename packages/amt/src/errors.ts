import { CopseError } from "@copse/primitives";

/** Facts of each code the functions on AMTs throw. Heights count from the leaves, which are at 0. */
export type AmtFacts = {
  "amt/index-malformed": { index: number | bigint };
  "amt/index-too-large": { index: bigint; limit: bigint };
  "amt/index-unsafe": { index: bigint };
  "amt/index-missing": { index: bigint };
  "amt/bit-width-unsupported": { bitWidth: number; limit: number };
  "amt/bit-width-wrong": { bitWidth: number; expected: number };
  "amt/bit-widths-differ": { before: number; after: number };
  "amt/height-too-large": { height: number; limit: number };
  "amt/count-too-large": { count: bigint; limit: bigint };
  "amt/count-wrong": { count: bigint };
  "amt/bitmap-length": { height: number; length: number; expected: number };
  "amt/links-and-values": { height: number; links: number; values: number };
  "amt/bitmap-mismatch": { height: number; bits: number; items: number };
  "amt/level-wrong": { height: number; found: "links" | "values" };
  "amt/node-empty": { height: number };
  "amt/link-codec": { height: number; codec: number };
};

const say: { [C in keyof AmtFacts]: (facts: AmtFacts[C]) => string } = {
  "amt/index-malformed": (f) => `${f.index} is no index: a whole number from 0 is`,
  "amt/index-too-large": (f) => `index ${f.index}, limit ${f.limit}`,
  "amt/index-unsafe": (f) => `index ${f.index} is no safe number: ask for bigints`,
  "amt/index-missing": (f) => `index ${f.index} holds no value, though all are to`,
  "amt/bit-width-unsupported": (f) => `bit width ${f.bitWidth}, limits 1 and ${f.limit}`,
  "amt/bit-width-wrong": (f) => `the root has bit width ${f.bitWidth}, expected ${f.expected}`,
  "amt/bit-widths-differ": (f) => `trees of bit width ${f.before} and ${f.after} have no nodes in common`,
  "amt/height-too-large": (f) => `the root has height ${f.height}, limit ${f.limit}`,
  "amt/count-too-large": (f) => `the root counts ${f.count} values, its height holds ${f.limit}`,
  "amt/count-wrong": (f) => `the root counts ${f.count} values, the nodes hold others`,
  "amt/bitmap-length": (f) => `node at height ${f.height}: a bitmap of ${f.length} B, expected ${f.expected} B`,
  "amt/links-and-values": (f) =>
    `node at height ${f.height}: ${f.links} links and ${f.values} values, one is to be none`,
  "amt/bitmap-mismatch": (f) => `node at height ${f.height}: ${f.bits} bits are set for ${f.items} items`,
  "amt/level-wrong": (f) => `node at height ${f.height}: found ${f.found}`,
  "amt/node-empty": (f) => `node at height ${f.height}: empty, which only a root may be`,
  "amt/link-codec": (f) => `node at height ${f.height}: a link of codec 0x${f.codec.toString(16)}, nodes are DAG-CBOR`,
};

/** A node that is no part of an AMT, or an index it cannot hold. */
export class AmtError<C extends keyof AmtFacts = keyof AmtFacts> extends CopseError<C, AmtFacts[C]> {
  override readonly name = "AmtError";
  constructor(code: C, facts: AmtFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
