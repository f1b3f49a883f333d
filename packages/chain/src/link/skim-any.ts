import { CborReader } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import { decodeBlockHeader, encodeBlockHeader } from "@copse/types";
import type { HeaderSkim } from "./header-skim.ts";

/** The slow way: the decoder judges, then the offsets are looked up. */
export function skimAny(bytes: Uint8Array): HeaderSkim {
  const header = decodeBlockHeader(bytes);
  const reader = new CborReader(bytes);
  reader.array();
  const [minerAt, minerEnd] = content(reader);
  let [ticketAt, ticketEnd] = [-1, -1];
  if (!reader.null()) {
    reader.array();
    [ticketAt, ticketEnd] = content(reader);
  }
  reader.skip();
  const beaconsAt = reader.offset;
  let [lastSignatureAt, lastSignatureEnd] = [-1, -1];
  for (let count = reader.array(); count > 0; count--) {
    reader.array();
    reader.skip();
    [lastSignatureAt, lastSignatureEnd] = content(reader);
  }
  const beaconsEnd = reader.offset;
  reader.skip();
  const parentsAt = reader.offset;
  reader.skip();
  const parentsEnd = reader.offset;
  reader.skip();
  reader.skip();
  reader.skip();
  reader.skip();
  const sharedEnd = reader.offset;
  const messages = reader.link().length;
  const messagesEnd = reader.offset;
  reader.skip();
  reader.skip();
  reader.skip();
  reader.skip();
  const baseFeeAt = reader.offset;
  reader.skip();
  return {
    bytes,
    height: header.height,
    timestamp: header.timestamp,
    parentWeight: header.parentWeight,
    winCount: header.electionProof === null ? -1 : header.electionProof.winCount,
    minerAt,
    minerEnd,
    ticketAt,
    ticketEnd,
    beaconsAt,
    beaconsEnd,
    lastRound: header.beaconEntries.at(-1)?.round ?? -1,
    lastSignatureAt,
    lastSignatureEnd,
    parentsAt,
    parentsEnd,
    parentCount: header.parents.length,
    sharedEnd,
    messagesAt: messagesEnd - messages,
    messagesEnd,
    baseFeeAt,
    baseFeeEnd: reader.offset,
    complete:
      header.ticket !== null &&
      header.electionProof !== null &&
      header.blsAggregate !== null &&
      header.blockSig !== null,
    canonical: equalBytes(encodeBlockHeader(header), bytes),
  };
}

/** Where the content of the next byte string lies; the reader stands after it. */
function content(reader: CborReader): [number, number] {
  const length = reader.bytes().length;
  return [reader.offset - length, reader.offset];
}
