import { keccak256 } from "@copse/crypto";
import { type Address, delegated, id, idOf, secpKeyLength } from "./address.ts";
import { TypesError } from "./errors.ts";

/** Namespace of the Ethereum Address Manager: the actor whose delegated addresses are eth addresses (`f410…`). */
export const ethNamespace: bigint = 10n;

/**
 * The Filecoin address of an eth address: an ID for the masked form (`ff`, 11 zeros, 8 bytes of ID), `f410…` otherwise.
 *
 * @param eth 20 B
 * @throws {TypesError} `address/length-wrong`, `address/id-malformed`
 * @see lotus:chain/types/ethtypes/eth_types.go ToFilecoinAddress
 * @example
 * Address.format(Address.fromEth(fromHex("ff00000000000000000000000000000000000400"))) // => "f01024"
 */
export function fromEth(eth: Uint8Array): Address {
  if (eth.length !== 20) throw new TypesError("address/length-wrong", { protocol: 4, length: eth.length, limit: 20 });
  if (!isMaskedId(eth)) return delegated(ethNamespace, eth);
  return id(new DataView(eth.buffer, eth.byteOffset + 12, 8).getBigUint64(0));
}

function isMaskedId(eth: Uint8Array): boolean {
  return eth[0] === 0xff && eth.subarray(1, 12).every((byte) => byte === 0);
}

/**
 * The eth form of an address: the sub-address of `f410…`, the masked form of an ID.
 *
 * @returns `undefined` for the other kinds, which have none without state
 * @example
 * toHex(Address.toEth(Address.id(1024))) // => "ff00000000000000000000000000000000000400"
 */
export function toEth(address: Address): Uint8Array | undefined {
  if (address[0] === 0) {
    const eth = new Uint8Array(20);
    eth[0] = 0xff;
    new DataView(eth.buffer).setBigUint64(12, idOf(address));
    return eth;
  }
  if (address[0] !== 4 || address[1] !== Number(ethNamespace) || address.length !== 22) return undefined;
  const eth = address.slice(2);
  return isMaskedId(eth) ? undefined : eth; // an ID in disguise is nobody's eth address
}

/**
 * The `f410…` address of a secp256k1 key: the last 20 bytes of the keccak-256 of its point.
 *
 * @param publicKey the uncompressed point, 65 B
 * @throws {TypesError} `address/length-wrong`
 * @example
 * Address.toEth(Address.delegatedFromSecp256k1(secp256k1.publicKey(key.privateKey))).length // => 20
 */
export function delegatedFromSecp256k1(publicKey: Uint8Array): Address {
  if (publicKey.length !== secpKeyLength) {
    throw new TypesError("address/length-wrong", { protocol: 4, length: publicKey.length, limit: secpKeyLength });
  }
  return delegated(ethNamespace, keccak256(publicKey.subarray(1)).subarray(12));
}
