import { blake2b256, sha256 } from "@copse/crypto";
import { type CidBytes, hashes, readCid } from "@copse/ipld";
import { concatBytes, encodeUvarint, isCopseError } from "@copse/primitives";
import { NetworkError } from "./errors.ts";
import { ProtobufReader, ProtobufWriter } from "./protobuf.ts";
import { bitswapProtocols } from "./protocols.ts";

/** Most bytes of one message, either way. @see forest src/libp2p_bitswap */
export const maxBitswapBytes: number = 2 << 20;
/** Most entries, blocks or presences of one message. */
const maxItems = 4096;
/** Most bytes of a CID on the wire. */
const maxCidBytes = 512;

/** One wish of a wantlist. */
export interface WantEntry {
  readonly cid: CidBytes;
  /** Takes an earlier wish back. */
  readonly cancel?: boolean;
  /** Only whether the other has it, not the block. */
  readonly haveOnly?: boolean;
  /** Asks for a word also when the other does not have it. */
  readonly sendDontHave?: boolean;
}

/** One block, with what its CID says besides the digest. */
export interface PayloadBlock {
  /** The first bytes of the CID: version, codec, hash function, digest length, as varints. */
  readonly prefix: Uint8Array;
  readonly data: Uint8Array;
}

/** A word on a block. */
export interface BlockPresence {
  readonly cid: CidBytes;
  readonly has: boolean;
}

/** A bitswap message; byte fields are views of what was decoded. */
export interface BitswapMessage {
  readonly wants: readonly WantEntry[];
  /** The wants replace all earlier ones. */
  readonly full: boolean;
  readonly blocks: readonly PayloadBlock[];
  /** Blocks without prefix, as protocol 1.0.0 sends them. */
  readonly bareBlocks: readonly Uint8Array[];
  readonly presences: readonly BlockPresence[];
}

/** A message that says nothing; spread it to say something. */
export const emptyMessage: BitswapMessage = { wants: [], full: false, blocks: [], bareBlocks: [], presences: [] };

/**
 * The bytes of a message, without the length before it.
 *
 * @see boxo bitswap/message/pb/message.proto
 */
export function encodeBitswap(message: BitswapMessage): Uint8Array {
  const writer = new ProtobufWriter();
  if (message.wants.length > 0 || message.full) {
    const list = new ProtobufWriter();
    for (const want of message.wants) {
      const entry = new ProtobufWriter().bytes(1, want.cid).uint(2, 1);
      if (want.cancel) entry.uint(3, 1);
      if (want.haveOnly) entry.uint(4, 1);
      if (want.sendDontHave) entry.uint(5, 1);
      list.bytes(1, entry.finish());
    }
    if (message.full) list.uint(2, 1);
    writer.bytes(1, list.finish());
  }
  for (const block of message.bareBlocks) writer.bytes(2, block);
  for (const { prefix, data } of message.blocks) {
    writer.bytes(3, new ProtobufWriter().bytes(1, prefix).bytes(2, data).finish());
  }
  for (const { cid, has } of message.presences) {
    const presence = new ProtobufWriter().bytes(1, cid);
    if (!has) presence.uint(2, 1);
    writer.bytes(4, presence.finish());
  }
  return writer.finish();
}

