import { CborReader, CborWriter, cidOf, decode, encode, toCid } from "@copse/ipld";
import { concatBytes, equalBytes, fromHex, isCopseError, toHex } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { describe, expect, it } from "vitest";
import {
  addressCodec,
  attoFilCodec,
  blockHeaderCodec,
  blockMsgCodec,
  messageCodec,
  parseSignature,
  receiptCodec,
  signatureBytes,
  signatureCodec,
  signedMessageCodec,
} from "../src/codecs.ts";
import {
  Address,
  AttoFil,
  type BlockHeader,
  decodeBlockHeader,
  decodeBlockMsg,
  decodeMessage,
  decodeMsgMeta,
  decodeReceipt,
  decodeSignedMessage,
  encodeBlockHeader,
  encodeBlockMsg,
  encodeMessage,
  encodeMsgMeta,
  encodeReceipt,
  encodeSignedMessage,
  type Message,
  type Receipt,
  signingBytes,
} from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    return `returned ${String(run())}`;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
};
const cidNamed = (name: string): CID => toCid(cidOf(new TextEncoder().encode(name)));
const message: Message = {
  version: 0,
  to: Address.id(1),
  from: Address.id(2),
  nonce: 2n ** 64n - 1n,
  value: AttoFil.from(-1),
  gasLimit: -(2n ** 63n),
  gasFeeCap: AttoFil.zero,
  gasPremium: AttoFil.from(256),
  method: 2n ** 64n - 1n,
  params: new Uint8Array(0),
};
const header: BlockHeader = {
  miner: Address.id(1000),
  ticket: null,
  electionProof: { winCount: -1, vrfProof: new Uint8Array(0) },
  beaconEntries: [{ round: 2 ** 53 - 1, signature: new Uint8Array(48) }],
  winPostProof: [{ postProof: 3, proofBytes: new Uint8Array(192) }],
  parents: [],
  parentWeight: -5n,
  height: -1,
  parentStateRoot: cidNamed("state"),
  parentMessageReceipts: cidNamed("receipts"),
  messages: cidNamed("messages"),
  blsAggregate: null,
  timestamp: 0,
  blockSig: { type: 2, data: new Uint8Array(96).fill(1) },
  forkSignaling: 2n ** 64n - 1n,
  parentBaseFee: AttoFil.zero,
};
const messageHex =
  "8a00420001420002" +
  "1bffffffffffffffff" +
  "420101" +
  "3b7fffffffffffffff" +
  "40" +
  "43000100" +
  "1bffffffffffffffff" +
  "40";

describe("messages", () => {
  it("take every value Go's integers take", () => {
    expect(toHex(encodeMessage(message))).toBe(messageHex);
    expect(decodeMessage(fromHex(messageHex))).toEqual(message);
    expect(decode(messageCodec, fromHex(messageHex))).toEqual(message);
  });
  it("keep nothing of the bytes they were read from", () => {
    const bytes = encodeSignedMessage({ message, signature: { type: 1, data: new Uint8Array(65).fill(9) } });
    const read = [decodeSignedMessage(bytes), decode(signedMessageCodec, bytes)];
    bytes.fill(0);
    for (const signed of read) expect(signed.signature.data[5]).toBe(9);
    for (const signed of read) expect(signed.message).toEqual(message);
  });
  const changed = (at: string, to: string): string => messageHex.replace(at, to);
  it.each([
    ["nine fields", `89${messageHex.slice(2, -2)}`, "cbor/wrong-length"],
    ["a head that is too long", changed("8a", "980a"), "cbor/not-minimal"],
    ["an indefinite array", changed("8a", "9f"), "cbor/unsupported"],
    ["version 1", changed("8a00", "8a01"), "message/version-unsupported"],
    ["a version past 2^53", changed("8a00", "8a1b0020000000000000"), "cbor/out-of-range"],
    ["a negative nonce", changed("1bffffffffffffffff", "20"), "cbor/unexpected"],
    ["a gas limit past int64", changed("3b7fffffffffffffff", "1b8000000000000000"), "cbor/out-of-range"],
    ["a gas limit below int64", changed("3b7fffffffffffffff", "3b8000000000000000"), "cbor/out-of-range"],
    ["an empty address", changed("420001", "40"), "address/length-wrong"],
    ["a null address", changed("420001", "f6"), "cbor/unexpected"],
    ["an address of 65 bytes", changed("420001", `584104${"00".repeat(64)}`), "cbor/too-long"],
    ["sign byte 2", changed("420101", "420201"), "amount/sign-unknown"],
    ["an amount of 129 bytes", changed("420101", `588100${"01".repeat(128)}`), "cbor/too-long"],
    ["text as params", `${messageHex.slice(0, -2)}60`, "cbor/unexpected"],
    ["params past 2 MiB", `${messageHex.slice(0, -2)}5a00200001`, "cbor/too-long"],
    ["a cut end", messageHex.slice(0, -2), "cbor/cut"],
    ["bytes after it", `${messageHex}00`, "cbor/trailing-bytes"],
  ])("with %s are refused", (_, hex, code) => {
    expect(codeOf(() => decodeMessage(fromHex(hex)))).toBe(code);
  });
  it("of other versions decode within others, as in Lotus", () => {
    const bytes = fromHex(messageHex.replace("8a00", "8a01"));
    expect(decode(messageCodec, bytes).version).toBe(1);
  });
  it("amounts with needless zeros decode and re-encode shorter", () => {
    const longer = fromHex(messageHex.replace("420101", "43010001"));
    expect(toHex(encodeMessage(decodeMessage(longer)))).toBe(messageHex);
  });
  it("params of 2 MiB pass, one byte more is refused by both sides", () => {
    const limit = { ...message, params: new Uint8Array(2 << 20) };
    expect(equalBytes(encodeMessage(decodeMessage(encodeMessage(limit))), encodeMessage(limit))).toBe(true);
    const over = { ...message, params: new Uint8Array((2 << 20) + 1) };
    expect(codeOf(() => encodeMessage(over))).toBe("fields/bytes-too-long");
  });
  it("out of range do not encode", () => {
    expect(codeOf(() => encodeMessage({ ...message, nonce: 2n ** 64n }))).toBe("cbor/out-of-range");
    expect(codeOf(() => encodeMessage({ ...message, gasLimit: 2n ** 63n }))).toBe("cbor/out-of-range");
    expect(codeOf(() => encodeMessage({ ...message, value: AttoFil.from(2n ** 1016n) }))).toBe("amount/too-long");
  });
});

