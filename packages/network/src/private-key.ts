import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { NetworkError } from "./errors.ts";

/**
 * A fresh Ed25519 identity in the form that libp2p implementations share: protobuf `{ 1: type, 2: data }`.
 *
 * Size: 68 B. The app keeps it in a file; whoever has it is this node.
 *
 * @example
 * const host = await createHost({ privateKey: await generatePrivateKey(), networkName: "testnetnet" });
 */
export async function generatePrivateKey(): Promise<Uint8Array> {
  return encodePrivateKey(await generateKeyPair("Ed25519"));
}

/** The bytes to keep of a libp2p key; go-libp2p's `MarshalPrivateKey` gives the same. */
export function encodePrivateKey(key: PrivateKey): Uint8Array {
  return privateKeyToProtobuf(key);
}

/**
 * The key behind {@link encodePrivateKey}'s bytes. Lotus' and Forest's key files hold this form too (Lotus in base64
 * inside JSON).
 *
 * @throws {NetworkError} `network/key-malformed`
 */
export function decodePrivateKey(bytes: Uint8Array): PrivateKey {
  try {
    return privateKeyFromProtobuf(bytes);
  } catch (cause) {
    throw new NetworkError("network/key-malformed", { length: bytes.length }, { cause });
  }
}

/**
 * The peer id, as text, that a private key makes.
 *
 * @throws {NetworkError} `network/key-malformed`
 */
export function peerIdOf(privateKey: Uint8Array): string {
  return peerIdFromPrivateKey(decodePrivateKey(privateKey)).toString();
}
