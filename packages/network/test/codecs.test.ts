import { cidOf, rawCidOf } from "@copse/ipld";
import { concatBytes, fromHex, toHex } from "@copse/primitives";
import { TipsetKey } from "@copse/types";
import { describe, expect, it } from "vitest";
import { cidOfPayload, decodeBitswap, emptyMessage, encodeBitswap, prefixOf } from "../src/bitswap-codec.ts";
import { BytePile } from "../src/byte-pile.ts";
import { decodeExchangeRequest, encodeExchangeRequest } from "../src/exchange-codec.ts";
import { decayOver, gossipsubOptions } from "../src/gossip-params.ts";
import { decodeHello, decodeHelloAnswer, encodeHello, encodeHelloAnswer } from "../src/hello-codec.ts";

const cid = cidOf(Uint8Array.of(0x80));
const link = `d82a582700${toHex(cid)}`;

describe("bytes on the wire", () => {
  it("hello", () => {
    const hello = { head: TipsetKey.fromBytes(cid), height: 40, weight: 256n, genesis: cid };
    expect(toHex(encodeHello(hello))).toBe(`8481${link}18284300${"0100"}${link}`);
    expect(decodeHello(encodeHello(hello))).toEqual(hello);
    expect(decodeHello(encodeHello({ ...hello, weight: 0n })).weight).toBe(0n);
  });

  it("answer to hello, with nanoseconds past 2^53", () => {
    const answer = { arrival: 1_763_640_000_000_000_001n, sent: 1_763_640_000_000_000_002n };
    expect(encodeHelloAnswer(answer)).toHaveLength(19);
    expect(decodeHelloAnswer(encodeHelloAnswer(answer))).toEqual(answer);
  });

  it("chain exchange request", () => {
    const request = { head: TipsetKey.fromBytes(concatBytes(cid, cid)), length: 900, options: 3 };
    expect(toHex(encodeExchangeRequest(request))).toBe(`8382${link}${link}19038403`);
    expect(decodeExchangeRequest(encodeExchangeRequest(request))).toEqual(request);
  });

  it("bitswap, as go's protobuf writes it", () => {
    const bytes = encodeBitswap({ ...emptyMessage, wants: [{ cid, sendDontHave: true }] });
    expect(toHex(bytes)).toBe(`0a2e0a2c0a26${toHex(cid)}10012801`);
    expect(decodeBitswap(bytes).wants).toEqual([{ cid, cancel: false, haveOnly: false, sendDontHave: true }]);
    // fields of later versions are passed over; a missing type means Have
    const later = decodeBitswap(fromHex(`2805fa0101002228${`0a26${toHex(cid)}`}`));
    expect(later.presences).toEqual([{ cid, has: true }]);
  });

  it("CIDs of blocks are computed, whatever the codec", () => {
    const data = Uint8Array.of(0x80);
    expect(cidOfPayload({ prefix: prefixOf(cid), data })).toEqual(cid);
    expect(cidOfPayload({ prefix: prefixOf(rawCidOf(data)), data })).toEqual(rawCidOf(data));
    const identity = fromHex("01550001");
    expect(cidOfPayload({ prefix: identity, data })).toEqual(concatBytes(identity, data));
    for (const prefix of ["", "01", "0171a0e402", "0171a0e40221", "017113", "02711220", "01711b20"]) {
      expect(() => cidOfPayload({ prefix: fromHex(prefix), data })).toThrow("malformed");
    }
  });
});

describe("a pile of bytes", () => {
  it("joins small and large pieces in order", () => {
    const pile = new BytePile();
    const pieces = [1, 5_000, 3, 70_000, 4_095, 4_096, 2, 1].map((length, i) => new Uint8Array(length).fill(i));
    for (const piece of pieces) pile.add(piece);
    expect(pile.length).toBe(pieces.reduce((sum, { length }) => sum + length, 0));
    expect(pile.join()).toEqual(concatBytes(...pieces));
    pile.add(Uint8Array.of(9));
    expect(pile.join().at(-1)).toBe(9);
  });
});

it("gossip parameters are Lotus'", () => {
  const options = gossipsubOptions({ networkName: "testnetnet", trusted: new Set(["boot"]) });
  expect(options).toMatchObject({
    D: 8,
    Dlo: 6,
    Dhi: 12,
    Dscore: 6,
    Dout: 3,
    Dlazy: 12,
    gossipFactor: 0.1,
    asyncValidation: true,
  });
  expect(options.allowedTopics).toEqual(["/fil/blocks/testnetnet", "/fil/msgs/testnetnet"]);
  expect(options.scoreParams?.appSpecificScore?.("boot")).toBe(2500);
  expect(options.scoreParams?.appSpecificScore?.("other")).toBe(0);
  expect(options.scoreParams?.topics?.["/fil/blocks/testnetnet"]).toMatchObject({
    topicWeight: 0.1,
    firstMessageDeliveriesWeight: 5,
    invalidMessageDeliveriesWeight: -1000,
    meshMessageDeliveriesWeight: 0,
  });
  expect(decayOver(3_600_000) ** 3_600).toBeCloseTo(0.01, 10);
  const id = options.msgIdFn?.({ type: "unsigned", topic: "", data: Uint8Array.of(0x80) });
  expect(id).toEqual(cid.slice(6));
});
