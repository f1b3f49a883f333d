import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, isCopseError, toHex } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import {
  decodeRlp,
  type EthTransaction,
  encodeRlp,
  ethTransactionOf,
  parseEthTransaction,
  type RlpValue,
  senderOf,
  signedBytes,
  signedMessageOf,
  transactionHash,
  unsignedBytes,
} from "../src/eth.ts";
import {
  Address,
  AttoFil,
  decodeSignedMessage,
  encodeSignedMessage,
  type SignedMessage,
  signedMessageCid,
  verifyMessageSignature,
} from "../src/index.ts";

const codeOf = (run: () => unknown): string => {
  try {
    return `returned ${String(run())}`;
  } catch (error) {
    return isCopseError(error) ? error.code : String(error);
  }
};
const eip1559 = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/eip1559.json"), "utf8")) as {
  chainId: number;
  sender: string;
  transactions: { signed: string; unsigned: string }[];
};

const checkRoundTrip = (tx: EthTransaction, chainId: number, hex: string): void => {
  expect(toHex(signedBytes(tx))).toBe(toHex(fromHex(hex)));
  const signed = signedMessageOf(tx);
  expect(ethTransactionOf(signed, chainId)).toEqual(tx);
  expect(verifyMessageSignature(signed, { ethChainId: chainId })).toBe(true);
  expect(decodeSignedMessage(encodeSignedMessage(signed))).toEqual(signed);
  expect(verifyMessageSignature(signed, { ethChainId: chainId + 1 })).toBe(tx.kind === "homestead");
  const { message, signature } = signed;
  const wrong: SignedMessage[] = [
    { message: { ...message, nonce: message.nonce + 1n }, signature },
    { message: { ...message, value: AttoFil.add(message.value, AttoFil.from(1)) }, signature },
    { message: { ...message, gasPremium: AttoFil.add(message.gasPremium, AttoFil.from(1)) }, signature },
    { message: { ...message, method: 0n }, signature },
    { message: { ...message, version: 1 }, signature },
    { message: { ...message, from: Address.id(1) }, signature },
    { message, signature: { type: 3, data: signature.data.with(40, (signature.data[40] as number) ^ 1) } },
    { message, signature: { type: 3, data: signature.data.slice(1) } },
    { message, signature: { type: 1, data: signature.data } },
  ];
  for (const one of wrong) expect(verifyMessageSignature(one, { ethChainId: chainId })).toBe(false);
  const byId = { message: { ...message, from: Address.id(1) }, signature };
  expect(verifyMessageSignature(byId, { ethChainId: chainId, signer: message.from })).toBe(true);
};

describe("eip1559 transactions of Lotus' tests", () => {
  it.each(eip1559.transactions)("$signed", ({ signed, unsigned }) => {
    const tx = parseEthTransaction(fromHex(signed), eip1559.chainId);
    expect(tx.kind).toBe("eip1559");
    expect(toHex(unsignedBytes(tx))).toBe(unsigned.slice(2));
    expect(senderOf(tx)).toEqual(Address.fromEth(fromHex(eip1559.sender)));
    checkRoundTrip(tx, eip1559.chainId, signed);
  });
});

describe("transactions with one gas price", () => {
  it.each([
    // lotus:chain/types/ethtypes/eth_legacy_155_transactions_test.go
    [
      "eip155",
      "A2BBB73aC59b256415e91A820b224dbAF2C268FA",
      "f86680843b9aca00835dc1ba94c2dca9a18d4a4057921d1bcb22da05e68e46b1d06480820297a0f91ee69c4603c4f21131467ee9e06ad4a96d0a29fa8064db61f3adaea0eb6e92a07181e306bb8f773d94cc3b75e9835de00c004e072e6630c0c46971d38706bb01",
    ],
    // lotus:chain/types/ethtypes/eth_legacy_homestead_transactions_test.go
    [
      "homestead",
      "32Be343B94f860124dC4fEe278FDCBD38C102D88",
      "f8718301efc58506fc23ac008305161594104994f45d9d697ca104e5704a7b77d7fec3537c890821878651a4d70000801ba051222d91a379452395d0abaff981af4cfcc242f25cfaf947dea8245a477731f9a03a997c910b4701cca5d933fb26064ee5af7fe3236ff0ef2b58aa50b25aff8ca5",
    ],
    [
      "homestead",
      "",
      "f882800182540894095e7baea6a6c7c4c2dfeb977efac326af552d8780a3deadbeef0000000101010010101010101010101010101aaabbbbbbcccccccddddddddd1ba048b55bfa915ac795c431978d8a6a992b628d557da5ff759b307d495a36649353a01fffd310ac743f371de3b9f7f9cb56c0b28ad43601b4ab949f53faa07bd2c804",
    ],
    [
      "homestead",
      "",
      "f85f030182520794b94f5374fce5edbc8e2a8697c15331677e6ebf0b0a801ba098ff921201554726367d2be8c804a7ff89ccf285ebc57dff8ae4c44b9c19ac4aa07778cde41a8a37f6a087622b38bc201bd3e7df06dce067569d4def1b53dba98c",
    ],
  ])("%s from %s", (kind, sender, hex) => {
    const tx = parseEthTransaction(fromHex(hex), 314);
    expect(tx.kind).toBe(kind);
    if (sender !== "") expect(toHex(Address.toEth(senderOf(tx)) as Uint8Array)).toBe(sender.toLowerCase());
    checkRoundTrip(tx, 314, hex);
  });
});

