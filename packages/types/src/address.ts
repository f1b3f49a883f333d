import { blake2b32, blake2b160, keccak256 } from "@copse/crypto";
import {
  compareBytes,
  concatBytes,
  encodeUvarint,
  equalBytes,
  isCopseError,
  latin1,
  readUvarint,
  toHex,
} from "@copse/primitives";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { TypesError } from "./errors.ts";

declare const brand: unique symbol;

/**
 * An address in its chain form.
 *
 * Shape: a protocol byte, then its payload. 0 ID: an unsigned varint; 1 secp256k1 and 2 actor: 20 B; 3 BLS: the 48 B
 * public key; 4 delegated: a varint namespace and up to 54 B. Size: 2 to 64 B. One byte string per address.
 *
 * Never changed in place: the functions here may return views of what they were given once it is known to be valid.
 *
 * @see go-address:address.go, ref-fvm:shared/src/address/mod.rs
 */
export type Address = Uint8Array & { readonly [brand]: "Address" };

/** Which of the five kinds an address is of: its first byte. */
export type AddressProtocol = 0 | 1 | 2 | 3 | 4;

/** The largest actor ID, and namespace of a delegated address: 2^63 − 1, as Go has it (Rust would go on to 2^64 − 1). */
export const maxId: bigint = 2n ** 63n - 1n;

/** Bytes of a delegated address after its namespace, at most. */
export const maxSubaddressLength: number = 54;

/** Namespace of the Ethereum Address Manager: the actor whose delegated addresses are eth addresses (`f410…`). */
export const ethNamespace: bigint = 10n;

const hashLength = 20;
const blsKeyLength = 48;
const secpKeyLength = 65;
const checksumLength = 4;
const maxTextLength = 115; // go-address: 2 + 19 digits + "f" + 93 characters of base32
const maxDigits = 19; // of 2^63 - 1

/**
 * Reads an address from its chain form, exactly as strictly as Go does.
 *
 * Cost: one small copy, so that the address never changes with the bytes given.
 *
 * @throws {TypesError} `address/protocol-unknown`, `address/length-wrong`, `address/id-malformed`
 * @see go-address:address.go NewFromBytes
 * @example
 * Address.format(Address.fromBytes(Uint8Array.of(0, 0xe8, 7))) // => "f01000"
 */
export function fromBytes(bytes: Uint8Array): Address {
  return view(bytes.slice());
}

/**
 * As {@link fromBytes}, but the address is a view of `bytes`: for decoders that own them.
 *
 * @example
 * Address.format(Address.view(Uint8Array.of(0, 1))) // => "f01"
 */
export function view(bytes: Uint8Array): Address {
  const protocol = bytes[0] ?? -1;
  switch (protocol) {
    case 0:
      if (idEnd(bytes, 0) !== bytes.length) throw wrongLength(bytes, idEnd(bytes, 0) - 1);
      break;
    case 1:
    case 2:
      if (bytes.length !== 1 + hashLength) throw wrongLength(bytes, hashLength);
      break;
    case 3:
      if (bytes.length !== 1 + blsKeyLength) throw wrongLength(bytes, blsKeyLength);
      break;
    case 4:
      if (bytes.length - idEnd(bytes, 4) > maxSubaddressLength) throw wrongLength(bytes, maxSubaddressLength);
      break;
    default:
      throw bytes.length < 2 ? wrongLength(bytes, 1) : new TypesError("address/protocol-unknown", { protocol });
  }
  return bytes as Address;
}

function wrongLength(bytes: Uint8Array, limit: number): TypesError {
  return new TypesError("address/length-wrong", {
    protocol: bytes[0] ?? -1,
    length: Math.max(0, bytes.length - 1),
    limit,
  });
}

/** Offset after the varint that follows the protocol byte. Most IDs take up to three groups: no bigint for these. */
function idEnd(bytes: Uint8Array, protocol: number): number {
  for (let at = 1; at < 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    if (byte < 0x80) {
      if (byte === 0 && at > 1) break; // a shorter form exists
      return at + 1;
    }
  }
  throw new TypesError("address/id-malformed", { protocol, limit: maxId });
}

