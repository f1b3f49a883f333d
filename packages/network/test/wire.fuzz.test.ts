import { cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { encodeBlockMsg, encodeSignedMessage, TipsetKey } from "@copse/types";
import { cidOfPayload, decodeBitswap, emptyMessage, encodeBitswap, frame, prefixOf } from "../src/bitswap-codec.ts";
import { compactMessages, encodeCompacted } from "../src/compacted.ts";
import { NetworkError } from "../src/errors.ts";
import { decodeExchangeRequest, decodeExchangeResponse, encodeExchangeRequest } from "../src/exchange-codec.ts";
import { AnswerReader } from "../src/f3-exchange-client.ts";
import { decodeCertRequest, encodeCertHeader, encodeCertRequest } from "../src/f3-exchange-codec.ts";
import { FrameBuffer } from "../src/frame-reading.ts";
import { judgeBlock, judgeMessage } from "../src/gossip-verdicts.ts";
import { decodeHello, decodeHelloAnswer, encodeHello, encodeHelloAnswer } from "../src/hello-codec.ts";
import { fakeBlock, fakeRoot, fakeSignedMessage } from "./fake-block.ts";
import { fakeHeader, fakeMessage, fakeSigned } from "./fake-chain.ts";

const cid = cidOf(Uint8Array.of(0x80));
const key = TipsetKey.fromBytes(concatBytes(cid, cidOf(Uint8Array.of(0x81, 1))));
const coded = (error: unknown): boolean => error instanceof NetworkError;

fuzz("hello", [encodeHello({ head: key, height: 7, weight: 1n << 80n, genesis: cid })], decodeHello, coded);
fuzz("answer to hello", [encodeHelloAnswer({ arrival: 1n << 60n, sent: 2n })], decodeHelloAnswer, coded);
fuzz("exchange request", [encodeExchangeRequest({ head: key, length: 900, options: 3 })], decodeExchangeRequest, coded);

const listed = (bytes: Uint8Array) => ({ cid: cidOf(bytes), bytes });
const compacted = compactMessages([
  { bls: [listed(fakeMessage(1)), listed(fakeMessage(2))], secp: [listed(fakeSigned(3))] },
  { bls: [listed(fakeMessage(2))], secp: [] },
]);
const headers = [fakeHeader(1, 1, [cid], 500), fakeHeader(1, 2, [cid], 500)];
const response = concatBytes(Uint8Array.of(0x83, 0, 0x60, 0x81, 0x82, 0x82), ...headers, ...encodeCompacted(compacted));
fuzz("exchange response", [response], (bytes) => void decodeExchangeResponse(bytes, 5, 3), coded);

const message = encodeBitswap({
  ...emptyMessage,
  wants: [
    { cid, sendDontHave: true },
    { cid, cancel: true, haveOnly: true },
  ],
  full: true,
  blocks: [{ prefix: prefixOf(cid), data: Uint8Array.of(0x80) }],
  bareBlocks: [Uint8Array.of(1)],
  presences: [{ cid, has: false }],
});
fuzz(
  "bitswap message",
  [message],
  (bytes) => {
    for (const block of decodeBitswap(bytes).blocks) cidOfPayload(block);
  },
  coded,
);
fuzz(
  "frames",
  [concatBytes(frame(message), frame(Uint8Array.of(1)))],
  (bytes) => {
    const buffer = new FrameBuffer(1000, "test");
    for (let at = 0; at < bytes.length; at += 7) {
      buffer.add(bytes.subarray(at, at + 7));
      while (buffer.take() !== undefined);
    }
  },
  coded,
);
fuzz(
  "gossip block",
  [encodeBlockMsg(fakeBlock(5))],
  (bytes) => void judgeBlock(bytes, "p", fakeRoot),
  () => false,
);
fuzz(
  "gossip message",
  [encodeSignedMessage(fakeSignedMessage(5n))],
  (bytes) => void judgeMessage(bytes, "p"),
  () => false,
);

fuzz(
  "request for certificates",
  [encodeCertRequest({ first: 6204, limit: 256, powerTable: true })],
  (bytes) => void decodeCertRequest("test", bytes),
  coded,
);
const certificate = Uint8Array.of(
  0x86,
  0x07,
  0x81,
  0x84,
  0x18,
  0x64,
  0x41,
  0x0c,
  0xd8,
  0x2a,
  0x41,
  0,
  0x40,
  0x40,
  0xf6,
  0x40,
  0x80,
);
fuzz(
  "answer of certificates",
  [concatBytes(...encodeCertHeader({ pending: 9, powerTable: undefined }), certificate, certificate.with(1, 8))],
  (bytes) => {
    for (const [ask, step] of [
      [{ first: 7, limit: 5 }, 5],
      [{ first: 7, limit: 5, powerTable: true }, bytes.length],
    ] as const) {
      const reader = new AnswerReader("test", ask, 1 << 20);
      for (let at = 0; at < bytes.length; at += step) if (reader.add(bytes.subarray(at, at + step))) break;
      reader.cut();
    }
  },
  coded,
);
