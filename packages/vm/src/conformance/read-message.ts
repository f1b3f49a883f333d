import { CborReader } from "@copse/ipld";
import { Address, AttoFil, type Message } from "@copse/types";

/** Bytes of an address at most: a delegated one, with its protocol, namespace and subaddress. */
const maxAddressBytes = 65;
const maxAmountBytes = 128;

/**
 * Reads a message as the reference's executor is handed it: a gas limit of 2^63 and more is read, so that the machine may
 * refuse it. `decodeMessage` refuses it itself, as lotus does.
 *
 * @throws {CborError} {TypesError}
 * @see ref-fvm:shared/src/message.rs
 */
export function readMessageOfReference(bytes: Uint8Array): Message {
  const reader = new CborReader(bytes);
  reader.array(10);
  const version = reader.safeUint();
  const to = Address.fromBytes(reader.bytes(maxAddressBytes));
  const from = Address.fromBytes(reader.bytes(maxAddressBytes));
  const nonce = reader.uint();
  const value = AttoFil.decode(reader.bytes(maxAmountBytes));
  const gasLimit = reader.uint();
  const gasFeeCap = AttoFil.decode(reader.bytes(maxAmountBytes));
  const gasPremium = AttoFil.decode(reader.bytes(maxAmountBytes));
  const method = reader.uint();
  const params = reader.bytes().slice();
  reader.end();
  return { version, to, from, nonce, value, gasLimit, gasFeeCap, gasPremium, method, params };
}
