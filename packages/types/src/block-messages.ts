import { CborReader, type Codec, cidOf, encode, toCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { ownItem, readCidField, readList, writeCidField, writeList } from "./fields.ts";
import { type BlockHeader, blockHeaderCodec } from "./header.ts";

/** The roots of a block's two message lists (AMTs of CIDs); its CID is the header's `messages`. Shape: `[CID, CID]`. */
export interface MsgMeta {
  readonly blsMessages: CID;
  readonly secpMessages: CID;
}

/** A block as gossip carries it. Shape: `[header, [CID…], [CID…]]`. At most 8192 messages of each kind decode. */
export interface BlockMsg {
  readonly header: BlockHeader;
  readonly blsMessages: readonly CID[];
  readonly secpMessages: readonly CID[];
}

/** Message roots in CBOR. */
export const msgMetaCodec: Codec<MsgMeta> = {
  encode: (writer, meta) => {
    writeCidField(writer.array(2), meta.blsMessages);
    writeCidField(writer, meta.secpMessages);
  },
  decode: (reader) => readMsgMeta(ownItem(reader)),
};

function readMsgMeta(reader: CborReader): MsgMeta {
  reader.array(2);
  return { blsMessages: readCidField(reader), secpMessages: readCidField(reader) };
}

/**
 * The bytes of a block's message roots.
 *
 * @example
 * encodeMsgMeta({ blsMessages: root, secpMessages: root }).length // => 87
 */
export function encodeMsgMeta(meta: MsgMeta): Uint8Array {
  return encode(msgMetaCodec, meta);
}

/**
 * Reads a block's message roots. Cost: one copy of `bytes`.
 *
 * @throws {CborError}
 * @example
 * decodeMsgMeta(encodeMsgMeta(meta)) // => meta
 */
export function decodeMsgMeta(bytes: Uint8Array): MsgMeta {
  const reader = new CborReader(bytes.slice());
  const meta = readMsgMeta(reader);
  reader.end();
  return meta;
}

/**
 * The CID of a block's message roots.
 *
 * @example
 * msgMetaCid(meta).equals(header.messages) // => true
 */
export function msgMetaCid(meta: MsgMeta): CID {
  return toCid(cidOf(encodeMsgMeta(meta)));
}

/** Gossiped blocks in CBOR. */
export const blockMsgCodec: Codec<BlockMsg> = {
  encode: (writer, block) => {
    blockHeaderCodec.encode(writer.array(3), block.header);
    writeList(writer, "BLS messages", block.blsMessages, writeCidField);
    writeList(writer, "secp256k1 messages", block.secpMessages, writeCidField);
  },
  decode: (reader) => {
    reader.array(3);
    const header = blockHeaderCodec.decode(reader);
    const own = new CborReader(reader.source.slice(reader.offset));
    const block = { header, blsMessages: readList(own, readCidField), secpMessages: readList(own, readCidField) };
    reader.offset += own.offset;
    return block;
  },
};

/**
 * The bytes of a gossiped block.
 *
 * @throws {TypesError} `fields/list-too-long` and those of headers
 * @example
 * encodeBlockMsg({ header, blsMessages: [], secpMessages: [] }).length - encodeBlockHeader(header).length // => 3
 */
export function encodeBlockMsg(block: BlockMsg): Uint8Array {
  return encode(blockMsgCodec, block);
}

/**
 * Reads a gossiped block; bytes after it are refused. A null header, which Lotus decodes and its validator then
 * refuses, is refused here.
 *
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @throws {TypesError} those of headers
 * @see lotus:chain/types/blockmsg.go
 * @example
 * decodeBlockMsg(encodeBlockMsg({ header, blsMessages: [], secpMessages: [] })).header // => header
 */
export function decodeBlockMsg(bytes: Uint8Array): BlockMsg {
  const reader = new CborReader(bytes);
  const block = blockMsgCodec.decode(reader);
  reader.end();
  return block;
}