/**
 * The address of an actor ID.
 *
 * @throws {TypesError} `address/id-malformed` when it is negative or past 2^63 − 1
 * @example
 * Address.format(Address.id(1000)) // => "f01000"
 */
export function id(actorId: number | bigint): Address {
  return concatBytes(Uint8Array.of(0), varint(BigInt(actorId), 0)) as Address;
}

function varint(value: bigint, protocol: AddressProtocol): Uint8Array {
  if (value < 0n || value > maxId) throw new TypesError("address/id-malformed", { protocol, limit: maxId });
  return encodeUvarint(value);
}

/**
 * The `f1` address of a secp256k1 key: its blake2b-160.
 *
 * @param publicKey the uncompressed point, 65 B
 * @throws {TypesError} `address/length-wrong`
 * @example
 * Address.fromSecp256k1(secp256k1.publicKey(key.privateKey)) // => addressOfKey(key)
 */
export function fromSecp256k1(publicKey: Uint8Array): Address {
  if (publicKey.length !== secpKeyLength) {
    throw new TypesError("address/length-wrong", { protocol: 1, length: publicKey.length, limit: secpKeyLength });
  }
  return concatBytes(Uint8Array.of(1), blake2b160(publicKey)) as Address;
}

/**
 * The `f2` address of an actor made from any bytes: their blake2b-160.
 *
 * @example
 * Address.format(Address.actor(new TextEncoder().encode("satoshi"))) // => "f2i4llai5x72clnz643iydyplvjmni74x4vyme7ny"
 */
export function actor(data: Uint8Array): Address {
  return concatBytes(Uint8Array.of(2), blake2b160(data)) as Address;
}

/**
 * The `f3` address of a BLS key.
 *
 * @param publicKey the compressed point of G1, 48 B; not checked to be a point
 * @throws {TypesError} `address/length-wrong`
 * @example
 * Address.fromBls(new Uint8Array(48)).length // => 49
 */
export function fromBls(publicKey: Uint8Array): Address {
  return view(concatBytes(Uint8Array.of(3), publicKey));
}

/**
 * The `f4` address of a sub-address within an actor's namespace.
 *
 * @throws {TypesError} `address/id-malformed`, `address/length-wrong` past 54 B
 * @example
 * Address.format(Address.delegated(32, Uint8Array.of(255))) // => "f432f75cyepno"
 */
export function delegated(namespace: number | bigint, subaddress: Uint8Array): Address {
  return view(concatBytes(Uint8Array.of(4), varint(BigInt(namespace), 4), subaddress));
}

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

/**
 * Which kind of address it is.
 *
 * @example
 * Address.protocol(Address.parse("f01000")) // => 0
 */
export function protocol(address: Address): AddressProtocol {
  return address[0] as AddressProtocol;
}

/**
 * A view of the bytes after the protocol byte.
 *
 * @example
 * Address.payload(Address.id(7)) // => Uint8Array.of(7)
 */
export function payload(address: Address): Uint8Array {
  return address.subarray(1);
}

/**
 * The actor ID of an ID address.
 *
 * @throws {TypesError} `address/kind-wrong` for any other kind
 * @example
 * Address.idOf(Address.parse("f01000")) // => 1000n
 */
export function idOf(address: Address): bigint {
  if (address[0] !== 0) throw new TypesError("address/kind-wrong", { protocol: protocol(address), wanted: "an ID" });
  return readUvarint(address, 1).value;
}

/**
 * Namespace and sub-address of a delegated address.
 *
 * @throws {TypesError} `address/kind-wrong` for any other kind
 * @example
 * Address.delegation(Address.delegated(32, Uint8Array.of(255))) // => { namespace: 32n, subaddress: Uint8Array.of(255) }
 */
export function delegation(address: Address): { readonly namespace: bigint; readonly subaddress: Uint8Array } {
  if (address[0] !== 4)
    throw new TypesError("address/kind-wrong", { protocol: protocol(address), wanted: "delegated" });
  const { value, end } = readUvarint(address, 1);
  return { namespace: value, subaddress: address.subarray(end) };
}

/**
 * Whether two addresses are the same bytes. An actor may have several: equal actors are the state's to tell.
 *
 * @example
 * Address.equals(Address.id(7), Address.parse("t07")) // => true
 */
