import { blake2b32 } from "@copse/crypto";
import { concatBytes, equalBytes, isCopseError, toHex } from "@copse/primitives";
import {
  type Address,
  type AddressProtocol,
  delegated,
  delegation,
  id,
  idOf,
  maxId,
  payload,
  protocol,
  view,
} from "./address.ts";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { TypesError } from "./errors.ts";

const checksumLength = 4;
const maxTextLength = 115; // go-address: 2 + 19 digits + "f" + 93 characters of base32
const maxDigits = 19; // of 2^63 - 1

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
  const split = kind === 4 ? rest.indexOf("f") : -1;
  if (kind === 4 && split < 0) throw malformed(text, "a delegated address has an f after its namespace");
  const decoded = decodeBase32(rest.slice(split + 1));
  if (decoded === undefined) throw malformed(text, "not canonical base32");
  if (decoded.length < checksumLength) throw malformed(text, "no room for the checksum");
  const body = decoded.subarray(0, -checksumLength);
  const address =
    kind === 4 ? delegated(digits(rest.slice(0, split), text, 4), body) : view(concatBytes(Uint8Array.of(kind), body));
  const found = decoded.subarray(-checksumLength);
  const expected = blake2b32(address);
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
