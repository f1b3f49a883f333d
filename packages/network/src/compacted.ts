import type { CborReader, CidBytes } from "@copse/ipld";
import { CborWriter, cidKey } from "@copse/ipld";
import { skipItem } from "./cbor-skip.ts";
import { NetworkError } from "./errors.ts";

/** Most messages of a tipset, per list: 10,000 a block, 15 blocks. @see lotus chain/exchange/cbor_gen.go */
export const maxTipsetMessages = 150_000;
/** Most messages of a block, per list. @see lotus build `BlockMessageLimit` */
export const maxBlockMessages = 10_000;
/** Fewest bytes of a message: ten fields, two of them addresses. Keeps an answer of tiny items from becoming millions of views. */
const minMessageBytes = 15;
/** Most include lists: one a block. */
const maxIncludes = 256;

/**
 * The messages of a tipset, each once, and which block has which. As bytes; views of the answer they came in.
 *
 * Shape: `[[Message…], [[u64…]…], [SignedMessage…], [[u64…]…]]`. Index lists follow the blocks' canonical order.
 */
export interface CompactedMessages {
  readonly bls: readonly Uint8Array[];
  readonly blsIncludes: readonly (readonly number[])[];
  readonly secp: readonly Uint8Array[];
  readonly secpIncludes: readonly (readonly number[])[];
}

/** The messages of one block, as bytes, in the block's order. */
export interface BlockMessages {
  /** Bare messages. */
  readonly bls: readonly Uint8Array[];
  /** Signed messages: secp256k1 and delegated. */
  readonly secp: readonly Uint8Array[];
}

/**
 * The messages of every block of a tipset, in canonical order of the blocks. Repeated messages are the same view.
 *
 * @example
 * expandMessages({ bls: [a, b], blsIncludes: [[0, 1], [1]], secp: [], secpIncludes: [[], []] })
 * // => [{ bls: [a, b], secp: [] }, { bls: [b], secp: [] }]
 */
export function expandMessages(compacted: CompactedMessages): readonly BlockMessages[] {
  const { bls, blsIncludes, secp, secpIncludes } = compacted;
  return blsIncludes.map((indexes, block) => ({
    bls: indexes.map((index) => bls[index] as Uint8Array),
    secp: (secpIncludes[block] ?? []).map((index) => secp[index] as Uint8Array),
  }));
}

/** A message with the CID that the block lists. */
export interface ListedMessage {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
}

/** The messages of one block of ours, in the block's order. */
export interface ListedMessages {
  readonly bls: readonly ListedMessage[];
  readonly secp: readonly ListedMessage[];
}

/**
 * Joins the messages of a tipset's blocks: each message once, in order of first use, as Lotus and Forest serve them.
 *
 * @see lotus chain/exchange/server.go `GatherMessages`
 */
export function compactMessages(blocks: readonly ListedMessages[]): CompactedMessages {
  const bls = listing(blocks.map((block) => block.bls));
  const secp = listing(blocks.map((block) => block.secp));
  return { bls: bls.messages, blsIncludes: bls.includes, secp: secp.messages, secpIncludes: secp.includes };
}

function listing(blocks: readonly (readonly ListedMessage[])[]): { messages: Uint8Array[]; includes: number[][] } {
  const seen = new Map<string, number>();
  const messages: Uint8Array[] = [];
  const includes = blocks.map((list) =>
    list.map(({ cid, bytes }) => {
      const key = cidKey(cid);
      let index = seen.get(key);
      if (index === undefined) {
        index = messages.push(bytes) - 1;
        seen.set(key, index);
      }
      return index;
    }),
  );
  return { messages, includes };
}

/** The pieces, in order, whose bytes joined are the messages' chain form. Message bytes are not copied. */
export function* encodeCompacted(compacted: CompactedMessages): Generator<Uint8Array> {
  yield new CborWriter(16).array(4).array(compacted.bls.length).finish();
  yield* compacted.bls;
  yield includes(new CborWriter(), compacted.blsIncludes).array(compacted.secp.length).finish();
  yield* compacted.secp;
  yield includes(new CborWriter(), compacted.secpIncludes).finish();
}

function includes(writer: CborWriter, lists: readonly (readonly number[])[]): CborWriter {
  writer.array(lists.length);
  for (const list of lists) {
    writer.array(list.length);
    for (const index of list) writer.uint(index);
  }
  return writer;
}

/**
 * Splits compacted messages into views. `blocks` is how many include lists there must be; any equal number when undefined.
 *
 * @throws {CborError}
 * @throws {NetworkError} `network/includes-malformed`
 */
export function readCompacted(reader: CborReader, tipset: number, blocks: number | undefined): CompactedMessages {
  reader.array(4);
  const bls = readMessages(reader, tipset);
  const blsIncludes = readIncludes(reader, tipset, bls.length);
  const secp = readMessages(reader, tipset);
  const secpIncludes = readIncludes(reader, tipset, secp.length);
  const expected = blocks ?? blsIncludes.length;
  for (const lists of [blsIncludes, secpIncludes]) {
    if (lists.length !== expected) throw misfit(tipset, `${lists.length} include lists for ${expected} blocks`);
  }
  return { bls, blsIncludes, secp, secpIncludes };
}

function readMessages(reader: CborReader, tipset: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let left = reader.array(undefined, maxTipsetMessages); left > 0; left--) {
    const at = reader.offset;
    const isArray = reader.peekMajor() === 4;
    reader.offset = skipItem(reader.source, at);
    const message = reader.source.subarray(at, reader.offset);
    if (!isArray || message.length < minMessageBytes) throw misfit(tipset, `no message at byte ${at}`);
    messages.push(message);
  }
  return messages;
}

function readIncludes(reader: CborReader, tipset: number, messages: number): number[][] {
  const lists: number[][] = [];
  for (let left = reader.array(undefined, maxIncludes); left > 0; left--) {
    const list: number[] = [];
    for (let count = reader.array(undefined, maxBlockMessages); count > 0; count--) {
      const index = reader.safeUint();
      if (index >= messages) throw misfit(tipset, `index ${index} of ${messages} messages`);
      list.push(index);
    }
    lists.push(list);
  }
  return lists;
}

function misfit(tipset: number, reason: string): NetworkError {
  return new NetworkError("network/includes-malformed", { tipset, reason });
}
