import { checkSignature } from "@copse/crypto";
import { fromHex, isCopseError } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { invokeContract } from "../src/eth.ts";
import {
  Address,
  AttoFil,
  addressOfKey,
  type Message,
  type SignatureType,
  type SignedMessage,
  signatureCheckOf,
  signMessage,
  verifyMessageSignature,
} from "../src/index.ts";

const privateKey = new Uint8Array(32).fill(7).with(31, 1); // in range read from either end
const ethChainId = 31415926;
const messageFrom = (from: Address, isEth = from[0] === 4): Message => ({
  version: 0,
  to: Address.id(1000),
  from,
  nonce: 2n ** 64n - 1n,
  value: AttoFil.fromFil(3),
  gasLimit: 1_000_000n,
  gasFeeCap: AttoFil.from(200),
  gasPremium: AttoFil.from(100),
  method: isEth ? invokeContract : 0n,
  params: isEth ? fromHex("43010203") : new Uint8Array(0),
});
const options = { ethChainId };
const codeOf = (run: () => unknown): string => {
  try {
    return `returned ${String(run())}`;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
};

describe.each<[string, SignatureType, number]>([
  ["secp256k1", 1, 1],
  ["BLS", 2, 3],
  ["delegated", 3, 4],
])("a %s key", (_, type, protocol) => {
  const key = { type, privateKey };
  const from = addressOfKey(key);
  const signed = signMessage(messageFrom(from), key, options);

  it("has an address of its kind and signs for it", () => {
    expect(Address.protocol(from)).toBe(protocol);
    expect(signed.signature.type).toBe(type);
    expect(verifyMessageSignature(signed, options)).toBe(true);
  });
  it("signs nothing else", () => {
    const { message, signature } = signed;
    const others: SignedMessage[] = [
      { message: { ...message, nonce: 0n }, signature },
      { message: { ...message, to: Address.id(1001) }, signature },
      { message: { ...message, params: fromHex("43010204") }, signature },
      { message, signature: { type, data: signature.data.with(10, (signature.data[10] as number) ^ 1) } },
      { message, signature: { type, data: new Uint8Array(0) } },
      { message, signature: { type, data: new Uint8Array(signature.data.length) } },
      { message, signature: { type: ((type % 3) + 1) as SignatureType, data: signature.data } },
    ];
    for (const other of others) expect(verifyMessageSignature(other, options)).toBe(false);
  });
  it("signs for an ID whose key address is told", () => {
    const byId = signMessage(messageFrom(Address.id(7), type === 3), key, options);
    expect(verifyMessageSignature(byId, options)).toBe(false);
    expect(verifyMessageSignature(byId, { ...options, signer: from })).toBe(true);
    expect(verifyMessageSignature(byId, { ...options, signer: Address.id(7) })).toBe(false);
  });
  it("gives a check that a batch may hold, where it can", () => {
    const check = signatureCheckOf(signed, options);
    if (type === 3) expect(check).toBe(true);
    else expect(typeof check === "object" && checkSignature(structuredClone(check))).toBe(true);
  });
  it("does not sign for addresses of other kinds", () => {
    const other = addressOfKey({ type: ((type % 3) + 1) as SignatureType, privateKey });
    expect(codeOf(() => signMessage(messageFrom(other), key, options))).toBe("signature/kind-wrong");
  });
});

describe("delegated keys", () => {
  const key = { type: 3 as const, privateKey };
  const base = messageFrom(addressOfKey(key));
  it.each<[string, Partial<Message>]>([
    ["another method", { method: 0n }],
    ["params that are no byte string", { params: fromHex("01") }],
    ["params with bytes after them", { params: fromHex("4101ff") }],
    ["params of an empty byte string", { params: fromHex("40") }],
    ["params with a long head", { params: fromHex("580101") }],
    ["a recipient without eth address", { to: Address.parse("f24vg6ut43yw2h2jqydgbg2xq7x6f4kub3bg6as6i") }],
    ["another method of the address manager", { to: Address.id(10) }],
    ["another version", { version: 1 }],
  ])("do not sign %s", (_, change) => {
    expect(codeOf(() => signMessage({ ...base, ...change }, key, options))).toBe("eth/message-unmappable");
  });
  it("sign the making of a contract", () => {
    const create = { ...base, to: Address.id(10), method: 4n };
    expect(verifyMessageSignature(signMessage(create, key, options), options)).toBe(true);
  });
});
