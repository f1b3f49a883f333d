import { CborReader, CborWriter, type Codec, cidOf, toCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import type { Address } from "./address.ts";
import type { AttoFil } from "./atto-fil.ts";
import {
  ownItem,
  readAddress,
  readBigInt,
  readCidField,
  readList,
  writeBigInt,
  writeBytes,
  writeCidField,
  writeList,
} from "./fields.ts";
import { readSignature, type Signature, writeSignature } from "./signature.ts";

/** What orders the blocks of a tipset. Shape: `[bytes]`; 96 B, 32 B in genesis blocks. */
export interface Ticket {
  readonly vrfProof: Uint8Array;
}

/** Why the miner may mine in this epoch, and how many wins it counts for. Shape: `[int, bytes]`. */
export interface ElectionProof {
  readonly winCount: number;
  readonly vrfProof: Uint8Array;
}

/** One round of the randomness beacon. Shape: `[uint, bytes]`; the signature has 96 B (chained) or 48 B (quicknet). */
export interface BeaconEntry {
  readonly round: number;
  readonly signature: Uint8Array;
}

/** A proof of spacetime. Shape: `[int, bytes]`; `postProof` is the registered proof type, 0 to 4 for winning PoSt. */
export interface PoStProof {
  readonly postProof: number;
  readonly proofBytes: Uint8Array;
}

/**
 * A block header.
 *
 * Shape: an array of 16 in this order. Size: about 1 KB. `null` is Go's nil: only genesis blocks lack signatures.
 * Integers of the chain that are `number` here (epoch, time, round, win count, proof type) are refused past 2^53 − 1,
 * where Go and Rust read on to 2^63 or 2^64: no valid block holds such a value.
 *
 * @see lotus:chain/types/blockheader.go, forest:src/blocks/header.rs
 */
export interface BlockHeader {
  readonly miner: Address;
  readonly ticket: Ticket | null;
  readonly electionProof: ElectionProof | null;
  readonly beaconEntries: readonly BeaconEntry[];
  readonly winPostProof: readonly PoStProof[];
  /** CIDs of the parent tipset's blocks in canonical order. */
  readonly parents: readonly CID[];
  readonly parentWeight: bigint;
  /** Epoch. */
  readonly height: number;
  readonly parentStateRoot: CID;
  readonly parentMessageReceipts: CID;
  /** CID of the {@link MsgMeta} of this block's messages. */
  readonly messages: CID;
  readonly blsAggregate: Signature | null;
  /** Unit: seconds since 1970. */
  readonly timestamp: number;
  readonly blockSig: Signature | null;
  readonly forkSignaling: bigint;
  /** Unit: attoFIL a unit of gas. */
  readonly parentBaseFee: AttoFil;
}

const fieldCount = 16;
const usualSize = 1400;

function readTicket(reader: CborReader): Ticket {
  reader.array(1);
  return { vrfProof: reader.bytes() };
}

function readElectionProof(reader: CborReader): ElectionProof {
  reader.array(2);
  return { winCount: reader.safeInt(), vrfProof: reader.bytes() };
}

function readBeaconEntry(reader: CborReader): BeaconEntry {
  reader.array(2);
  return { round: reader.safeUint(), signature: reader.bytes() };
}

function readPoStProof(reader: CborReader): PoStProof {
  reader.array(2);
  return { postProof: reader.safeInt(), proofBytes: reader.bytes() };
}

/** A header whose byte strings are views of the reader's bytes. */
function readHeader(reader: CborReader): BlockHeader {
  reader.array(fieldCount);
  return {
    miner: readAddress(reader),
    ticket: reader.null() ? null : readTicket(reader),
    electionProof: reader.null() ? null : readElectionProof(reader),
    beaconEntries: readList(reader, readBeaconEntry),
    winPostProof: readList(reader, readPoStProof),
    parents: readList(reader, readCidField),
    parentWeight: readBigInt(reader),
    height: reader.safeInt(),
    parentStateRoot: readCidField(reader),
    parentMessageReceipts: readCidField(reader),
    messages: readCidField(reader),
    blsAggregate: reader.null() ? null : readSignature(reader),
    timestamp: reader.safeUint(),
    blockSig: reader.null() ? null : readSignature(reader),
    forkSignaling: reader.uint(),
    parentBaseFee: readBigInt(reader) as AttoFil,
  };
}

function writeBeaconEntry(writer: CborWriter, entry: BeaconEntry): void {
  writer.array(2).uint(entry.round);
  writeBytes(writer, "a beacon entry", entry.signature);
}

function writePoStProof(writer: CborWriter, proof: PoStProof): void {
  writer.array(2).int(proof.postProof);
  writeBytes(writer, "a proof of spacetime", proof.proofBytes);
}

function writeHeader(writer: CborWriter, header: BlockHeader, blockSig: Signature | null): void {
  writer.array(fieldCount).bytes(header.miner);
  if (header.ticket === null) writer.null();
  else writeBytes(writer.array(1), "a ticket", header.ticket.vrfProof);
  if (header.electionProof === null) writer.null();
  else {
    writer.array(2).int(header.electionProof.winCount);
    writeBytes(writer, "an election proof", header.electionProof.vrfProof);
  }
  writeList(writer, "beacon entries", header.beaconEntries, writeBeaconEntry);
  writeList(writer, "winning proofs", header.winPostProof, writePoStProof);
  writeList(writer, "parents", header.parents, writeCidField);
  writeBigInt(writer, header.parentWeight);
  writer.int(header.height);
  writeCidField(writer, header.parentStateRoot);
  writeCidField(writer, header.parentMessageReceipts);
  writeCidField(writer, header.messages);
  if (header.blsAggregate === null) writer.null();
  else writeSignature(writer, header.blsAggregate);
  writer.uint(header.timestamp);
  if (blockSig === null) writer.null();
  else writeSignature(writer, blockSig);
  writer.uint(header.forkSignaling);
  writeBigInt(writer, header.parentBaseFee);
}

/** Block headers in CBOR, also within larger structures. A decoded header owns its bytes. */
export const blockHeaderCodec: Codec<BlockHeader> = {
  encode: (writer, header) => writeHeader(writer, header, header.blockSig),
  decode: (reader) => readHeader(ownItem(reader)),
};

/** Tickets in CBOR. */
export const ticketCodec: Codec<Ticket> = {
  encode: (writer, ticket) => writeBytes(writer.array(1), "a ticket", ticket.vrfProof),
  decode: (reader) => readTicket(ownItem(reader)),
};

/**
 * The bytes of a header, whose hash is its CID.
 *
 * @throws {TypesError} `fields/list-too-long`, `fields/bytes-too-long`, `amount/too-long`, `signature/length-wrong`
 * @throws {CborError} `cbor/out-of-range`
 * @example
 * toCid(cidOf(encodeBlockHeader(header))) // => blockCid(header)
 */
export function encodeBlockHeader(header: BlockHeader): Uint8Array {
  const writer = new CborWriter(usualSize);
  writeHeader(writer, header, header.blockSig);
  return writer.finish();
}

/**
 * Reads a header, exactly as strictly as Lotus does, but for bytes after it: those are refused, as Forest refuses them.
 * Bytes with needless zeros in an amount are accepted and re-encode differently: compare, where identity matters.
 *
 * Cost: one copy of `bytes`, which the header keeps views of.
 *
 * @throws {CborError} bytes that are not canonical, or not of this shape
 * @throws {TypesError} `address/…`, `amount/…`, `signature/type-unknown`
 * @see lotus:chain/types/cbor_gen.go
 * @example
 * decodeBlockHeader(encodeBlockHeader(header)).height // => header.height
 */
export function decodeBlockHeader(bytes: Uint8Array): BlockHeader {
  const reader = new CborReader(bytes.slice());
  const header = readHeader(reader);
  reader.end();
  return header;
}

/**
 * What the miner signs: the header without its signature (null in its place).
 *
 * @example
 * decodeBlockHeader(signingBytes(header)).blockSig // => null
 */
export function signingBytes(header: BlockHeader): Uint8Array {
  const writer = new CborWriter(usualSize);
  writeHeader(writer, header, null);
  return writer.finish();
}

/**
 * The CID of a header. Cost: encodes and hashes it; keep the result.
 *
 * @example
 * createTipset([header]).cids // => [blockCid(header)]
 */
export function blockCid(header: BlockHeader): CID {
  return toCid(cidOf(encodeBlockHeader(header)));
}
