import { CborReader, CborWriter, type Codec, cidOf, toCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import type { Address } from "./address.ts";
import type { AttoFil } from "./atto-fil.ts";
import { TypesError } from "./errors.ts";
import { ownItem, readAddress, readBigInt, writeBigInt, writeBytes } from "./fields.ts";
import { readSignature, type Signature, signatureTypes, writeSignature } from "./signature.ts";

/**
 * A message: one account's wish for a transfer or call.
 *
 * Shape: an array of 10 in the order version, to, from, nonce, value, gasLimit, gasFeeCap, gasPremium, method, params.
 *
 * @see lotus:chain/types/message.go
 */
export interface Message {
  /** Only 0 exists. */
  readonly version: number;
  readonly to: Address;
  readonly from: Address;
  /** 64 bits. */
  readonly nonce: bigint;
  readonly value: AttoFil;
  /** 64 bits, signed: negative ones decode and are never valid. */
  readonly gasLimit: bigint;
  /** Unit: attoFIL a unit of gas. */
  readonly gasFeeCap: AttoFil;
  /** Unit: attoFIL a unit of gas. */
  readonly gasPremium: AttoFil;
  /** 64 bits. */
  readonly method: bigint;
  /** At most 2 MiB. */
  readonly params: Uint8Array;
}

/** A message and the signature of its sender. Shape: `[message, signature]`. */
export interface SignedMessage {
  readonly message: Message;
  readonly signature: Signature;
}

function writeMessage(writer: CborWriter, message: Message): void {
  writer.array(10).uint(message.version).bytes(message.to).bytes(message.from).uint(message.nonce);
  writeBigInt(writer, message.value);
  writer.int(message.gasLimit);
  writeBigInt(writer, message.gasFeeCap);
  writeBigInt(writer, message.gasPremium);
  writer.uint(message.method);
  writeBytes(writer, "message params", message.params);
}

/** A message whose byte strings are views of the reader's bytes. */
function readMessage(reader: CborReader): Message {
  reader.array(10);
  const version = reader.safeUint();
  const to = readAddress(reader);
  return {
    version,
    to,
    from: readAddress(reader),
    nonce: reader.uint(),
    value: readBigInt(reader) as AttoFil,
    gasLimit: reader.int(),
    gasFeeCap: readBigInt(reader) as AttoFil,
    gasPremium: readBigInt(reader) as AttoFil,
    method: reader.uint(),
    params: reader.bytes(),
  };
}

function readSignedMessage(reader: CborReader): SignedMessage {
  reader.array(2);
  return { message: readMessage(reader), signature: readSignature(reader) };
}

/** Messages in CBOR, also within larger structures; any version up to 2^53 − 1 decodes, as any decodes in Lotus. */
export const messageCodec: Codec<Message> = {
  encode: writeMessage,
  decode: (reader) => readMessage(ownItem(reader)),
};

/** Signed messages in CBOR. */
export const signedMessageCodec: Codec<SignedMessage> = {
  encode: (writer, signed) => {
    writeMessage(writer.array(2), signed.message);
    writeSignature(writer, signed.signature);
  },
  decode: (reader) => readSignedMessage(ownItem(reader)),
};

/**
 * The bytes of a message.
 *
 * @throws {TypesError} `fields/bytes-too-long`, `amount/too-long`
 * @throws {CborError} `cbor/out-of-range`
 * @example
 * encodeMessage(message)[0] // => 0x8a
 */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new CborWriter();
  writeMessage(writer, message);
  return writer.finish();
}

/**
 * Reads a message as blocks and stores hold it. Bytes after it are refused, as in Rust; Lotus ignores them.
 *
 * Cost: one copy of `bytes`, which the message keeps views of.
 *
 * @throws {TypesError} `message/version-unsupported`, `address/…`, `amount/…`
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @see lotus:chain/types/message.go DecodeMessage
 * @example
 * decodeMessage(encodeMessage(message)) // => message
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new CborReader(bytes.slice());
  const message = readMessage(reader);
  if (message.version !== 0) throw new TypesError("message/version-unsupported", { version: message.version });
  reader.end();
  return message;
}

/**
 * The bytes of a signed message; see {@link encodeMessage}.
 *
 * @example
 * encodeSignedMessage(signed)[0] // => 0x82
 */
export function encodeSignedMessage(signed: SignedMessage): Uint8Array {
  const writer = new CborWriter(384);
  signedMessageCodec.encode(writer, signed);
  return writer.finish();
}

/**
 * Reads a signed message as gossip carries it and blocks list it. Any version decodes, as in Lotus; whether it is valid
 * is `chain`'s to say. Bytes after it are refused, as in Rust; Lotus ignores them.
 *
 * Cost: one copy of `bytes`, which the message keeps views of.
 *
 * @throws {TypesError} `address/…`, `amount/…`, `signature/type-unknown`
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @see lotus:chain/types/signedmessage.go DecodeSignedMessage
 * @example
 * decodeSignedMessage(encodeSignedMessage(signed)) // => signed
 */
export function decodeSignedMessage(bytes: Uint8Array): SignedMessage {
  const reader = new CborReader(bytes.slice());
  const signed = readSignedMessage(reader);
  reader.end();
  return signed;
}

/**
 * The CID of a bare message: its identity for BLS, and what secp256k1 and BLS keys sign.
 *
 * @example
 * messageCid(message).toString().slice(0, 9) // => "bafy2bzac"
 */
export function messageCid(message: Message): CID {
  return toCid(cidOf(encodeMessage(message)));
}

/**
 * The CID a signed message goes by: of the bare message when BLS signed it, of all otherwise.
 *
 * @example
 * signedMessageCid({ message, signature: { type: 2, data } }) // => messageCid(message)
 */
export function signedMessageCid(signed: SignedMessage): CID {
  return toCid(cidOf(storedBytes(signed)));
}

/**
 * The bytes blocks and stores hold of a signed message: the bare message when BLS signed it (the block's aggregate
 * stands for its signature), all of it otherwise. Their length counts for gas.
 *
 * @example
 * storedBytes({ message, signature: { type: 2, data } }) // => encodeMessage(message)
 */
export function storedBytes(signed: SignedMessage): Uint8Array {
  return signed.signature.type === signatureTypes.bls ? encodeMessage(signed.message) : encodeSignedMessage(signed);
}

/**
 * What secp256k1 and BLS keys sign: the bytes of the message's CID. Delegated keys sign an eth transaction instead.
 *
 * @example
 * messageSigningBytes(message) // => messageCid(message).bytes
 */
export function messageSigningBytes(message: Message): Uint8Array {
  return cidOf(encodeMessage(message));
}
