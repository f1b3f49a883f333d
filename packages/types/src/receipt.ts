import { CborReader, type Codec, encode } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { TypesError } from "./errors.ts";
import { ownItem, readCidField, writeBytes, writeCidField } from "./fields.ts";

/**
 * What became of a message.
 *
 * Shape: `[exitCode, return, gasUsed]` before network version 18 (`eventsRoot` absent), `[…, eventsRoot]` from it on
 * (`null` without events).
 *
 * @see lotus:chain/types/message_receipt_cbor.go
 */
export interface Receipt {
  /** 0 is success. */
  readonly exitCode: number;
  /** At most 2 MiB. */
  readonly return: Uint8Array;
  /** 64 bits, signed. */
  readonly gasUsed: bigint;
  /** Root of an AMT (bit width 5) of stamped events. */
  readonly eventsRoot?: CID | null;
}

/** Receipts in CBOR, of both shapes. */
export const receiptCodec: Codec<Receipt> = {
  encode: (writer, receipt) => {
    writer.array(receipt.eventsRoot === undefined ? 3 : 4).int(receipt.exitCode);
    writeBytes(writer, "a return value", receipt.return);
    writer.int(receipt.gasUsed);
    if (receipt.eventsRoot === null) writer.null();
    else if (receipt.eventsRoot !== undefined) writeCidField(writer, receipt.eventsRoot);
  },
  decode: (reader) => readReceipt(ownItem(reader)),
};

function readReceipt(reader: CborReader): Receipt {
  const count = reader.array();
  if (count !== 3 && count !== 4)
    throw new TypesError("fields/count-wrong", { what: "a receipt", found: count, wanted: 4 });
  const receipt = { exitCode: reader.safeInt(), return: reader.bytes(), gasUsed: reader.int() };
  if (count === 3) return receipt;
  return { ...receipt, eventsRoot: reader.null() ? null : readCidField(reader) };
}

/**
 * The bytes of a receipt.
 *
 * @throws {TypesError} `fields/bytes-too-long`
 * @example
 * encodeReceipt({ exitCode: 0, return: new Uint8Array(0), gasUsed: 1n }) // => Uint8Array.of(0x83, 0, 0x40, 1)
 */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encode(receiptCodec, receipt);
}

/**
 * Reads a receipt of either shape; its network version says which is due. Cost: one copy of `bytes`.
 *
 * @throws {CborError} bytes that are not canonical, or not of this shape; an exit code past 2^53 − 1
 * @throws {TypesError} `fields/count-wrong`
 * @example
 * decodeReceipt(Uint8Array.of(0x84, 0, 0x40, 1, 0xf6)).eventsRoot // => null
 */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const reader = new CborReader(bytes.slice());
  const receipt = readReceipt(reader);
  reader.end();
  return receipt;
}
