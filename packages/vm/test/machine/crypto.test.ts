import { blake2b, blake2b256, bls, keccak256, ripemd160, secp256k1, sha256 } from "@copse/crypto";
import { CborWriter } from "@copse/ipld";
import { fromHex, toHex } from "@copse/primitives";
import { Address } from "@copse/types";
import { describe, expect, test } from "vitest";
import { actorText, answers, call, compile } from "../actors/compile.ts";
import { generations, machineOf, numbers } from "./generations.ts";
import { sender, senderId } from "./test-machine.ts";

const text = new TextEncoder().encode("the quick brown fox");

describe.each(generations)("crypto of network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const run = (calls: readonly string[], data: Record<number, Uint8Array>, copies = "", length = 0) => {
    const body = `${answers(...calls)} ${copies} (call $return (i32.const ${4 * calls.length + length}))`;
    const { receipt, failure } = machineOf(generation, { body, data, pages: "2" }).send();
    expect(failure).toBeUndefined();
    return receipt.returnData;
  };

  test("hashes are those of their codes, cut to the room there is", () => {
    const hashes: [bigint, Uint8Array][] = [
      [0x12n, sha256(text)],
      [0xb220n, blake2b256(text)],
      [0xb240n, blake2b(text, 64)],
      [0x1bn, keccak256(text)],
      [0x1053n, ripemd160(text)],
    ];
    for (const [code, digest] of hashes) {
      const calls = [
        call("crypto.hash", 512, code, 2048, text.length, 3000, 64),
        call("crypto.hash", 516, code, 2048, text.length, 3100, 5),
        call("crypto.hash", 516, code, 2048, text.length, 131_070, 5),
        call("crypto.hash", 516, code, 131_070, 5, 3100, 5),
        call("crypto.hash", 520, code, 2048, text.length, 2048, 20), // over what is hashed
      ];
      const copies = `(memory.copy (i32.const 1044) (i32.const 512) (i32.const 12))
        (memory.copy (i32.const 1056) (i32.const 3000) (i32.const 64))
        (memory.copy (i32.const 1120) (i32.const 2048) (i32.const 20))`;
      const found = run(calls, { 2048: text }, copies, 12 + 64 + 20);
      expect(numbers(found.slice(0, 32))).toEqual([0, 0, 1, 1, 0, digest.length, 5, 20]);
      expect(toHex(found.slice(32, 32 + digest.length))).toBe(toHex(digest));
      expect(toHex(found.slice(96))).toBe(toHex(digest.slice(0, 20)));
    }
    const unknown = [0n, 0x13n, 0xb221n, -1n].map((code) => call("crypto.hash", 512, code, 2048, 1, 3000, 32));
    expect(numbers(run(unknown, {}))).toEqual([1, 1, 1, 1]);
  });

  test("the key of a signature is recovered", () => {
    const key = new Uint8Array(32).fill(7);
    const digest = blake2b256(text);
    const signature = secp256k1.sign(digest, key);
    const broken = Uint8Array.from(signature, (byte, index) => (index === 64 ? 4 : byte));
    const zero = new Uint8Array(65);
    const calls = [2100, 2200, 2300, 131_010].map((at) => call("crypto.recover_secp_public_key", 3000, 2048, at));
    const found = run(
      calls,
      { 2048: digest, 2100: signature, 2200: broken, 2300: zero },
      "(memory.copy (i32.const 1040) (i32.const 3000) (i32.const 65))",
      65,
    );
    expect(numbers(found.slice(0, 16))).toEqual([0, 1, 1, 1]);
    expect(toHex(found.slice(16))).toBe(toHex(secp256k1.publicKey(key)));
  });

  test("signatures are verified against the key of an address", () => {
    const key = new Uint8Array(32).fill(7);
    const secp = Address.fromSecp256k1(secp256k1.publicKey(key));
    const secpSignature = secp256k1.sign(blake2b256(text), key);
    const f3 = Address.fromBls(bls.publicKey(key));
    const blsSignature = bls.sign(text, key);
    const data = {
      2048: text,
      2100: secp,
      2200: secpSignature,
      2300: f3,
      2400: blsSignature,
      2500: Address.id(senderId),
      2600: Address.id(9999),
      2700: Address.id(1),
      2800: Uint8Array.of(9, 9),
    };
    const verify = (type: number, sig: number, sigLength: number, at: number, length: number, out = 512): string =>
      call("crypto.verify_signature", out, type, sig, sigLength, at, length, 2048, text.length);
    const calls = [
      verify(1, 2200, 65, 2100, 21, 512), // good
      verify(2, 2400, 96, 2300, 49, 516), // good
      verify(1, 2200, 64, 2100, 21, 520),
      verify(1, 2201, 65, 2100, 21, 524),
      verify(2, 2401, 96, 2300, 49, 528),
      verify(1, 2200, 65, 2300, 49, 532), // a key of the other kind
      verify(2, 2400, 96, 2100, 21, 536),
      verify(3, 2200, 65, 2100, 21),
      verify(0, 2200, 65, 2100, 21),
      verify(1, 2200, 65, 2500, 2, 540), // an account's ID
      verify(1, 2200, 65, 2600, 3),
      verify(1, 2200, 65, 2700, 2),
      verify(1, 2200, 65, 2800, 2),
    ];
    const found = numbers(run(calls, data, "(memory.copy (i32.const 1076) (i32.const 512) (i32.const 32))", 32));
    const no = 0xffffffff;
    expect(found.slice(0, 13)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, ...(fvm === 2 ? [0, 6, 1, 1] : [1, 1, 1, 1])]);
    expect(found.slice(13, 20)).toEqual([0, 0, no, no, no, no, no]);
    if (fvm === 2) expect(found[20]).toBe(no); // the sender's key did not sign
    expect(sender).toBeDefined();
  });

  test("CommD of pieces", () => {
    const empty = new CborWriter().array(0).finish();
    const commitment = (fill: number): Uint8Array =>
      Uint8Array.of(0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20, ...new Uint8Array(32).fill(fill));
    const pieces = (...list: [bigint, Uint8Array][]): Uint8Array => {
      const writer = new CborWriter().array(list.length);
      for (const [size, cid] of list) writer.array(2).uint(size).link(cid);
      return writer.finish();
    };
    const cases: [Uint8Array, number][] = [
      [empty, 0],
      [pieces([1024n, commitment(1)], [1024n, commitment(2)]), 0],
      [pieces([128n, commitment(1)], [1024n, commitment(2)]), 0],
      [pieces([2048n, commitment(1)]), 0],
      [pieces([4096n, commitment(1)]), 1],
      [pieces([100n, commitment(1)]), 1],
      [pieces([0n, commitment(1)]), 1],
      [pieces([128n, Uint8Array.of(0x01, 0x71, 0x12, 1, 0)]), 1],
      [Uint8Array.of(0x81), 1],
    ];
    const data = Object.fromEntries(cases.map(([bytes], index) => [2048 + 200 * index, bytes]));
    const calls = cases.map(([bytes], index) =>
      call("crypto.compute_unsealed_sector_cid", 512, 5n, 2048 + 200 * index, bytes.length, 5000 + 64 * index, 64),
    );
    calls.push(
      call("crypto.compute_unsealed_sector_cid", 512, fvm === 2 ? 10n : fvm === 3 ? 15n : 20n, 2048, 1, 5000, 64),
    );
    calls.push(call("crypto.compute_unsealed_sector_cid", 512, -1n, 2048, 1, 5000, 64));
    calls.push(call("crypto.compute_unsealed_sector_cid", 512, 5n, 2048, 1, 5000, 38));
    const at = 1024 + 4 * calls.length;
    const found = run(calls, data, `(memory.copy (i32.const ${at}) (i32.const 5000) (i32.const 256))`, 256);
    expect(numbers(found.slice(0, 4 * calls.length))).toEqual([...cases.map(([, errno]) => errno), 1, 1, 12]);
    const cids = found.slice(4 * calls.length);
    const half = (size: number): string => toHex(cids.slice(64 * size, 64 * size + 39)).slice(14);
    expect(half(0)).toBe("fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833"); // 2 KiB of zeros
    const joined = sha256(fromHex("01".repeat(32) + "02".repeat(32)));
    joined[31] = (joined[31] as number) & 0x3f;
    expect(half(1)).toBe(toHex(joined));
    expect(half(3)).toBe("01".repeat(32));
  });

  test("proofs need someone to verify them", () => {
    const info = new CborWriter().array(5).uint(0);
    for (let i = 0; i < 2; i++) info.link(Uint8Array.of(1, 0x82, 0xe2, 3, 0x81, 0xe8, 2, 0x20, ...new Uint8Array(32)));
    info.link(Uint8Array.of(1, 0x82, 0xe2, 3, 0x81, 0xe8, 2, 0x20, ...new Uint8Array(32))).array(0);
    const bytes = info.finish();
    const body = `(drop ${call("crypto.verify_replica_update", 512, 2048, bytes.length)}) (i32.const 0)`;
    const code = compile(actorText(fvm, { body, data: { 2048: bytes } }));
    expect(() => machineOf(generation, code).send()).toThrow(expect.objectContaining({ code: "host/worker-failed" }));
  });
});