describe("transactions of calibnet", () => {
  // forest:src/eth/transaction.rs
  it("eip1559 486 hashes as on chain", () => {
    const tx: EthTransaction = {
      kind: "eip1559",
      chainId: 314159,
      nonce: 486n,
      to: fromHex("eb4a9cdb9f42d3a503d580a39b6e3736eb21fffd"),
      value: AttoFil.zero,
      gasLimit: 37442471n,
      maxFeePerGas: AttoFil.from(1500000120),
      maxPriorityFeePerGas: AttoFil.from(1500000000),
      input: fromHex(
        "383487be000000000000000000000000000000000000000000000000000000000000006000000000000000000000000000000000000000000000000000000000660d4d120000000000000000000000000000000000000000000000000000000000000001000000000000000000000000000000000000000000000000000000000000003b6261666b726569656f6f75326d36356276376561786e7767656d7562723675787269696867366474646e6c7a663469616f37686c6e6a6d647372750000000000",
      ),
      signature: {
        v: 1n,
        r: 84103132941276310528712440865285269631208564772362393569572880532520338257200n,
        s: 7820796778417228639067439047870612492553874254089570360061550763595363987236n,
      },
    };
    expect(toHex(transactionHash(tx))).toBe("9f2e70d5737c6b798eccea14895893fb48091ab3c59d0fe95508dc7efdae2e5f");
    checkRoundTrip(tx, 314159, toHex(signedBytes(tx)));
  });
  it("eip155 4 hashes and is named as on chain", () => {
    const gasPrice = AttoFil.from(0x40696);
    const tx: EthTransaction = {
      kind: "eip155",
      chainId: 314159,
      nonce: 4n,
      to: fromHex("d0fb381fc644cdd5d694d35e1afb445527b9244b"),
      value: AttoFil.zero,
      gasLimit: 0x19ca81ccn,
      maxFeePerGas: gasPrice,
      maxPriorityFeePerGas: gasPrice,
      input: fromHex(
        "d5b3d76d00000000000000000000000000000000000000000000000045466fa6fdcb80000000000000000000000000000000000000000000000000000000002e90edd0000000000000000000000000000000000000000000000000000000000000015180",
      ),
      signature: {
        v: 0x99681n,
        r: 0x580b1d36c5a8c8c1c550fb45b0a6ff21aaa517be036385541621961b5d873796n,
        s: 0x55e8447d58d64ebc3038d9882886bbc3b0228c7ac77c71f4e811b97ed3f14b5an,
      },
    };
    expect(toHex(transactionHash(tx))).toBe("3ebc897150feeff6caa1b2e5992e347e8409e9e35fa30f7f5f8fcda3f7c965c7");
    const signed = signedMessageOf(tx);
    expect(signedMessageCid(signed).toString()).toBe("bafy2bzacebazsfc63saveaopjjgsz3yoic3izod4k5wo3pg4fswmpdqny5zlc");
    checkRoundTrip(tx, 314159, toHex(signedBytes(tx)));
  });
});

