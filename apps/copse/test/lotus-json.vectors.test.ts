import { fromHex } from "@copse/primitives";
import { describeData, readData } from "@copse/testkit";
import {
  Address,
  blockCid,
  createTipset,
  decodeBlockHeader,
  decodeMessage,
  type Message,
  messageCid,
  type SignedMessage,
  signedMessageCid,
} from "@copse/types";
import { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import { headerJson, messageJson, signedMessageJson, tipsetJson } from "../src/lotus-json.ts";
import { toJson } from "../src/output.ts";

/** Reads JSON; integers past 2^53, which Lotus writes as numbers, become their digits, which is our form of them. */
function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) ? context?.source : value,
  );
}

function vectors<T>(name: string): T[] {
  return parseExactly(new TextDecoder().decode(readData(`serialization-vectors/${name}`))) as T[];
}

/** As it is printed: keys in order, as text. */
const printed = (value: unknown): string => toJson(value, 1);

describeData("Lotus' serialization vectors of headers", ["serialization-vectors/block_headers.json"], () => {
  it("give the JSON of Lotus, field by field in its order", () => {
    const all = vectors<{ block: object; cbor_hex: string; cid: string }>("block_headers.json");
    expect(all.length).toBe(5);
    for (const { block, cbor_hex, cid } of all) {
      const header = decodeBlockHeader(fromHex(cbor_hex));
      expect(printed(headerJson(header, "t"))).toBe(printed(block));
      expect(blockCid(header).toString()).toBe(cid);
      const tipset = createTipset([header]);
      expect(tipsetJson(tipset.key, tipset.blocks, "t")).toEqual({
        Cids: [{ "/": cid }],
        Blocks: [block],
        Height: header.height,
      });
    }
  });
});

describeData("Lotus' serialization vectors of messages", ["serialization-vectors/unsigned_messages.json"], () => {
  it("give the JSON of Lotus, and beside it the CID", () => {
    const all = vectors<{ message: object; hex_cbor: string }>("unsigned_messages.json");
    expect(all.length).toBe(21);
    for (const { message, hex_cbor } of all) {
      const decoded = decodeMessage(fromHex(hex_cbor));
      const cid = messageCid(decoded);
      expect(printed(messageJson(decoded, cid, "t"))).toBe(printed({ ...message, CID: { "/": cid.toString() } }));
    }
  });
});

describeData("Lotus' vectors of signed messages", ["serialization-vectors/message_signing.json"], () => {
  it("give the JSON of Lotus", () => {
    type Vector = { Unsigned: { Params: unknown }; Cid: string; Signature: { Type: number; Data: string } };
    const unsigned = vectors<{ hex_cbor: string }>("unsigned_messages.json")[0] as { hex_cbor: string };
    for (const { Signature } of vectors<Vector>("message_signing.json")) {
      const message: Message = decodeMessage(fromHex(unsigned.hex_cbor));
      const signature = { type: Signature.Type, data: new Uint8Array(Buffer.from(Signature.Data, "base64")) };
      const signed = { message, signature } as SignedMessage;
      const json = signedMessageJson(signed, messageCid(message), signedMessageCid(signed), "f");
      expect(json).toMatchObject({ Signature, CID: { "/": signedMessageCid(signed).toString() } });
      expect(json).toMatchObject({
        Message: { To: expect.stringMatching(/^f/), CID: { "/": `${messageCid(message)}` } },
      });
    }
  });
});

describe("Lotus' JSON", () => {
  it("keeps the digits of what JSON's numbers lose", () => {
    const cid = CID.parse("bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2");
    const plain: Omit<Message, "nonce"> = {
      version: 0,
      to: Address.id(99n),
      from: Address.id(100n),
      value: 0n as Message["value"],
      gasLimit: 1n,
      gasFeeCap: 0n as Message["gasFeeCap"],
      gasPremium: 0n as Message["gasPremium"],
      method: 0n,
      params: new Uint8Array(),
    };
    const limits = [0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
    for (const nonce of limits) {
      const message: Message = { ...plain, nonce };
      const { Nonce } = JSON.parse(toJson(messageJson(message, cid, "f"))) as { Nonce: number | string };
      expect(Nonce).toBe(nonce < 2n ** 53n ? Number(nonce) : String(nonce));
    }
  });
});
