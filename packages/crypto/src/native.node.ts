import { hash } from "node:crypto";
import { createRequire } from "node:module";
import type { EngineParts, Secp256k1Curve } from "./engine.ts";
import type { PointReaders } from "./point-readers.ts";

/** The part of the secp256k1 package that its addon implements. */
interface Addon {
  publicKeyCreate(privateKey: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { signature: Uint8Array; recid: number };
  ecdsaRecover(signature: Uint8Array, recid: number, digest: Uint8Array, compressed: boolean): Uint8Array;
}

/**
 * What loads of the native engines: SHA2-256 of `node:crypto`; Keccak-256 where this Node has it (26 does); secp256k1
 * where the addon of the package of that name loads, which is an optional peer with prebuilt binaries.
 *
 * There is no native blake2b here: `node:crypto` has the 64-byte digest only, and sodium-native measured no faster than
 * our kernel (bench/README.md). Nor the whole of BLS12-381: the addons on npm have Ethereum's domain tag built in. They do read
 * points: see {@link loadPointReaders}.
 *
 * @example
 * useEngine(await nativeEngine());
 */
export async function nativeEngine(): Promise<EngineParts> {
  const secp256k1 = loadAddon();
  return {
    name: "native",
    sha256: (bytes) => plain(hash("sha256", bytes, "buffer")),
    ...(hasKeccak() ? { keccak256: (bytes: Uint8Array) => plain(hash("keccak-256", bytes, "buffer")) } : {}),
    ...(secp256k1 === undefined ? {} : { secp256k1 }),
  };
}

/**
 * Readers of points by blst, where the addon of `@chainsafe/blst` loads, which is an optional peer with prebuilt binaries.
 *
 * @see supranational/blst: POINTonE1_Uncompress, POINTonE1_in_G1
 */
export async function loadPointReaders(): Promise<PointReaders | undefined> {
  try {
    const { PublicKey, Signature } = createRequire(import.meta.url)("@chainsafe/blst") as Blst;
    const reader =
      (read: (bytes: Uint8Array) => { toBytes(compressed: boolean): Uint8Array }) =>
      (bytes: Uint8Array): Uint8Array | undefined => {
        try {
          return read(bytes).toBytes(false);
        } catch {
          return undefined; // it says why in words only, and we need not know
        }
      };
    return {
      g1: reader((bytes) => PublicKey.fromBytes(bytes, true)),
      g2: reader((bytes) => Signature.fromBytes(bytes, true)),
    };
  } catch {
    return undefined; // not installed, or no binary for this machine
  }
}

/** The part of @chainsafe/blst that is used: `true` looks at the subgroup. */
interface Blst {
  readonly PublicKey: { fromBytes(bytes: Uint8Array, validate: true): { toBytes(compressed: boolean): Uint8Array } };
  readonly Signature: { fromBytes(bytes: Uint8Array, validate: true): { toBytes(compressed: boolean): Uint8Array } };
}

/** A Uint8Array, not a Buffer: a Buffer's `slice` is a view, and tests would see two types. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function hasKeccak(): boolean {
  try {
    return hash("keccak-256", new Uint8Array(0), "hex").startsWith("c5d24601");
  } catch {
    return false; // the OpenSSL of this Node has no such digest
  }
}

function loadAddon(): Secp256k1Curve | undefined {
  try {
    // not the package's main file: that falls back to a slow JavaScript library without a word
    const addon = createRequire(import.meta.url)("secp256k1/bindings.js") as Addon;
    return {
      publicKey: (privateKey) => plainCopy(addon.publicKeyCreate(privateKey, false)),
      sign(digest, privateKey) {
        const { signature, recid } = addon.ecdsaSign(digest, privateKey);
        return Uint8Array.of(...signature, recid);
      },
      recover(digest, signature) {
        try {
          const recovered = addon.ecdsaRecover(signature.subarray(0, 64), signature[64] as number, digest, false);
          return plainCopy(recovered);
        } catch {
          return undefined; // no point at r, or the key is infinity
        }
      },
    };
  } catch {
    return undefined; // not installed, or no binary for this machine
  }
}

function plainCopy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}