/**
 * Reads a message. Unknown fields are passed over, as protobuf demands; CIDs must be CIDs.
 *
 * Bound: 4,096 items of each kind.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeBitswap(bytes: Uint8Array): BitswapMessage {
  try {
    return readMessage(new ProtobufReader(bytes));
  } catch (error) {
    if (error instanceof NetworkError || !isCopseError(error)) throw error;
    throw malformed(error.message, error);
  }
}

function readMessage(reader: ProtobufReader): BitswapMessage {
  const wants: WantEntry[] = [];
  let full = false;
  const blocks: PayloadBlock[] = [];
  const bareBlocks: Uint8Array[] = [];
  const presences: BlockPresence[] = [];
  while (reader.next()) {
    if (reader.is(1, 2)) full = readWantlist(reader.message(), wants) || full;
    else if (reader.is(2, 2)) bareBlocks.push(reader.bytes());
    else if (reader.is(3, 2)) blocks.push(readBlock(reader.message()));
    else if (reader.is(4, 2)) presences.push(readPresence(reader.message()));
    else reader.skip();
    const most = Math.max(wants.length, blocks.length, bareBlocks.length, presences.length);
    if (most > maxItems) throw malformed(`more than ${maxItems} items`);
  }
  return { wants, full, blocks, bareBlocks, presences };
}

function readWantlist(reader: ProtobufReader, wants: WantEntry[]): boolean {
  let full = false;
  while (reader.next()) {
    if (reader.is(1, 2)) wants.push(readWant(reader.message()));
    else if (reader.is(2, 0)) full = reader.uint() !== 0;
    else reader.skip();
    if (wants.length > maxItems) throw malformed(`more than ${maxItems} wants`);
  }
  return full;
}

function readWant(reader: ProtobufReader): WantEntry {
  let cid: CidBytes | undefined;
  let cancel = false;
  let haveOnly = false;
  let sendDontHave = false;
  while (reader.next()) {
    if (reader.is(1, 2)) cid = wholeCid(reader.bytes());
    else if (reader.is(3, 0)) cancel = reader.uint() !== 0;
    else if (reader.is(4, 0)) haveOnly = reader.uint() === 1;
    else if (reader.is(5, 0)) sendDontHave = reader.uint() !== 0;
    else reader.skip();
  }
  if (cid === undefined) throw malformed("a want without a CID");
  return { cid, cancel, haveOnly, sendDontHave };
}

function readBlock(reader: ProtobufReader): PayloadBlock {
  let prefix: Uint8Array = new Uint8Array();
  let data: Uint8Array = prefix;
  while (reader.next()) {
    if (reader.is(1, 2)) prefix = reader.bytes();
    else if (reader.is(2, 2)) data = reader.bytes();
    else reader.skip();
  }
  return { prefix, data };
}

function readPresence(reader: ProtobufReader): BlockPresence {
  let cid: CidBytes | undefined;
  let has = true;
  while (reader.next()) {
    if (reader.is(1, 2)) cid = wholeCid(reader.bytes());
    else if (reader.is(2, 0)) has = reader.uint() === 0;
    else reader.skip();
  }
  if (cid === undefined) throw malformed("a presence without a CID");
  return { cid, has };
}

function wholeCid(bytes: Uint8Array): CidBytes {
  if (bytes.length > maxCidBytes) throw malformed(`a CID of ${bytes.length} B`);
  if (readCid(bytes).end !== bytes.length) throw malformed("bytes after a CID");
  return bytes;
}

/**
 * A message as an older protocol says it: 1.1.0 has no presences, and asks for the block where we ask for a mere word;
 * 1.0.0 has no prefixes either.
 *
 * @see boxo bitswap/network/bsnet/ipfs_impl.go
 */
export function asSpoken(message: BitswapMessage, protocol: string): BitswapMessage {
  if (protocol.endsWith("/1.2.0")) return message;
  const wants = message.wants.map(({ cid, cancel }) => (cancel ? { cid, cancel } : { cid }));
  const older = { ...message, wants, presences: [] };
  if (protocol.endsWith("/1.1.0")) return older;
  return { ...older, blocks: [], bareBlocks: message.blocks.map(({ data }) => data) };
}

/** The part of a CID before its digest. */
export function prefixOf(cid: CidBytes): Uint8Array {
  return cid.subarray(0, cid.length - readCid(cid).digest.length);
}

const digests: { readonly [hash: number]: ((data: Uint8Array) => Uint8Array) | undefined } = {
  [hashes.identity]: (data) => data,
  [hashes.sha256]: sha256,
  [hashes.blake2b256]: blake2b256,
};

/**
 * The CID that a block really has under the prefix it came with: nothing a peer claims of a block is believed.
 *
 * Hash functions: blake2b-256, sha2-256, identity up to 128 B.
 *
 * @throws {NetworkError} `network/message-malformed` for a prefix we cannot compute
 */
export function cidOfPayload({ prefix, data }: PayloadBlock): CidBytes {
  // a zero digest in place of the real one makes the prefix a CID, so that one strict reader judges both
  const parts = readPrefix(prefix);
  const digest = digests[parts.hash]?.(data);
  if (digest === undefined || digest.length !== parts.length || digest.length > 128) {
    throw malformed(`no digest of hash function ${parts.hash} and ${parts.length} B`);
  }
  return concatBytes(prefix, digest);
}

function readPrefix(prefix: Uint8Array): { hash: number; length: number } {
  const length = prefix.at(-1) ?? 0;
  if (length > 127) throw malformed("a prefix of a long digest");
  try {
    const { end, hash, digest, version } = readCid(concatBytes(prefix, new Uint8Array(length)));
    if (version === 1 && end === prefix.length + length) return { hash, length: digest.length };
  } catch (error) {
    if (!isCopseError(error)) throw error;
  }
  throw malformed("a prefix that no CID begins with");
}

/** A message with its length before it, as the wire has it. */
export function frame(message: Uint8Array): Uint8Array {
  return concatBytes(encodeUvarint(message.length), message);
}

function malformed(reason: string, cause?: Error): NetworkError {
  const protocol = bitswapProtocols[0] ?? "";
  return new NetworkError("network/message-malformed", { protocol, what: "bitswap message", reason }, { cause });
}
