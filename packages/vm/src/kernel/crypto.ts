import { blake2b, blake2b160, blake2b256, bls, keccak256, ripemd160, secp256k1, sha256 } from "@copse/crypto";
import { equalBytes } from "@copse/primitives";
import { Address } from "@copse/types";
import { isKeyAddress } from "../addresses.ts";
import { hashCodes } from "../cids.ts";
import { onBlockOpen, onHashing, onVerifyBlsAggregateSignature, onVerifySignature } from "../gas/prices.ts";
import { needStackRoom } from "../host-limits.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";
import { keyAddressOf } from "./key-address.ts";

/** Types of signatures that actors can have verified. */
export const signatureTypes = { secp256k1: 1, bls: 2 } as const;

const hashFunctions: ReadonlyMap<number, (bytes: Uint8Array) => Uint8Array> = new Map([
  [hashCodes.sha256, sha256],
  [hashCodes.blake2b256, blake2b256],
  [hashCodes.blake2b512, (bytes: Uint8Array) => blake2b(bytes, 64)],
  [hashCodes.keccak256, keccak256],
  [hashCodes.ripemd160, ripemd160],
]);

/** The digest of bytes under a multihash code. */
export function hash(kernel: Kernel, code: number, bytes: Uint8Array): Uint8Array {
  const { prices, rules } = kernel.core;
  const digestOf = hashFunctions.get(code);
  // FVM 2 charges before it looks at the code
  if (rules.fvm !== 2 && digestOf === undefined) throw new SyscallError("IllegalArgument", `hash function ${code}`);
  kernel.gas.charge("OnHashing", onHashing(prices, code, bytes.length) as number);
  if (digestOf === undefined) throw new SyscallError("IllegalArgument", `hash function ${code}`);
  return digestOf(bytes);
}

/** Whether the key of an address signed a text. `type` is one that there is. */
export function verifySignature(
  kernel: Kernel,
  type: number,
  signature: Uint8Array,
  signer: Address,
  text: Uint8Array,
): boolean {
  const { core, gas } = kernel;
  gas.charge("OnVerifySignature", onVerifySignature(core.prices, type, text.length) as number);
  const key = core.rules.fvm === 2 ? paidKeyAddress(kernel, signer) : signer;
  if (!isKeyAddress(key)) throw new SyscallError("IllegalArgument", "the address is of no key");
  needStackRoom();
  if (type === signatureTypes.secp256k1) return key[0] === 1 && isSecp256k1Signature(signature, text, key);
  return key[0] === 3 && bls.verify(signature, text, Address.payload(key));
}

function isSecp256k1Signature(signature: Uint8Array, text: Uint8Array, signer: Address): boolean {
  const key = secp256k1.recoverOrNothing(blake2b256(text), signature);
  return key !== undefined && equalBytes(blake2b160(key), Address.payload(signer));
}

/** FVM 2 takes any address of an account, and charges for the block that names its key. */
function paidKeyAddress({ core, gas }: Kernel, signer: Address): Address {
  return keyAddressOf(core, signer, {
    beforeRead: () => gas.charge("OnBlockOpenBase", core.prices.blockOpenBase),
    ofSize: (bytes) => gas.charge(core.prices.blockOpenName, onBlockOpen(core.prices, bytes, 0)),
  });
}

/** Whether a signature is the sum of one by each key over the text beside it; of none it is. FVM 4. */
export function verifyBlsAggregate(
  kernel: Kernel,
  signature: Uint8Array,
  keys: readonly Uint8Array[],
  texts: Uint8Array,
  lengths: readonly number[],
): boolean {
  kernel.gas.charge(
    "OnVerifyBlsAggregateSignature",
    onVerifyBlsAggregateSignature(kernel.core.prices, keys.length, texts.length),
  );
  let at = 0;
  const split = lengths.map((length) => {
    if (at + length > texts.length) throw new SyscallError("IllegalArgument", "a text is out of bounds");
    at += length;
    return texts.subarray(at - length, at);
  });
  if (at !== texts.length) throw new SyscallError("IllegalArgument", "texts are longer than their lengths");
  if (keys.length === 0) return true;
  needStackRoom();
  return bls.verifyAggregate(signature, split, keys);
}

/** The key that signed a digest. */
export function recoverPublicKey(kernel: Kernel, digest: Uint8Array, signature: Uint8Array): Uint8Array {
  kernel.gas.charge("OnRecoverSecpPublicKey", kernel.core.prices.recoverPublicKey);
  needStackRoom();
  const key = secp256k1.recoverOrNothing(digest, signature);
  if (key === undefined) throw new SyscallError("IllegalArgument", "no key has signed");
  return key;
}