describe("addresses and amounts", () => {
  it("stand in CBOR as byte strings", () => {
    expect(toHex(encode(addressCodec, Address.id(1000)))).toBe("4300e807");
    expect(decode(addressCodec, fromHex("4300e807"))).toEqual(Address.id(1000));
    expect(toHex(encode(attoFilCodec, AttoFil.from(-256)))).toBe("43010100");
    expect(decode(attoFilCodec, fromHex("43010100"))).toBe(-256n);
  });
});

describe("signatures", () => {
  it.each([
    ["4101", 1, ""],
    ["4302beef", 2, "beef"],
    ["4203ff", 3, "ff"],
  ])("%s", (hex, type, data) => {
    expect(decode(signatureCodec, fromHex(hex))).toEqual({ type, data: fromHex(data) });
    expect(toHex(encode(signatureCodec, { type: type as 1, data: fromHex(data) }))).toBe(hex);
  });
  it.each([
    ["40", "signature/type-unknown"],
    ["4100", "signature/type-unknown"],
    ["4104", "signature/type-unknown"],
    ["41ff", "signature/type-unknown"],
    [`58c901${"00".repeat(200)}`, "cbor/too-long"],
    ["f6", "cbor/unexpected"],
  ])("refuses %s", (hex, code) => {
    expect(codeOf(() => decode(signatureCodec, fromHex(hex)))).toBe(code);
  });
  it("have 200 bytes at most, the type byte included", () => {
    const longest = { type: 3 as const, data: new Uint8Array(199) };
    expect(parseSignature(signatureBytes(longest))).toEqual(longest);
    expect(codeOf(() => signatureBytes({ type: 3, data: new Uint8Array(200) }))).toBe("signature/length-wrong");
    expect(codeOf(() => parseSignature(new Uint8Array(201).fill(1)))).toBe("signature/length-wrong");
  });
});

