import type { Fetching } from "@copse/ipld";
import { Address } from "@copse/types";
import { CID } from "multiformats/cid";
import { StateError } from "../errors.ts";

/** Where a path has come to. */
export interface Place {
  /** What stands there. Of maps and arrays that are blocks of their own: the link to their root. */
  readonly value: unknown;
  /** Goes one segment further; `undefined` where there is nothing under that key. */
  readonly enter?: ((segment: string) => Fetching<Place | undefined>) | undefined;
}

/** How a segment names a key of a map. */
export type KeyOf<K> = (segment: string) => K;

/** Fields of a struct that lead on: the place of each, or how it is read when a path goes there. */
export type Doors = Readonly<Record<string, Place | (() => Fetching<Place | undefined>)>>;

/** A struct: fields by their names, some of which lead on. */
export function structPlace(value: object, doors: Doors = {}): Place {
  return {
    value,
    *enter(segment) {
      const door = Object.hasOwn(doors, segment) ? doors[segment] : undefined;
      // a field may be one that this version of the actors has not
      const isHeld = Object.hasOwn(value, segment) && (value as Record<string, unknown>)[segment] !== undefined;
      if (typeof door === "function") return yield* door();
      if (door !== undefined && (isHeld || !Object.hasOwn(value, segment))) return door;
      if (isHeld) return placeOf((value as Record<string, unknown>)[segment]);
      const names = new Set([...Object.keys(value), ...Object.keys(doors)]);
      throw new StateError("state/path-unknown", { segment, expected: `one of ${[...names].join(", ")}` });
    },
  };
}

/** What a plain value leads to: links to their blocks, lists and structs to what is in them. */
export function placeOf(value: unknown): Place {
  if (CID.asCID(value) !== null || value instanceof Uint8Array || typeof value !== "object" || value === null) {
    return { value };
  }
  return Array.isArray(value) ? listPlace(value, placeOf) : structPlace(value);
}

/** A list whose items are here; past its end there is nothing. */
export function listPlace<T>(items: readonly T[], at: (item: T) => Place): Place {
  return {
    value: items,
    // biome-ignore lint/correctness/useYield: a step that asks for no block
    *enter(segment) {
      const index = uintKey(segment);
      return index < items.length ? at(items[Number(index)] as T) : undefined;
    },
  };
}

/** A map behind a link, whose keys are segments. */
export function byKey<K>(root: CID | undefined, keyOf: KeyOf<K>, get: (key: K) => Fetching<Place | undefined>): Place {
  return { value: root, enter: (segment) => get(keyOf(segment)) };
}

/** A HAMT or AMT behind a link, which is opened when a path goes into it. */
export function mapPlace<V, K>(
  root: CID | undefined,
  open: () => Fetching<{ get(key: K): Fetching<V | undefined> } | undefined>,
  keyOf: KeyOf<K>,
  at: (value: V) => Place = placeOf,
): Place {
  return byKey(root, keyOf, function* (key) {
    const map = yield* open();
    const value = map === undefined ? undefined : yield* map.get(key);
    return value === undefined ? undefined : at(value);
  });
}

/** An integer from 0 up, of 64 bits. */
export function uintKey(segment: string): bigint {
  if (/^(0|[1-9]\d{0,19})$/.test(segment) && BigInt(segment) < 2n ** 64n) return BigInt(segment);
  throw new StateError("state/path-unknown", { segment, expected: "an integer from 0 up" });
}

/** An epoch: what a signed integer of 64 bits holds, from 0 up. */
export function epochKey(segment: string): bigint {
  const epoch = uintKey(segment);
  if (epoch < 2n ** 63n) return epoch;
  throw new StateError("state/path-unknown", { segment, expected: "an epoch" });
}

/** An integer of 64 bits, with a sign. */
export function intKey(segment: string): bigint {
  if (/^(0|-?[1-9]\d{0,18})$/.test(segment) && BigInt.asIntN(64, BigInt(segment)) === BigInt(segment)) {
    return BigInt(segment);
  }
  throw new StateError("state/path-unknown", { segment, expected: "an integer" });
}

/** A word of an EVM contract: `0x` and up to 64 digits, or a decimal number. */
export function wordKey(segment: string): bigint {
  if (/^(0x[0-9a-f]{1,64}|0|[1-9]\d{0,77})$/i.test(segment) && BigInt(segment) < 2n ** 256n) return BigInt(segment);
  throw new StateError("state/path-unknown", { segment, expected: "an integer of 256 bits" });
}

/** An address of any kind. */
export function addressKey(segment: string): Address {
  try {
    return Address.parse(segment);
  } catch (error) {
    throw new StateError("state/path-unknown", { segment, expected: "an address" }, { cause: error });
  }
}

/** An ID address. */
export function idAddressKey(segment: string): Address {
  const address = addressKey(segment);
  if (Address.protocol(address) === 0) return address;
  throw new StateError("state/path-unknown", { segment, expected: "an ID address, such as f01000" });
}

/** The ID of an ID address. */
export function idKey(segment: string): bigint {
  return Address.idOf(idAddressKey(segment));
}

/** A CID. */
export function cidOfSegment(segment: string): CID {
  try {
    return CID.parse(segment);
  } catch (error) {
    throw new StateError("state/path-unknown", { segment, expected: "a CID" }, { cause: error });
  }
}
