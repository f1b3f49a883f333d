import { cidOf } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import {
  Address,
  AttoFil,
  addressOfKey,
  decodeBlockHeader,
  decodeMessage,
  decodeSignedMessage,
  encodeBlockHeader,
  encodeMessage,
  encodeSignedMessage,
  mainnet,
  type SignatureType,
  signMessage,
  verifyMessageSignature,
} from "../src/index.ts";
import { carBlocks } from "./car-walk.ts";

const codecs: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ["headers", (bytes) => encodeBlockHeader(decodeBlockHeader(bytes))],
  ["messages", (bytes) => encodeMessage(decodeMessage(bytes))],
  ["signed", (bytes) => encodeSignedMessage(decodeSignedMessage(bytes))],
];

/** Counts what of a CAR file decodes as what and encodes to the same bytes; then signs and verifies with each key. */
export default async function page(input: { car?: string }): Promise<unknown> {
  const counts: Record<string, number> = { headers: 0, messages: 0, signed: 0, different: 0 };
  const file = input.car === undefined ? undefined : new Uint8Array(await (await fetch(input.car)).arrayBuffer());
  for (const block of file === undefined ? [] : carBlocks(file).values()) {
    for (const [name, again] of codecs) {
      let written: Uint8Array;
      try {
        written = again(block);
      } catch {
        continue; // another kind of block
      }
      const row = equalBytes(cidOf(written), cidOf(block)) ? name : "different";
      counts[row] = (counts[row] ?? 0) + 1;
    }
  }
  const verified = ([1, 2, 3] as SignatureType[]).map((type) => {
    const key = { type, privateKey: new Uint8Array(32).fill(3) };
    const from = addressOfKey(key);
    const to = Address.parse("f01000");
    const fees = { value: AttoFil.fromFil(1), gasFeeCap: AttoFil.from(2), gasPremium: AttoFil.from(1) };
    const call = { gasLimit: 5n, method: 3844450837n, params: new Uint8Array(0) };
    return verifyMessageSignature(
      signMessage({ version: 0, to, from, nonce: 1n, ...fees, ...call }, key, mainnet),
      mainnet,
    );
  });
  return { counts, verified };
}
