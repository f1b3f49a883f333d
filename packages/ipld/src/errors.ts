import { CopseError } from "@copse/primitives";

/** Facts of each code the CBOR reader and writer throw. Offsets count bytes from the start of the item read. */
export type CborFacts = {
  "cbor/cut": { offset: number; needed: number; length: number };
  "cbor/unexpected": { offset: number; found: string; expected: string };
  "cbor/not-minimal": { offset: number };
  "cbor/unsupported": { offset: number; head: number };
  "cbor/too-long": { offset: number; length: number | bigint; limit: number };
  "cbor/wrong-length": { offset: number; length: number; expected: string };
  "cbor/out-of-range": { offset: number; value: bigint; limit: bigint };
  "cbor/too-deep": { offset: number; limit: number };
  "cbor/too-many-links": { offset: number; limit: number };
  "cbor/text-malformed": { offset: number };
  "cbor/link-malformed": { offset: number; why: string };
  "cbor/trailing-bytes": { offset: number; extra: number };
};

const sayCbor: { [C in keyof CborFacts]: (facts: CborFacts[C]) => string } = {
  "cbor/cut": (f) => `byte ${f.offset}: ${f.needed} B are needed, the input ends at ${f.length}`,
  "cbor/unexpected": (f) => `byte ${f.offset}: found ${f.found}, expected ${f.expected}`,
  "cbor/not-minimal": (f) => `byte ${f.offset}: a head that is not in its shortest form`,
  "cbor/unsupported": (f) => `byte ${f.offset}: head 0x${f.head.toString(16)} has no meaning on chain`,
  "cbor/too-long": (f) => `byte ${f.offset}: length ${f.length}, limit ${f.limit}`,
  "cbor/wrong-length": (f) => `byte ${f.offset}: an array of ${f.length}, expected ${f.expected}`,
  "cbor/out-of-range": (f) => `byte ${f.offset}: ${f.value}, limit ${f.limit}`,
  "cbor/too-deep": (f) => `byte ${f.offset}: nested deeper than ${f.limit}`,
  "cbor/too-many-links": (f) => `byte ${f.offset}: more than ${f.limit} links`,
  "cbor/text-malformed": (f) => `byte ${f.offset}: text that is not UTF-8`,
  "cbor/link-malformed": (f) => `byte ${f.offset}: a link that is not a CID: ${f.why}`,
  "cbor/trailing-bytes": (f) => `byte ${f.offset}: ${f.extra} B after the end of the item`,
};

/** Bytes that are not the canonical CBOR expected of them. */
export class CborError<C extends keyof CborFacts = keyof CborFacts> extends CopseError<C, CborFacts[C]> {
  override readonly name = "CborError";
  constructor(code: C, facts: CborFacts[C], options?: ErrorOptions) {
    super(code, sayCbor[code](facts), facts, options);
  }
}

/** Facts of each code the functions on CIDs throw. */
export type CidFacts = {
  "cid/malformed": { offset: number; why: string };
  "cid/hash-unsupported": { hash: bigint };
};

const sayCid: { [C in keyof CidFacts]: (facts: CidFacts[C]) => string } = {
  "cid/malformed": (f) => `byte ${f.offset}: not a CID: ${f.why}`,
  "cid/hash-unsupported": (f) => `hash function 0x${f.hash.toString(16)} is not one of the chain's`,
};

/** Bytes that are not a CID, or a CID whose hash function is unknown here. */
export class CidError<C extends keyof CidFacts = keyof CidFacts> extends CopseError<C, CidFacts[C]> {
  override readonly name = "CidError";
  constructor(code: C, facts: CidFacts[C], options?: ErrorOptions) {
    super(code, sayCid[code](facts), facts, options);
  }
}

/** Facts of each code that fetching within a budget throws. */
export type FetchFacts = {
  "fetch/over-budget": { what: "blocks" | "bytes" | "rounds"; wanted: number; limit: number };
};

const sayFetch: { [C in keyof FetchFacts]: (facts: FetchFacts[C]) => string } = {
  "fetch/over-budget": (f) => `${f.wanted} ${f.what} would be fetched, limit ${f.limit}`,
};

/** More would have to be fetched than one is ready to. */
export class FetchError<C extends keyof FetchFacts = keyof FetchFacts> extends CopseError<C, FetchFacts[C]> {
  override readonly name = "FetchError";
  constructor(code: C, facts: FetchFacts[C], options?: ErrorOptions) {
    super(code, sayFetch[code](facts), facts, options);
  }
}
