import { blake2b256, checkSignature, keccak256, type SignatureCheck, secp256k1 } from "@copse/crypto";
import { equalBytes, isCopseError } from "@copse/primitives";
import { type Address, payload } from "./address.ts";
import { delegatedFromSecp256k1 } from "./address-eth.ts";
import { ethTransactionOf, messageOf } from "./eth/message-form.ts";
import { recoverable } from "./eth/signature-form.ts";
import { type EthTransaction, unsignedBytes } from "./eth/transaction.ts";
import { encodeMessage, messageSigningBytes, type SignedMessage } from "./message.ts";

/** What a message's signature is checked by. */
export interface AuthenticateOptions {
  /** EIP-155 chain id of the network: `network.ethChainId`. */
  readonly ethChainId: number;
  /** Key address of the sender, where the message's `from` is an ID; the default is `from`. */
  readonly signer?: Address | undefined;
}

/**
 * Tells whether a message was signed by its sender: secp256k1 (f1), BLS (f3) or delegated (f410) as its type says.
 *
 * False for whatever is malformed, and for an ID sender without `signer`. Whether the type is allowed at a network
 * version is for `chain` to say.
 *
 * @see lotus:chain/consensus/signatures.go AuthenticateMessage
 * @example
 * verifyMessageSignature(signed, mainnet) // => true
 */
export function verifyMessageSignature(signed: SignedMessage, options: AuthenticateOptions): boolean {
  const check = signatureCheckOf(signed, options);
  return typeof check === "boolean" ? check : checkSignature(check);
}

/**
 * The check that {@link verifyMessageSignature} makes, as plain data for batches and workers; or its outcome at once:
 * false for malformed ones, and for delegated ones always (an eth address is no part of a check, so the key is recovered
 * here).
 *
 * @example
 * signatureCheckOf(signed, mainnet).kind // => "secp256k1"
 */
export function signatureCheckOf(signed: SignedMessage, options: AuthenticateOptions): SignatureCheck | boolean {
  const { message, signature } = signed;
  const signer = options.signer ?? message.from;
  switch (signature.type) {
    case 1: {
      if (signer[0] !== 1 || signature.data.length !== 65) return false;
      const digest = blake2b256(messageSigningBytes(message));
      return { kind: "secp256k1", digest, signature: signature.data, addressHash20: payload(signer) };
    }
    case 2:
      if (signer[0] !== 3 || signature.data.length !== 96) return false;
      return {
        kind: "bls",
        publicKey: payload(signer),
        message: messageSigningBytes(message),
        signature: signature.data,
      };
    default:
      return isSignedByEth(signed, signer, options.ethChainId);
  }
}

function isSignedByEth(signed: SignedMessage, signer: Address, chainId: number): boolean {
  if (signer[0] !== 4) return false;
  let tx: EthTransaction;
  try {
    tx = ethTransactionOf(signed, chainId);
  } catch (error) {
    if (isCopseError(error, "eth/")) return false;
    throw error;
  }
  // What the transaction does not say of the message, its signature would not cover
  if (!equalBytes(encodeMessage(messageOf(tx, signed.message.from)), encodeMessage(signed.message))) return false;
  const publicKey = secp256k1.recoverOrNothing(keccak256(unsignedBytes(tx)), recoverable(tx));
  return publicKey !== undefined && equalBytes(delegatedFromSecp256k1(publicKey), signer);
}
