import { hash } from "node:crypto";
import { createRequire } from "node:module";
import { bench } from "@copse/testkit/bench";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { secp256k1 as nobleSecp256k1 } from "@noble/curves/secp256k1.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { createBLAKE2b, createSHA256 } from "hash-wasm";
import { engine as oxEngine } from "ox/wasm/Secp256k1";
import { installFastest } from "../src/fastest.ts";
import {
  blake2b256,
  bls,
  checkSignature,
  checkSignatures,
  currentEngine,
  keccak256,
  nobleEngine,
  type SignatureCheck,
  secp256k1,
  sha256,
  useEngine,
} from "../src/index.ts";
import { createSignaturePool } from "../src/pool.ts";
import { aggregateOf, chainedBeacons, headerSignatures, quicknetBeacons } from "./signed.ts";

console.log((await installFastest()).join(", "));

const sodium = createRequire(import.meta.url)("sodium-native") as {
  crypto_generichash(out: Uint8Array, bytes: Uint8Array): void;
};
const [hashWasm, hashWasmSha] = await Promise.all([createBLAKE2b(256), createSHA256()]);
const filled = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => (i * 37) & 255);
const times = (count: number, run: () => unknown): number => {
  for (let i = 0; i < count; i++) run();
  return count;
};

for (const [name, length, count] of [
  ["38B", 38, 1000],
  ["300B", 300, 1000],
  ["1KiB", 1024, 1000],
  ["1MiB", 1 << 20, 1],
] as const) {
  await bench(`crypto/blake2b256 ${name}`, {
    unit: "MB",
    given: () => filled(length),
    run: (bytes) => (times(count, () => blake2b256(bytes)) * length) / 1e6,
    beside: {
      "@noble/hashes": (bytes) => (times(count, () => blake2b(bytes, { dkLen: 32 })) * length) / 1e6,
      "hash-wasm": (bytes) => (times(count, () => hashWasm.init().update(bytes).digest("binary")) * length) / 1e6,
      "sodium-native": (bytes) => {
        const digest = (): Uint8Array => {
          const out = new Uint8Array(32);
          sodium.crypto_generichash(out, bytes);
          return out;
        };
        return (times(count, digest) * length) / 1e6;
      },
    },
  });
}
for (const [name, length] of [
  ["8B", 8],
  ["40B", 40],
  ["1KiB", 1024],
] as const) {
  await bench(`crypto/sha256 ${name}`, {
    given: () => filled(length),
    run: (bytes) => times(1000, () => sha256(bytes)),
    beside: {
      "node:crypto": (bytes) => times(1000, () => hash("sha256", bytes, "buffer")),
      "hash-wasm": (bytes) => times(1000, () => hashWasmSha.init().update(bytes).digest("binary")),
      "@noble/hashes": (bytes) => times(1000, () => nobleSha256(bytes)),
    },
  });
}
await bench("crypto/keccak256 100B", {
  given: () => filled(100),
  run: (bytes) => times(1000, () => keccak256(bytes)),
  beside: {
    "node:crypto": (bytes) => times(1000, () => hash("keccak-256", bytes, "buffer")),
    "@noble/hashes": (bytes) => times(1000, () => keccak_256(bytes)),
  },
});

const secret = filled(32).fill(7, 0, 1);
const digest = filled(32);
const ox = await oxEngine();
const made = secp256k1.sign(digest, secret);
const front = Uint8Array.of(made[64] as number, ...made.subarray(0, 64));
await bench("crypto/secp256k1-recover", {
  given: () => made,
  run: (signature) => times(100, () => secp256k1.recover(digest, signature)),
  beside: {
    "ox/wasm": () => times(100, () => ox.recoverPublicKey(front, digest)),
    "@noble/curves": () => times(10, () => nobleSecp256k1.recoverPublicKey(front, digest, { prehash: false })),
  },
});
await bench("crypto/secp256k1-sign", {
  given: () => digest,
  run: () => times(100, () => secp256k1.sign(digest, secret)),
  beside: { "@noble/curves": () => times(10, () => nobleSecp256k1.sign(digest, secret, { prehash: false })) },
});

const tag = new TextEncoder().encode("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_");
const noble = bls12_381.longSignatures;
const one = headerSignatures(1)[0] as Extract<SignatureCheck, { kind: "bls" }>;
await bench("crypto/bls-verify", {
  unit: "signature",
  given: () => one,
  run: (check) => times(1, () => bls.verify(check.signature, check.message, check.publicKey)),
  beside: {
    "copse on noble": (check) => {
      const fastest = { name: "fastest", ...currentEngine() };
      useEngine(nobleEngine);
      bls.verify(check.signature, check.message, check.publicKey);
      useEngine(fastest);
      return 1;
    },
    "@noble/curves": (check) =>
      times(1, () => noble.verify(check.signature, noble.hash(check.message, tag), check.publicKey)),
  },
});
await bench("crypto/bls-aggregate-verify 64", {
  unit: "message",
  given: () => aggregateOf(64),
  run: (check) => {
    bls.verifyAggregate(check.signature, check.messages, check.publicKeys);
    return 64;
  },
  beside: {
    "@noble/curves": (check) => {
      const items = check.messages.map((message, i) => ({
        message: noble.hash(message, tag),
        publicKey: check.publicKeys[i] as Uint8Array,
      }));
      noble.verifyBatch(check.signature, items);
      return 64;
    },
  },
});

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
for (const [name, make] of [
  ["chained-beacons", chainedBeacons],
  ["quicknet-beacons", quicknetBeacons],
  ["header-signatures 10-miners", headerSignatures],
] as const) {
  for (const count of [16, 64, 256]) {
    await bench(`crypto/check ${name} x${count}`, {
      unit: "signature",
      rounds: 3,
      given: () => make(count),
      run: (checks) => checkSignatures(checks, { random }).length,
      beside: { "one by one": (checks) => times(8, () => checkSignature(checks[0] as SignatureCheck)) },
    });
  }
}
await bench("crypto/pool quicknet-beacons x2048", {
  unit: "signature",
  rounds: 3,
  given: () => {
    const checks = quicknetBeacons(256);
    return {
      checks: Array.from({ length: 8 }, () => checks).flat(),
      one: createSignaturePool({ workers: 1 }),
      two: createSignaturePool({ workers: 2 }),
    };
  },
  run: async ({ checks, two }) => (await two.check(checks)).length,
  beside: { "one worker": async ({ checks, one: pool }) => (await pool.check(checks)).length },
});
