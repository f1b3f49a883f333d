import { CborError } from "@copse/ipld";
import { compareBytes, fromHex, isCopseError } from "@copse/primitives";
import { dataFile, fuzz, readData } from "@copse/testkit";
import { describe, it } from "vitest";
import { parseSignature, signatureBytes } from "../src/codecs.ts";
import { decodeRlp, encodeRlp, parseEthTransaction, signedMessageOf } from "../src/eth.ts";
import {
  Address,
  AttoFil,
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
  TipsetKey,
  TypesError,
  verifyMessageSignature,
} from "../src/index.ts";
import { carBlocks } from "./car-walk.ts";

/** Real blocks where they are at hand; the seeds made by hand keep each target working without them. */
const real = ((): Uint8Array[] => {
  if (dataFile("chain/mainnet-export40.car") === undefined) return [];
  return [...carBlocks(readData("chain/mainnet-export40.car")).values()];
})();
const reads = (decode: (bytes: Uint8Array) => unknown, block: Uint8Array): boolean => {
  try {
    decode(block);
    return true;
  } catch {
    return false;
  }
};
const seeds = (decode: (bytes: Uint8Array) => unknown, ...hex: string[]): Uint8Array[] => {
  return [...real.filter((block) => reads(decode, block)).slice(0, 40), ...hex.map(fromHex)];
};
const own = (error: unknown): boolean => error instanceof TypesError || error instanceof CborError;

/** What decodes encodes again, and that decodes to the same: canonical from then on. */
function stable<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array): (bytes: Uint8Array) => void {
  return (bytes) => {
    const before = bytes.slice();
    const once = encode(decode(bytes));
    if (once.length > bytes.length) throw new Error("re-encoding is longer than what it was read from");
    if (compareBytes(encode(decode(once)), once) !== 0) throw new Error("re-encoding is not stable");
    if (compareBytes(before, bytes) !== 0) throw new Error("the input was changed");
  };
}

/** A fuzz target whose seeds all decode: damage to what never decoded would test little. */
function target<T>(
  name: string,
  from: Uint8Array[],
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): void {
  const run = stable(decode, encode);
  it(`seeds: ${name}`, () => from.forEach(run));
  fuzz(name, from, run, own);
}

const cid = `d82a58270001${"71a0e40220"}${"ab".repeat(32)}`;
const sig = `586102${"c0".repeat(96)}`;
const header = `904300e80781581a${"01".repeat(26)}8201581a${"02".repeat(26)}81820741aa81820341bb81${cid}43000f001903e8${cid}${cid}${cid}${sig}1a5f4f0000${sig}00450005f5e100`;
const message = "8a00420001420002184042000a1a000f424044000f42404300271001450102030405";
const signed = `82${message}584201${"11".repeat(65)}`;

describe("decoders", () => {
  target("header", seeds(decodeBlockHeader, header), decodeBlockHeader, encodeBlockHeader);
  target("message", seeds(decodeMessage, message), decodeMessage, encodeMessage);
  target("signed message", seeds(decodeSignedMessage, signed), decodeSignedMessage, encodeSignedMessage);
  target("message roots", seeds(decodeMsgMeta, `82${cid}${cid}`), decodeMsgMeta, encodeMsgMeta);
  target("block of gossip", [fromHex(`83${header}81${cid}80`)], decodeBlockMsg, encodeBlockMsg);
  const receipts = ["830042beef1904d2", `840042beef1904d2${cid}`, "840042beef1904d2f6"].map(fromHex);
  target("receipt", receipts, decodeReceipt, encodeReceipt);
  target("signature", [fromHex(`02${"c0".repeat(96)}`)], parseSignature, signatureBytes);
  const same = (address: Address): Uint8Array => address;
  const addresses = ["00e807", `01${"ab".repeat(20)}`, `03${"ab".repeat(48)}`, `040a${"cd".repeat(20)}`].map(fromHex);
  target("address", addresses, Address.fromBytes, same);
  target("tipset key", [fromHex(`0171a0e40220${"ab".repeat(32)}`.repeat(2))], TipsetKey.fromBytes, (key) => key);
  target("amount", [fromHex("00ffee"), fromHex("0101")], AttoFil.decode, AttoFil.encode);
  const rlp = fromHex(
    "f1030185012a05f2008504a817c800825208942b87d1cb599bc2a606db9a0169fcec96af04ad3a880de0b6b3a764000080c0",
  );
  target("RLP", [rlp], decodeRlp, encodeRlp);
});

describe("text and signatures", () => {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
  const texts = ["f01000", "t1xpbyy4tkdx5si2bgo37dubc2xwv6fum5tk57mia", "f432f77777777x32lpna"].map(utf8);
  fuzz("address text", texts, (bytes) => void Address.parse(Address.format(Address.parse(text(bytes)))), own);
  fuzz("amount text", ["1.5 FIL", "7 attofil"].map(utf8), (bytes) => void AttoFil.parse(text(bytes)), own);
  const transactions = [
    "f86680843b9aca00835dc1ba94c2dca9a18d4a4057921d1bcb22da05e68e46b1d06480820297a0f91ee69c4603c4f21131467ee9e06ad4a96d0a29fa8064db61f3adaea0eb6e92a07181e306bb8f773d94cc3b75e9835de00c004e072e6630c0c46971d38706bb01",
    "02f86282013a8080808094ff000000000000000000000000000000000003ec8080c080a0f411a73e33523b40c1a916e79e67746bd01a4a4fb4ecfa87b441375a215ddfb4a0551692c1553574fab4c227ca70cb1c121dc3a2ef82179a9c984bd7acc0880a38",
  ].map(fromHex);
  const cryptoToo = (error: unknown): boolean => own(error) || isCopseError(error, "crypto/");
  const toMessage = (bytes: Uint8Array): void => {
    const made = signedMessageOf(parseEthTransaction(bytes, 314));
    if (!verifyMessageSignature(made, { ethChainId: 314 })) throw new Error("a recovered sender does not verify");
  };
  fuzz("eth transaction", transactions, toMessage, cryptoToo);
});
