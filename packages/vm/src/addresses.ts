import { encodeUvarint } from "@copse/primitives";
import type { Address } from "@copse/types";
import type { FvmVersion } from "./fvm-version.ts";
import { readUint64 } from "./varint64.ts";

/** Actors whose IDs the machine itself knows. */
export const actorIds = {
  system: 0n,
  init: 1n,
  reward: 2n,
  ethereumAddressManager: 10n,
  burntFunds: 99n,
} as const;

const maxSubaddress = 54;

/**
 * Reads an address as a generation of the reference does: as strict as it, no stricter. Unlike Go's, its IDs have all 64
 * bits. FVM 2 knows no delegated addresses.
 *
 * Cost: one small copy, so that the address does not change with an actor's memory.
 *
 * @returns `undefined` for bytes that are none
 * @see ref-fvm:shared/src/address/mod.rs from_bytes
 */
export function readAddress(bytes: Uint8Array, fvm: FvmVersion): Address | undefined {
  if (bytes.length < 2) return undefined;
  switch (bytes[0]) {
    case 0: {
      const id = readUint64(bytes, 1);
      return id?.end === bytes.length ? idAddress(id.value) : undefined;
    }
    case 1:
    case 2:
      return bytes.length === 21 ? (bytes.slice() as Address) : undefined;
    case 3:
      return bytes.length === 49 ? (bytes.slice() as Address) : undefined;
    case 4: {
      if (fvm === 2) return undefined;
      const namespace = readUint64(bytes, 1);
      if (namespace === undefined || bytes.length - namespace.end > maxSubaddress) return undefined;
      const digits = encodeUvarint(namespace.value); // its one form: the last group of ten may have had more bits
      const address = new Uint8Array(1 + digits.length + bytes.length - namespace.end);
      address[0] = 4;
      address.set(digits, 1);
      address.set(bytes.subarray(namespace.end), 1 + digits.length);
      return address as Address;
    }
    default:
      return undefined;
  }
}

/** The address of an actor ID of up to 64 bits. */
export function idAddress(id: bigint): Address {
  const digits = encodeUvarint(id);
  const address = new Uint8Array(1 + digits.length);
  address.set(digits, 1);
  return address as Address;
}

/** The ID of an ID address, else `undefined`. */
export function idOfAddress(address: Address): bigint | undefined {
  return address[0] === 0 ? readUint64(address, 1)?.value : undefined;
}

/** Whether an address is of a key: f1 or f3. */
export function isKeyAddress(address: Address): boolean {
  return address[0] === 1 || address[0] === 3;
}

/** Whether an address is an f4 of the Ethereum address manager: f410…. */
export function isEthereumAddress(address: Address): boolean {
  return address[0] === 4 && address[1] === Number(actorIds.ethereumAddressManager);
}

/** Whether an address is f3 of the point at infinity, which no actor may have. */
export function isZeroBlsAddress(address: Address): boolean {
  return address[0] === 3 && address[1] === 0xc0 && address.subarray(2).every((byte) => byte === 0);
}
