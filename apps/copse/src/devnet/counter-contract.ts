import { keccak256 } from "@copse/crypto";
import { fromHex } from "@copse/primitives";
import { Address } from "@copse/types";
import { encodeRlp } from "@copse/types/eth";

/**
 * Code that makes a contract of the Ethereum VM: it counts its calls in storage slot 0, logs the count under topic 42, and
 * returns it. Called with data whose first byte is 0xff it reverts.
 */
export const counterInitCode: Uint8Array = fromHex(
  "602b80600b6000396000f3" + // what follows is the contract: copy its 43 bytes and return them
    "60003560f81c60ff14602557" + // the first byte of the data is 0xff: go to byte 37
    "600054600101806000556000" + // add one to slot 0, keep it
    "52602a60206000a160206000f3" + // log it, return it
    "5b60006000fd", // byte 37: revert
);

/** First byte of data that makes the contract revert. */
export const revertByte = 0xff;

/**
 * Address of the contract that an account of Ethereum makes by its message of a nonce: the last 20 bytes of the hash of
 * both.
 *
 * @see builtin-actors:actors/eam/src/lib.rs compute_address_create
 */
export function contractAddress(sender: Address, nonce: bigint): Address {
  const from = Address.toEth(sender) as Uint8Array; // senders that make contracts have one
  return Address.fromEth(keccak256(encodeRlp([from, nonceBytes(nonce)])).slice(12));
}

// As RLP has numbers: big-endian, without leading zeros.
function nonceBytes(nonce: bigint): Uint8Array {
  const hex = nonce === 0n ? "" : nonce.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}
