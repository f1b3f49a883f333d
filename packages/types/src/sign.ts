import { blake2b256, bls, keccak256, secp256k1 } from "@copse/crypto";
import { type Address, fromBls, fromSecp256k1, protocol } from "./address.ts";
import { delegatedFromSecp256k1 } from "./address-eth.ts";
import { TypesError } from "./errors.ts";
import { unsignedOf } from "./eth/message-form.ts";
import { unsignedBytes } from "./eth/transaction.ts";
import { type Message, messageSigningBytes, type SignedMessage } from "./message.ts";
import type { SignatureType } from "./signature.ts";

/** A private key and what it signs as: 1 secp256k1, 2 BLS, 3 delegated. */
export interface SigningKey {
  readonly type: SignatureType;
  /** 32 B; big-endian for secp256k1 and delegated, little-endian for BLS. */
  readonly privateKey: Uint8Array;
}

/**
 * The address of a key: f1, f3 or f410.
 *
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @example
 * Address.format(addressOfKey({ type: 3, privateKey })).slice(0, 5) // => "f410f"
 */
export function addressOfKey(key: SigningKey): Address {
  if (key.type === 2) return fromBls(bls.publicKey(key.privateKey));
  const publicKey = secp256k1.publicKey(key.privateKey);
  return key.type === 1 ? fromSecp256k1(publicKey) : delegatedFromSecp256k1(publicKey);
}

/**
 * Signs a message: its CID with a secp256k1 or BLS key, the transaction of kind EIP-1559 that it stands for with a
 * delegated one. The key is not compared with `from`, which may be an ID.
 *
 * @throws {TypesError} `signature/kind-wrong` where `from` is of another key's kind; `eth/message-unmappable`
 * @throws {CryptoError} `crypto/length-wrong`, `crypto/private-key-out-of-range`
 * @see lotus:chain/wallet/wallet.go
 * @example
 * signMessage(message, key, mainnet).signature.type // => 1
 */
export function signMessage(
  message: Message,
  key: SigningKey,
  options: { readonly ethChainId: number },
): SignedMessage {
  const kind = protocol(message.from);
  const wanted = { 1: 1, 2: 3, 3: 4 }[key.type];
  if (kind !== 0 && kind !== wanted) throw new TypesError("signature/kind-wrong", { type: key.type, protocol: kind });
  return { message, signature: { type: key.type, data: signatureBytesOf(message, key, options.ethChainId) } };
}

function signatureBytesOf(message: Message, key: SigningKey, chainId: number): Uint8Array {
  if (key.type === 3) {
    return secp256k1.sign(keccak256(unsignedBytes(unsignedOf(message, "eip1559", chainId))), key.privateKey);
  }
  const bytes = messageSigningBytes(message);
  return key.type === 2 ? bls.sign(bytes, key.privateKey) : secp256k1.sign(blake2b256(bytes), key.privateKey);
}
