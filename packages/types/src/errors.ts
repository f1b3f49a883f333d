import { CopseError } from "@copse/primitives";

/** Facts of each code this package throws. */
export type TypesFacts = {
  "address/text-malformed": { length: number; reason: string };
  "address/prefix-unknown": { prefix: string };
  "address/checksum-wrong": { expected: string; found: string };
  "address/protocol-unknown": { protocol: number };
  "address/length-wrong": { protocol: number; length: number; limit: number };
  "address/id-malformed": { protocol: number; limit: bigint };
  "address/kind-wrong": { protocol: number; wanted: string };
  "amount/sign-unknown": { sign: number };
  "amount/too-long": { length: number; limit: number };
  "amount/text-malformed": { length: number; reason: string };
  "fields/count-wrong": { what: string; found: number; wanted: number };
  "fields/list-too-long": { what: string; length: number; limit: number };
  "fields/bytes-too-long": { what: string; length: number; limit: number };
  "fields/number-too-large": { what: string; limit: bigint };
  "signature/type-unknown": { type: number };
  "signature/length-wrong": { type: number; length: number; limit: number };
  "signature/kind-wrong": { type: number; protocol: number };
  "message/version-unsupported": { version: number };
  "tipset/empty": Record<never, never>;
  "tipset/ticket-absent": { block: string };
  "tipset/block-twice": { block: string };
  "tipset/miner-twice": { miner: string };
  "tipset/blocks-disagree": { field: string };
  "tipset/key-malformed": { length: number };
  "eth/rlp-malformed": { offset: number; reason: string };
  "eth/transaction-malformed": { reason: string };
  "eth/message-unmappable": { reason: string };
  "network/unknown": { name: string };
};

const say: { [C in keyof TypesFacts]: (facts: TypesFacts[C]) => string } = {
  "address/text-malformed": (f) => `address text of ${f.length} characters: ${f.reason}`,
  "address/prefix-unknown": (f) => `an address begins with f or t, not ${f.prefix}`,
  "address/checksum-wrong": (f) => `address checksum is ${f.found}, its bytes give ${f.expected}`,
  "address/protocol-unknown": (f) => `address protocol ${f.protocol} is not one of 0 to 4`,
  "address/length-wrong": (f) => `address of protocol ${f.protocol} holds ${f.length} B, wanted ${f.limit} B`,
  "address/id-malformed": (f) => `number in an address of protocol ${f.protocol} is no minimal varint up to ${f.limit}`,
  "address/kind-wrong": (f) => `address of protocol ${f.protocol} is not ${f.wanted}`,
  "amount/sign-unknown": (f) => `amount begins with ${f.sign}, its sign byte is 0 or 1`,
  "amount/too-long": (f) => `amount of ${f.length} B, limit ${f.limit} B`,
  "amount/text-malformed": (f) => `amount text of ${f.length} characters: ${f.reason}`,
  "fields/count-wrong": (f) => `${f.what} has ${f.found} fields, wanted ${f.wanted}`,
  "fields/list-too-long": (f) => `${f.what} has ${f.length} items, limit ${f.limit}`,
  "fields/bytes-too-long": (f) => `${f.what} has ${f.length} B, limit ${f.limit} B`,
  "fields/number-too-large": (f) => `${f.what} is past its limit of ${f.limit}`,
  "signature/type-unknown": (f) => `signature type ${f.type} is not 1, 2 or 3`,
  "signature/length-wrong": (f) => `signature of type ${f.type} has ${f.length} B, limit ${f.limit} B`,
  "signature/kind-wrong": (f) => `a signature of type ${f.type} does not sign for an address of protocol ${f.protocol}`,
  "message/version-unsupported": (f) => `message version ${f.version}, only 0 exists`,
  "tipset/empty": () => "a tipset has at least one block",
  "tipset/ticket-absent": (f) => `block ${f.block} has no ticket`,
  "tipset/block-twice": (f) => `block ${f.block} is in the tipset twice`,
  "tipset/miner-twice": (f) => `miner ${f.miner} has two blocks in the tipset`,
  "tipset/blocks-disagree": (f) => `blocks of the tipset disagree on ${f.field}`,
  "tipset/key-malformed": (f) => `tipset key of ${f.length} B is not a row of CIDs`,
  "eth/rlp-malformed": (f) => `RLP at byte ${f.offset}: ${f.reason}`,
  "eth/transaction-malformed": (f) => `eth transaction: ${f.reason}`,
  "eth/message-unmappable": (f) => `message has no eth transaction: ${f.reason}`,
  "network/unknown": (f) => `no network is named ${f.name}`,
};

/**
 * What the functions of this package throw for bytes, text or values that break a rule of the chain. Bytes that are
 * not canonical DAG-CBOR throw the `CborError` of `@copse/ipld`.
 *
 * @example
 * try { Address.parse("f0x"); } catch (error) { (error as TypesError).code; } // => "address/text-malformed"
 */
export class TypesError<C extends keyof TypesFacts = keyof TypesFacts> extends CopseError<C, TypesFacts[C]> {
  override readonly name = "TypesError";

  constructor(code: C, facts: TypesFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
