import { bytesToBigint } from "@copse/primitives";
import type { HeaderSkim } from "./header-skim.ts";

/** The CID prefix in a link: tag 42, 39 bytes, the identity multibase, then the chain's CID prefix. */
const link: readonly number[] = [0xd8, 0x2a, 0x58, 0x27, 0x00, 0x01, 0x71, 0xa0, 0xe4, 0x02, 0x20];
const linkLength: number = link.length + 32;

/** The form nearly every header has; `undefined` for any other, which may be fine all the same. */
export function skimCommon(b: Uint8Array): HeaderSkim | undefined {
  if (b[0] !== 0x90) return undefined;
  // every read past the end gives undefined, which no comparison below accepts; ends are checked where they add up
  const minerAt = 2;
  const minerEnd = shortBytesEnd(b, 1);
  if (minerEnd < 0 || !isIdAddress(b, minerAt, minerEnd)) return undefined;
  if (b[minerEnd] !== 0x81) return undefined;
  const ticketAt = minerEnd + 3;
  const ticketEnd = proofEnd(b, minerEnd + 1);
  if (ticketEnd < 0 || b[ticketEnd] !== 0x82) return undefined;
  const winCount = b[ticketEnd + 1] ?? 255;
  if (winCount > 23) return undefined;
  let at = proofEnd(b, ticketEnd + 2);
  if (at < 0) return undefined;

  const beaconsAt = at;
  let lastRound = -1;
  let lastSignatureAt = -1;
  let lastSignatureEnd = -1;
  let count = smallCount(b, at++);
  if (count < 0) return undefined;
  for (; count > 0; count--) {
    if (b[at] !== 0x82) return undefined;
    const end = uintEnd(b, at + 1);
    if (end < 0) return undefined;
    lastRound = uintAt(b, at + 1);
    lastSignatureAt = end + 2;
    lastSignatureEnd = at = proofEnd(b, end);
    if (at < 0) return undefined;
  }
  const beaconsEnd = at;

  count = smallCount(b, at++);
  if (count < 0) return undefined;
  for (; count > 0; count--) {
    if (b[at] !== 0x82 || (b[at + 1] ?? 255) > 23) return undefined;
    at = proofEnd(b, at + 2);
    if (at < 0) return undefined;
  }

  const parentsAt = at;
  const parentCount = smallCount(b, at++);
  if (parentCount < 0) return undefined;
  for (count = parentCount; count > 0; count--) {
    if (!isChainLink(b, at)) return undefined;
    at += linkLength;
  }
  const parentsEnd = at;
  at = amountEnd(b, parentsEnd);
  if (at < 0) return undefined;
  const parentWeight = amountAt(b, parentsEnd, at);
  const height = uintAt(b, at);
  at = uintEnd(b, at);
  if (at < 0) return undefined;
  const sharedEnd = at + 2 * linkLength;
  if (!isChainLink(b, at) || !isChainLink(b, at + linkLength) || !isChainLink(b, sharedEnd)) return undefined;
  const messagesAt = sharedEnd + 5;
  const messagesEnd = sharedEnd + linkLength;
  at = blsSignatureEnd(b, messagesEnd);
  if (at < 0) return undefined;
  const timestamp = uintAt(b, at);
  at = uintEnd(b, at);
  if (at < 0) return undefined;
  at = blsSignatureEnd(b, at);
  if (at < 0) return undefined;
  const baseFeeAt = uintEnd(b, at);
  if (baseFeeAt < 0) return undefined;
  const baseFeeEnd = amountEnd(b, baseFeeAt);
  if (baseFeeEnd !== b.length) return undefined;
  return {
    bytes: b,
    height,
    timestamp,
    parentWeight,
    winCount,
    minerAt,
    minerEnd,
    ticketAt,
    ticketEnd,
    beaconsAt,
    beaconsEnd,
    lastRound,
    lastSignatureAt,
    lastSignatureEnd,
    parentsAt,
    parentsEnd,
    parentCount,
    sharedEnd,
    messagesAt,
    messagesEnd,
    baseFeeAt,
    baseFeeEnd,
    complete: true,
    canonical: true,
  };
}

/** End of a byte string of at most 23 bytes whose head is at `at`, or -1. */
function shortBytesEnd(b: Uint8Array, at: number): number {
  const head = b[at] ?? 0;
  return head >= 0x40 && head <= 0x57 ? at + 1 + head - 0x40 : -1;
}

/** End of a byte string of 24 to 255 bytes whose head is at `at`, or -1. */
function proofEnd(b: Uint8Array, at: number): number {
  const length = b[at + 1] ?? 0;
  return b[at] === 0x58 && length >= 24 ? at + 2 + length : -1;
}

/** Count of an array of at most 23 items, or -1. */
function smallCount(b: Uint8Array, at: number): number {
  const head = b[at] ?? 0;
  return head >= 0x80 && head <= 0x97 ? head - 0x80 : -1;
}

/** End of an unsigned integer below 2^32 in its shortest form, or -1. */
function uintEnd(b: Uint8Array, at: number): number {
  const head = b[at] ?? 255;
  if (head < 24) return at + 1;
  if (head === 0x1a) return (b[at + 1] as number) + (b[at + 2] as number) > 0 && at + 5 <= b.length ? at + 5 : -1;
  if (head === 0x19) return (b[at + 1] as number) > 0 && at + 3 <= b.length ? at + 3 : -1;
  if (head === 0x18) return (b[at + 1] as number) >= 24 ? at + 2 : -1;
  return -1;
}

/** The integer of which {@link uintEnd} gave the end. */
function uintAt(b: Uint8Array, at: number): number {
  const head = b[at] as number;
  if (head < 24) return head;
  if (head === 0x18) return b[at + 1] as number;
  const high = (b[at + 1] as number) * 256 + (b[at + 2] as number);
  return head === 0x19 ? high : high * 65536 + (b[at + 3] as number) * 256 + (b[at + 4] as number);
}

/** End of an amount without a sign of minus or leading zeros, at most 22 bytes of magnitude, or -1. */
function amountEnd(b: Uint8Array, at: number): number {
  const head = b[at] ?? 0;
  if (head === 0x40) return at + 1;
  if (head < 0x42 || head > 0x57 || b[at + 1] !== 0 || b[at + 2] === 0) return -1;
  const end = at + 1 + head - 0x40;
  return end <= b.length ? end : -1;
}

function amountAt(b: Uint8Array, at: number, end: number): bigint {
  if (end - at > 8) return bytesToBigint(b.subarray(at + 2, end));
  let value = 0;
  for (let i = at + 2; i < end; i++) value = value * 256 + (b[i] as number);
  return BigInt(value);
}

function isChainLink(b: Uint8Array, at: number): boolean {
  for (let i = 0; i < link.length; i++) if (b[at + i] !== link[i]) return false;
  return at + linkLength <= b.length;
}

function blsSignatureEnd(b: Uint8Array, at: number): number {
  return b[at] === 0x58 && b[at + 1] === 97 && b[at + 2] === 2 && at + 99 <= b.length ? at + 99 : -1;
}

/** Protocol 0 and a shortest varint of at most eight bytes, so below 2^56. */
function isIdAddress(b: Uint8Array, at: number, end: number): boolean {
  if (b[at] !== 0 || end - at < 2 || end - at > 9 || end > b.length) return false;
  for (let i = at + 1; i < end - 1; i++) if ((b[i] as number) < 0x80) return false;
  const last = b[end - 1] as number;
  return last < 0x80 && (last !== 0 || end - at === 2);
}