describe.each(generations.slice(2))("aggregates of BLS signatures, network version $networkVersion", (generation) => {
  const keys = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
  const texts = ["one", "two!", "three"].map((word) => new TextEncoder().encode(word));
  const signatures = keys.map((key, index) => bls.sign(texts[index] as Uint8Array, key));
  const verify = (
    count: number,
    aggregate: Uint8Array,
    publicKeys: readonly Uint8Array[],
    plain: readonly Uint8Array[],
    lengths = plain.map(({ length }) => length),
  ): number[] => {
    const all = Uint8Array.from(publicKeys.flatMap((key) => [...key]));
    const joined = Uint8Array.from(plain.flatMap((part) => [...part]));
    const sizes = new DataView(new ArrayBuffer(4 * lengths.length));
    for (const [index, length] of lengths.entries()) sizes.setUint32(index * 4, length, true);
    const data = { 2048: aggregate, 2200: all, 3000: joined, 3500: new Uint8Array(sizes.buffer) };
    const body = `${answers(call("crypto.verify_bls_aggregate", 512, count, 2048, 2200, 3000, 3500))}
      (i32.store (i32.const 1028) (i32.load (i32.const 512))) (call $return (i32.const 8))`;
    return numbers(machineOf(generation, { body, data }).send().receipt.returnData);
  };

  test("hold where each key signed its text", () => {
    const publicKeys = keys.map((key) => bls.publicKey(key));
    const aggregate = bls.aggregate(signatures);
    const no = 0xffffffff;
    expect(verify(3, aggregate, publicKeys, texts)).toEqual([0, 0]);
    expect(verify(3, aggregate, [...publicKeys].reverse(), texts)).toEqual([0, no]);
    expect(verify(3, new Uint8Array(96), publicKeys, texts)).toEqual([0, no]);
    expect(verify(0, new Uint8Array(96), [], [])).toEqual([0, 0]);
    const same = bls.aggregate([
      bls.sign(texts[0] as Uint8Array, keys[0] as Uint8Array),
      bls.sign(texts[0] as Uint8Array, keys[1] as Uint8Array),
    ]);
    expect(verify(2, same, publicKeys.slice(0, 2), [texts[0] as Uint8Array, texts[0] as Uint8Array])).toEqual([0, no]);
    expect(verify(0x05555556, aggregate, publicKeys, texts)).toEqual([1, 0]); // 48 of them pass 2^32
    expect(verify(3, aggregate, publicKeys, texts, [0xffffffff, 2, 1])).toEqual([1, 0]); // their sum wraps
  });
});