export function equals(a: Address, b: Address): boolean {
  return equalBytes(a, b);
}

/**
 * Orders addresses by their bytes.
 *
 * @example
 * [Address.id(9), Address.id(2)].sort(Address.compare).map((a) => Address.format(a)) // => ["f02", "f09"]
 */
export function compare(a: Address, b: Address): number {
  return compareBytes(a, b);
}

/**
 * One-to-one with the address: a key of a `Map`. Not text for people.
 *
 * @example
 * new Map([[Address.key(Address.id(7)), "seven"]]).get(Address.key(Address.parse("f07"))) // => "seven"
 */
export function key(address: Address): string {
  return latin1(address);
}

/**
 * The address as text.
 *
 * @param prefix `f` on mainnet, `t` elsewhere; presentation only
 * @example
 * Address.format(Address.id(1), "t") // => "t01"
 */
export function format(address: Address, prefix: "f" | "t" = "f"): string {
  const kind = protocol(address);
  if (kind === 0) return `${prefix}0${idOf(address)}`;
  const checksum = blake2b32(address);
  if (kind !== 4) return `${prefix}${kind}${encodeBase32(concatBytes(payload(address), checksum))}`;
  const { namespace, subaddress } = delegation(address);
  return `${prefix}4${namespace}f${encodeBase32(concatBytes(subaddress, checksum))}`;
}

/**
 * Reads an address from text with either prefix, exactly as strictly as Go does: leading zeros of a number pass, upper
 * case does not. Rust also takes a leading `+` and IDs to 2^64 − 1; neither is an address here. Go's empty text, for "no
 * address", is refused.
 *
 * @throws {TypesError} `address/text-malformed`, `address/prefix-unknown`, `address/protocol-unknown`,
 * `address/length-wrong`, `address/id-malformed`, `address/checksum-wrong`
 * @see go-address:address.go decode
 * @example
 * Address.idOf(Address.parse("t01000")) // => 1000n
 */
export function parse(text: string): Address {
  if (text.length < 3 || text.length > maxTextLength) throw malformed(text, `wanted 3 to ${maxTextLength} characters`);
  if (text[0] !== "f" && text[0] !== "t") throw new TypesError("address/prefix-unknown", { prefix: text.slice(0, 1) });
  const kind = text.charCodeAt(1) - 48;
  if (kind < 0 || kind > 4) throw new TypesError("address/protocol-unknown", { protocol: kind });
  const rest = text.slice(2);
  if (kind === 0) return id(digits(rest, text, 0));
  let namespace = new Uint8Array(0);
  let encoded = rest;
  if (kind === 4) {
    const split = rest.indexOf("f");
    if (split < 0) throw malformed(text, "a delegated address has an f after its namespace");
    namespace = varint(digits(rest.slice(0, split), text, 4), 4) as Uint8Array<ArrayBuffer>;
    encoded = rest.slice(split + 1);
  }
  const decoded = decodeBase32(encoded);
  if (decoded === undefined) throw malformed(text, "not canonical base32");
  if (decoded.length < checksumLength) throw malformed(text, "no room for the checksum");
  const bytes = concatBytes(Uint8Array.of(kind), namespace, decoded.subarray(0, -checksumLength));
  const address = view(bytes);
  const found = decoded.subarray(-checksumLength);
  const expected = blake2b32(bytes);
  if (!equalBytes(found, expected)) {
    throw new TypesError("address/checksum-wrong", { expected: toHex(expected), found: toHex(found) });
  }
  return address;
}

function digits(text: string, whole: string, protocol: AddressProtocol): bigint {
  if (!/^[0-9]+$/.test(text) || text.length > maxDigits) throw malformed(whole, "wanted a number of up to 19 digits");
  const value = BigInt(text);
  if (value > maxId) throw new TypesError("address/id-malformed", { protocol, limit: maxId });
  return value;
}

function malformed(text: string, reason: string): TypesError {
  return new TypesError("address/text-malformed", { length: text.length, reason });
}

/**
 * Whether text is an address.
 *
 * @example
 * Address.isAddress("f0x") // => false
 */
export function isAddress(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (isCopseError(error, "address/")) return false;
    throw error;
  }
}
