import { blake2b160 } from "@copse/crypto";
import { compareBytes, concatBytes, encodeUvarint, equalBytes, latin1, readUvarint } from "@copse/primitives";
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

/** Bytes of an uncompressed secp256k1 key. */
export const secpKeyLength: number = 65;

const hashLength = 20;
const blsKeyLength = 48;

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
