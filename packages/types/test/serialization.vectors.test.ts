import { bls } from "@copse/crypto";
import { fromHex, toHex } from "@copse/primitives";
import { describeData, readData } from "@copse/testkit";
import { expect, it } from "vitest";
import {
  Address,
  blockCid,
  decodeBlockHeader,
  decodeMessage,
  encodeBlockHeader,
  encodeMessage,
  messageCid,
  messageSigningBytes,
  signedMessageCid,
} from "../src/index.ts";
import { base64, headerOf, messageOf, parseVectors, signatureOf } from "./json-forms.ts";

const read = <T>(name: string): T => parseVectors(new TextDecoder().decode(readData(`serialization-vectors/${name}`)));
type Vector = Record<string, string> & { block: unknown; message: never };

describeData("serialization-vectors: headers", ["serialization-vectors/block_headers.json"], () => {
  const vectors = read<Vector[]>("block_headers.json");
  it("are five", () => expect(vectors.length).toBe(5));
  it.each(vectors.map((v, i) => [i, v] as const))("header %i", (_, vector) => {
    const header = headerOf(vector.block);
    const bytes = fromHex(vector["cbor_hex"] as string);
    expect(toHex(encodeBlockHeader(header))).toBe(vector["cbor_hex"]);
    expect(decodeBlockHeader(bytes)).toEqual(header);
    expect(toHex(encodeBlockHeader(decodeBlockHeader(bytes)))).toBe(vector["cbor_hex"]);
    expect(blockCid(header).toString()).toBe(vector["cid"]);
  });
});

describeData("serialization-vectors: messages", ["serialization-vectors/unsigned_messages.json"], () => {
  const vectors = read<Vector[]>("unsigned_messages.json");
  it("are twenty-one", () => expect(vectors.length).toBe(21));
  it.each(vectors.map((v, i) => [i, v] as const))("message %i", (_, vector) => {
    const message = messageOf(vector.message);
    expect(toHex(encodeMessage(message))).toBe(vector["hex_cbor"]);
    expect(decodeMessage(fromHex(vector["hex_cbor"] as string))).toEqual(message);
  });
});

describeData("serialization-vectors: signed messages", ["serialization-vectors/message_signing.json"], () => {
  const vectors =
    read<
      {
        Unsigned: never;
        Cid: string;
        CidHexBytes: string;
        PrivateKey: string;
        Signature: { Type: number; Data: string };
      }[]
    >("message_signing.json");
  it("are two", () => expect(vectors.length).toBe(2));
  it.each(vectors.map((v, i) => [i, v] as const))("signed message %i", (_, vector) => {
    const message = messageOf(vector.Unsigned);
    const signature = signatureOf(vector.Signature);
    const key = base64(vector.PrivateKey);
    expect(messageCid(message).toString()).toBe(vector.Cid);
    expect(toHex(messageSigningBytes(message))).toBe(vector.CidHexBytes);
    expect(Address.format(Address.fromBls(bls.publicKey(key)))).toBe(Address.format(message.from));
    expect(bls.sign(messageSigningBytes(message), key)).toEqual(signature?.data);
    expect(signature !== null && signedMessageCid({ message, signature }).toString()).toBe(vector.Cid);
  });
});
