/**
 * What a link of the chain may break. `tipset`: its key as CIDs joined by commas. `block`: the CID the key asks for.
 * `height` is -1 where it is not known. One row per rule; the numbers are those of the sheet's table of statements.
 */
export type LinkFacts = {
  /** 1: the bytes of a block do not hash to its CID. */
  "chain/hash-mismatch": { tipset: string; height: number; block: string; found: string };
  /** 1: no header, or one that is not read. */
  "chain/header-malformed": { tipset: string; height: number; block: string; why: string };
  /** 1: read, but encoding it again gives other bytes. */
  "chain/header-not-canonical": { tipset: string; height: number; block: string };
  /** 2: more or fewer blocks than the key names. */
  "chain/block-count-wrong": { tipset: string; height: number; expected: number; found: number };
  /** 2: the key names no block, too many, or what is no CID of a block. */
  "chain/key-malformed": { tipset: string; height: number; limit: number };
  /** 2: all blocks are there, but not in canonical order. */
  "chain/order-wrong": { tipset: string; height: number; block: string };
  /** 2: a field that the parents fix differs between two blocks. */
  "chain/blocks-differ": { tipset: string; height: number; block: string; field: string };
  /** 2: one miner twice. */
  "chain/miner-repeated": { tipset: string; height: number; block: string };
  /** 3: a child is not above its parents. */
  "chain/height-not-falling": { tipset: string; height: number; childHeight: number };
  /** 3. Unit: seconds. */
  "chain/timestamp-wrong": { tipset: string; height: number; block: string; expected: number; found: number };
  /** 4: the walk reached height 0, or passed it, on another block than the network's genesis. */
  "chain/genesis-wrong": { tipset: string; height: number; expected: string };
  /** 6: no power fits the difference of two weights. */
  "chain/weight-wrong": { tipset: string; height: number; gain: bigint; winCount: number };
  /** 6. */
  "chain/win-count-out-of-range": { tipset: string; height: number; block: string; found: number };
  /** 2.1, sanity: a null that only genesis may hold, or a miner without an ID address. */
  "chain/field-missing": { tipset: string; height: number; block: string; field: string };
  /** 8: the chain passes a pinned height without the pinned block. */
  "chain/pin-missed": { tipset: string; height: number; pinHeight: number; expected: string };
};

/** A sentence per code of {@link LinkFacts}. */
export const sayLink: { [C in keyof LinkFacts]: (facts: LinkFacts[C]) => string } = {
  "chain/hash-mismatch": (f) => `block ${f.block}: the bytes hash to ${f.found}`,
  "chain/header-malformed": (f) => `block ${f.block} is no header: ${f.why}`,
  "chain/header-not-canonical": (f) => `block ${f.block}: encoding it again gives other bytes`,
  "chain/block-count-wrong": (f) => `tipset ${f.tipset} has ${f.expected} blocks, not ${f.found}`,
  "chain/key-malformed": (f) => `tipset key ${f.tipset} does not name 1 to ${f.limit} block CIDs`,
  "chain/order-wrong": (f) => `block ${f.block} is out of order in tipset ${f.tipset}`,
  "chain/blocks-differ": (f) => `block ${f.block} at height ${f.height}: its ${f.field} is not that of its tipset`,
  "chain/miner-repeated": (f) => `block ${f.block} at height ${f.height}: its miner has another block in the tipset`,
  "chain/height-not-falling": (f) => `tipset ${f.tipset}: height ${f.height} is not below its child's ${f.childHeight}`,
  "chain/timestamp-wrong": (f) =>
    `block ${f.block} at height ${f.height}: timestamp ${f.found} s, expected ${f.expected} s`,
  "chain/genesis-wrong": (f) => `the chain ends in ${f.tipset} at height ${f.height}, not in genesis ${f.expected}`,
  "chain/weight-wrong": (f) =>
    `tipset ${f.tipset} at height ${f.height}: no power explains a gain of ${f.gain} with win count ${f.winCount}`,
  "chain/win-count-out-of-range": (f) => `block ${f.block} at height ${f.height}: win count ${f.found}`,
  "chain/field-missing": (f) => `block ${f.block} at height ${f.height}: ${f.field} is missing`,
  "chain/pin-missed": (f) => `height ${f.pinHeight} of the chain through ${f.tipset} is not pinned block ${f.expected}`,
};

/** A broken rule as plain data, so that it crosses threads; `chainError` makes it an error to throw. */
export type LinkFault = {
  [C in keyof LinkFacts]: { readonly code: C; readonly facts: Readonly<LinkFacts[C]>; readonly message: string };
}[keyof LinkFacts];

/** Makes a fault, with its sentence. */
export function linkFault<C extends keyof LinkFacts>(code: C, facts: LinkFacts[C]): LinkFault {
  return { code, facts, message: sayLink[code](facts) } as unknown as LinkFault;
}