describe("what is no transaction here", () => {
  const none = new Uint8Array(0);
  const typed = (changes: Record<number, RlpValue> = {}): Uint8Array => {
    const items: RlpValue[] = [fromHex("013a"), none, none, none, none, none, none, none, [], none, none, none];
    for (const [at, value] of Object.entries(changes)) items[Number(at)] = value;
    return Uint8Array.of(2, ...encodeRlp(items));
  };
  const untyped = (changes: Record<number, RlpValue> = {}): Uint8Array => {
    const items: RlpValue[] = [none, none, none, none, none, none, Uint8Array.of(27), none, none];
    for (const [at, value] of Object.entries(changes)) items[Number(at)] = value;
    return encodeRlp(items);
  };
  it("starts from two that are", () => {
    expect(parseEthTransaction(typed(), 314).kind).toBe("eip1559");
    expect(parseEthTransaction(untyped(), 314).kind).toBe("homestead");
    expect(parseEthTransaction(untyped({ 6: fromHex("0298") }), 314).kind).toBe("eip155");
  });
  it.each<[string, Uint8Array, string]>([
    ["nothing", none, "eth/transaction-malformed"],
    ["EIP-2930", fromHex("01c0"), "eth/transaction-malformed"],
    ["type 0", fromHex("00"), "eth/transaction-malformed"],
    ["type 2 alone", fromHex("02"), "eth/rlp-malformed"],
    ["an empty list", fromHex("02c0"), "eth/transaction-malformed"],
    ["no list", fromHex("0280"), "eth/transaction-malformed"],
    ["no list, untyped", fromHex("80"), "eth/transaction-malformed"],
    ["an empty list, untyped", fromHex("c0"), "eth/transaction-malformed"],
    ["bytes after it", Uint8Array.of(...typed(), 0), "eth/rlp-malformed"],
    ["another chain", typed({ 0: Uint8Array.of(1) }), "eth/transaction-malformed"],
    ["v 2", typed({ 9: Uint8Array.of(2) }), "eth/transaction-malformed"],
    ["an access list", typed({ 8: [none] }), "eth/transaction-malformed"],
    ["an access list of bytes", typed({ 8: none }), "eth/transaction-malformed"],
    ["a nonce past 64 bits", typed({ 1: new Uint8Array(9).fill(1) }), "eth/transaction-malformed"],
    ["an address of 19 bytes", typed({ 5: new Uint8Array(19) }), "eth/transaction-malformed"],
    ["a list as input", typed({ 7: [] }), "eth/transaction-malformed"],
    ["v 37, of chain 1", untyped({ 6: Uint8Array.of(37) }), "eth/transaction-malformed"],
    ["v 0", untyped({ 6: none }), "eth/transaction-malformed"],
    ["a list as input, untyped", untyped({ 5: [] }), "eth/transaction-malformed"],
    ["an address of 21 bytes, untyped", untyped({ 3: new Uint8Array(21) }), "eth/transaction-malformed"],
  ])("%s", (_, bytes, code) => {
    expect(codeOf(() => parseEthTransaction(bytes, 314))).toBe(code);
  });
  it("r past 32 bytes becomes no message", () => {
    const tx = parseEthTransaction(typed({ 10: new Uint8Array(33).fill(1) }), 314);
    expect(codeOf(() => signedMessageOf(tx))).toBe("eth/transaction-malformed");
  });
});

describe("RLP", () => {
  const bytes = (hex: string): Uint8Array => fromHex(hex);
  it.each<[string, RlpValue]>([
    ["80", bytes("")],
    ["01", bytes("01")],
    ["81aa", bytes("aa")],
    ["820402", bytes("0402")],
    ["c0", []],
    [`b83c${"abcd".repeat(30)}`, bytes("abcd".repeat(30))],
    ["cc82aaaa82bbbb82cccc82dddd", ["aaaa", "bbbb", "cccc", "dddd"].map(bytes)],
    ["c3000102", [bytes("00"), bytes("01"), bytes("02")]],
    ["c4c20102c0", [[bytes("01"), bytes("02")], []]],
    [`f83bb839${"ee".repeat(57)}`, [bytes("ee".repeat(57))]],
    [`b90400${"07".repeat(1024)}`, bytes("07".repeat(1024))],
  ])("%s", (hex, value) => {
    expect(toHex(encodeRlp(value))).toBe(hex);
    expect(decodeRlp(fromHex(hex))).toEqual(value);
  });
  it.each([
    "",
    "8100", // one byte below 128 with a head
    "b80100", // a length that fits the head
    `b90038${"00".repeat(56)}`, // a length with a leading zero
    "f800",
    "bfffffffffffffff0041424344",
    "c1bfff1111111111111111",
    "83ffff",
    "c3ff",
    "8000", // bytes after it
    "c101c0",
    "c281",
    `cd${"00".repeat(13)}`, // 13 items
    `${"c1".repeat(34)}`,
  ])("refuses %s", (hex) => {
    expect(codeOf(() => decodeRlp(fromHex(hex)))).toBe("eth/rlp-malformed");
  });
  it("takes lists 32 deep and no deeper, and 2 MiB", () => {
    const nested = (depth: number): Uint8Array => {
      let value: RlpValue = Uint8Array.of(1);
      for (let i = 0; i < depth; i++) value = [value];
      return encodeRlp(value);
    };
    expect(() => decodeRlp(nested(32))).not.toThrow();
    expect(codeOf(() => decodeRlp(nested(33)))).toBe("eth/rlp-malformed");
    expect(() => decodeRlp(encodeRlp(new Uint8Array((2 << 20) - 4)))).not.toThrow();
    expect(codeOf(() => decodeRlp(encodeRlp(new Uint8Array((2 << 20) - 3))))).toBe("eth/rlp-malformed");
  });
});
