import { CborReader, CborWriter, type CidBytes } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { skipItem } from "./cbor-skip.ts";
import { type CompactedMessages, readCompacted } from "./compacted.ts";
import { NetworkError } from "./errors.ts";
import { exchangeProtocol } from "./protocols.ts";
import { strictReading } from "./strict-reading.ts";

const { reading, malformed } = strictReading(exchangeProtocol);

/** Most tipsets of one request. @see lotus chain/exchange/protocol.go `MaxRequestLength` */
export const maxExchangeTipsets = 900;
/** Most bytes of a request. @see forest src/libp2p/chain_exchange/behaviour.rs */
export const maxExchangeRequestBytes = 4096;
/** Most headers of one tipset that are read. Five win an epoch on average; one of mainnet has 17. */
const maxHeaders = 256;
/** Fewest bytes of a header: its CIDs alone are more. Keeps an answer of tiny items from becoming millions of views. */
const minHeaderBytes = 100;
/** Most bytes of the text beside a status that are kept. */
const maxStatusText = 4096;

/** Status codes. @see lotus chain/exchange/protocol.go */
export const exchangeStatus: {
  readonly ok: 0;
  readonly partial: 101;
  readonly notFound: 201;
  readonly goAway: 202;
  readonly internalError: 203;
  readonly badRequest: 204;
} = { ok: 0, partial: 101, notFound: 201, goAway: 202, internalError: 203, badRequest: 204 };

/** Option bits of a request. */
export const exchangeOptions: { readonly headers: 1; readonly messages: 2 } = { headers: 1, messages: 2 };

/** A request. Shape: `[[CID…] head, u64 length, u64 options]`. */
export interface ExchangeRequest {
  /** Tipset to begin at, towards genesis. */
  readonly head: TipsetKey;
  /** Tipsets wanted, `head` included: 1 to 900. */
  readonly length: number;
  readonly options: number;
}

/** One tipset of an answer, as bytes. All are views of the answer: whoever keeps one keeps the whole answer alive. */
export interface RawTipset {
  /** Headers in the order sent, each in the bytes sent. Empty when only messages were asked for. */
  readonly headers: readonly Uint8Array[];
  /** Null when messages were not asked for. */
  readonly messages: CompactedMessages | null;
}

/** An answer as it came. Shape: `[u64 status, text, [[[header…], messages or null]…]]`. */
export interface ExchangeResponse {
  readonly status: number;
  readonly text: string;
  readonly tipsets: readonly RawTipset[];
}

/** The bytes of a request. */
export function encodeExchangeRequest(request: ExchangeRequest): Uint8Array {
  const cids = TipsetKey.cidBytes(request.head);
  const writer = new CborWriter().array(3).array(cids.length);
  for (const cid of cids) writer.link(cid);
  return writer.uint(request.length).uint(request.options).finish();
}

/**
 * Reads a request; what it asks for is judged by the server.
 *
 * @throws {NetworkError} `network/message-malformed`
 */
export function decodeExchangeRequest(bytes: Uint8Array): ExchangeRequest {
  return reading("request", () => {
    const reader = new CborReader(bytes);
    reader.array(3);
    const head: CidBytes[] = [];
    for (let left = reader.array(undefined, maxHeaders); left > 0; left--) head.push(reader.link());
    const request = { head: concatBytes(...head) as TipsetKey, length: reader.safeUint(), options: reader.safeUint() };
    reader.end();
    return request;
  });
}

/**
 * Splits an answer into the bytes of its headers and messages. Checks the structure only: arrays where arrays belong,
 * counts within `asked`, include lists that fit. What the bytes say is the caller's to judge.
 *
 * Cost: one pass, no copy, one view a header or message.
 *
 * @throws {NetworkError} `network/message-malformed`, `network/more-than-asked`, `network/includes-malformed`
 */
export function decodeExchangeResponse(bytes: Uint8Array, asked: number, options: number): ExchangeResponse {
  return reading("answer", () => {
    const reader = new CborReader(bytes);
    reader.array(3);
    const status = reader.safeUint();
    const text = lenientText(reader.textBytes(bytes.length));
    const got = reader.array(undefined, bytes.length);
    if (got > asked) throw new NetworkError("network/more-than-asked", { asked, got });
    const tipsets: RawTipset[] = [];
    for (let i = 0; i < got; i++) tipsets.push(readTipset(reader, i, options));
    reader.end();
    return { status, text, tipsets };
  });
}

function readTipset(reader: CborReader, index: number, options: number): RawTipset {
  reader.array(2);
  const headers: Uint8Array[] = [];
  for (let left = reader.array(undefined, maxHeaders); left > 0; left--) {
    if (reader.peekMajor() !== 4) throw malformed("answer", `header at byte ${reader.offset} is no array`);
    const start = reader.offset;
    reader.offset = skipItem(reader.source, start);
    const header = reader.source.subarray(start, reader.offset);
    if (header.length < minHeaderBytes) throw malformed("answer", `header of ${header.length} B`);
    headers.push(header);
  }
  const wantsHeaders = (options & exchangeOptions.headers) !== 0;
  if (wantsHeaders && headers.length === 0) throw malformed("answer", `tipset ${index} has no header`);
  const blocks = wantsHeaders ? headers.length : undefined;
  const messages = reader.null() ? null : readCompacted(reader, index, blocks);
  if (messages === null && (options & exchangeOptions.messages) !== 0) {
    throw malformed("answer", `tipset ${index} has no messages`);
  }
  return { headers, messages };
}

const decoder: TextDecoder = new TextDecoder();

/** Text of a stranger: malformed UTF-8 is shown as such, and no more than a line is kept. */
function lenientText(bytes: Uint8Array): string {
  return decoder.decode(bytes.subarray(0, maxStatusText));
}