describe("headers", () => {
  it("take nulls, empty lists and negative numbers", () => {
    expect(decodeBlockHeader(encodeBlockHeader(header))).toEqual(header);
    expect(decode(blockHeaderCodec, encode(blockHeaderCodec, header))).toEqual(header);
  });
  it("are signed with null for their signature", () => {
    expect(decodeBlockHeader(signingBytes(header))).toEqual({ ...header, blockSig: null });
    expect(encodeBlockHeader({ ...header, blockSig: null })).toEqual(signingBytes(header));
  });
  it("keep nothing of the bytes they were read from", () => {
    const bytes = encodeBlockHeader(header);
    const read = [decodeBlockHeader(bytes), decode(blockHeaderCodec, bytes)];
    bytes.fill(0);
    for (const one of read) expect(one).toEqual(header);
  });
  it("list at most 8192 of anything", () => {
    const entry = { round: 1, signature: new Uint8Array(0) };
    const most = { ...header, beaconEntries: Array.from({ length: 8192 }, () => entry) };
    expect(decodeBlockHeader(encodeBlockHeader(most)).beaconEntries.length).toBe(8192);
    const over = { ...header, beaconEntries: Array.from({ length: 8193 }, () => entry) };
    expect(codeOf(() => encodeBlockHeader(over))).toBe("fields/list-too-long");
    const forged = toHex(encodeBlockHeader(header)).replace("81821b001fffffffffffff", "992001821b001fffffffffffff");
    expect(codeOf(() => decodeBlockHeader(fromHex(forged)))).toBe("cbor/too-long");
  });
  it.each([
    ["a round past 2^53", "1b001fffffffffffff", "1b0020000000000000", "cbor/out-of-range"],
    ["undefined for null", "f682", "f782", "cbor/unexpected"],
    ["a boolean for null", "f682", "f482", "cbor/unexpected"],
    ["another tag", "d82a", "d82b", "cbor/unexpected"],
    ["a link without its zero byte", "d82a58270001", "d82a58270101", "cbor/link-malformed"],
    ["a link to CID version 2", "d82a58270001", "d82a58270002", "cbor/link-malformed"],
  ])("with %s are refused", (_, at, to, code) => {
    expect(codeOf(() => decodeBlockHeader(fromHex(toHex(encodeBlockHeader(header)).replace(at, to))))).toBe(code);
  });
  it("with bytes after them are refused", () => {
    expect(codeOf(() => decodeBlockHeader(concatBytes(encodeBlockHeader(header), Uint8Array.of(0))))).toBe(
      "cbor/trailing-bytes",
    );
  });
});

describe("blocks of gossip and message roots", () => {
  const block = { header, blsMessages: [cidNamed("a"), cidNamed("b")], secpMessages: [cidNamed("c")] };
  it("re-encode", () => {
    expect(decodeBlockMsg(encodeBlockMsg(block))).toEqual(block);
    const meta = { blsMessages: cidNamed("a"), secpMessages: cidNamed("b") };
    expect(decodeMsgMeta(encodeMsgMeta(meta))).toEqual(meta);
  });
  it("leave the reader behind themselves, within larger structures", () => {
    const reader = new CborReader(concatBytes(encodeBlockMsg(block), Uint8Array.of(7)));
    expect(blockMsgCodec.decode(reader)).toEqual(block);
    expect(reader.safeUint()).toBe(7);
    reader.end();
  });
  it("are refused with a null header, two lists of another size, or bytes after them", () => {
    const writer = new CborWriter().array(3).null().array(0).array(0);
    expect(codeOf(() => decodeBlockMsg(writer.finish()))).toBe("cbor/unexpected");
    expect(codeOf(() => decodeBlockMsg(concatBytes(encodeBlockMsg(block), Uint8Array.of(0))))).toBe(
      "cbor/trailing-bytes",
    );
    const many = { ...block, blsMessages: Array.from({ length: 8193 }, () => cidNamed("a")) };
    expect(codeOf(() => encodeBlockMsg(many))).toBe("fields/list-too-long");
  });
});

describe("receipts", () => {
  const bare: Receipt = { exitCode: 0, return: fromHex("beef"), gasUsed: 1234n };
  it.each<[string, Receipt, string]>([
    ["before network version 18", bare, "830042beef1904d2"],
    ["without events", { ...bare, eventsRoot: null }, "840042beef1904d2f6"],
    [
      "with events",
      { ...bare, eventsRoot: cidNamed("events") },
      `840042beef1904d2d82a582700${toHex(cidNamed("events").bytes)}`,
    ],
    ["of a failure", { exitCode: 16, return: new Uint8Array(0), gasUsed: 2n ** 63n - 1n }, "8310401b7fffffffffffffff"],
    ["of a negative exit", { exitCode: -2, return: new Uint8Array(0), gasUsed: -1n }, "83214020"],
  ])("%s", (_, receipt, hex) => {
    expect(toHex(encodeReceipt(receipt))).toBe(hex);
    expect(decodeReceipt(fromHex(hex))).toEqual(receipt);
    expect(decode(receiptCodec, fromHex(hex))).toEqual(receipt);
  });
  it.each([
    ["82004000", "fields/count-wrong"],
    ["8500400000f6", "fields/count-wrong"],
    ["83004000f6", "cbor/trailing-bytes"],
    ["84004000", "cbor/cut"],
    ["8400400001", "cbor/unexpected"],
  ])("%s is refused", (hex, code) => {
    expect(codeOf(() => decodeReceipt(fromHex(hex)))).toBe(code);
  });
});
