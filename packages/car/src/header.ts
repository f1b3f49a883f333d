import { CborReader, CborWriter, type CidBytes } from "@copse/ipld";
import { concatBytes, encodeUvarint, isCopseError } from "@copse/primitives";
import { CarError } from "./errors.ts";
import { readLength } from "./length.ts";
import type { CarLimits } from "./options.ts";

/** A decoded header: of CARv1, or the pragma that opens a CARv2. */
export interface CarHeader {
  readonly version: bigint;
  readonly roots: readonly CidBytes[] | undefined;
}

/**
 * Reads the DAG-CBOR of a header, without its length; roots are copies.
 *
 * Shape: a map of `version` and, in CARv1, `roots`; keys in either order, as go-car takes them.
 *
 * @throws {CarError} `car/header-malformed`, `car/too-many-roots`
 * @see ipld.io/specs/transport/car/carv1
 */
export function decodeCarHeader(bytes: Uint8Array, offset: number, limits: CarLimits): CarHeader {
  try {
    const reader = new CborReader(bytes);
    let version: bigint | undefined;
    let roots: CidBytes[] | undefined;
    for (let pairs = reader.map(2); pairs > 0; pairs--) {
      const key = reader.text(16);
      if (key === "version" && version === undefined) version = reader.uint();
      else if (key === "roots" && roots === undefined) roots = readRoots(reader, offset, limits);
      else throw new CarError("car/header-malformed", { offset, why: `key ${JSON.stringify(key)}` });
    }
    reader.end();
    if (version === undefined) throw new CarError("car/header-malformed", { offset, why: "no version" });
    return { version, roots };
  } catch (error) {
    if (!isCopseError(error, "cbor/") && !isCopseError(error, "cid/")) throw error;
    throw new CarError("car/header-malformed", { offset, why: error.message }, { cause: error });
  }
}

/**
 * Reads the header of a CARv1 that has a frame of its own, length included.
 *
 * @throws {CarError} `car/header-malformed`, `car/header-too-long`, `car/too-many-roots`, `car/version-unknown`
 */
export function decodeHeaderSection(bytes: Uint8Array, limits: CarLimits): { readonly roots: readonly CidBytes[] } {
  const length = readUvarintOf(bytes);
  if (length.value > limits.headerBytes) {
    throw new CarError("car/header-too-long", { offset: 0, length: BigInt(length.value), limit: limits.headerBytes });
  }
  const end = length.end + length.value;
  if (end !== bytes.length)
    throw new CarError("car/header-malformed", { offset: 0, why: "it does not fill its frame" });
  const header = decodeCarHeader(bytes.subarray(length.end, end), 0, limits);
  if (header.version !== 1n) throw new CarError("car/version-unknown", { offset: 0, version: header.version });
  if (header.roots === undefined) throw new CarError("car/header-malformed", { offset: 0, why: "no roots" });
  return { roots: header.roots };
}

function readUvarintOf(bytes: Uint8Array): { readonly value: number; readonly end: number } {
  const length = readLength(bytes, 0, 0);
  if (length === undefined) throw new CarError("car/header-malformed", { offset: 0, why: "it is empty" });
  return length;
}

function readRoots(reader: CborReader, offset: number, limits: CarLimits): CidBytes[] {
  const count = reader.array(undefined, Number.MAX_SAFE_INTEGER);
  if (count > limits.roots) throw new CarError("car/too-many-roots", { offset, count, limit: limits.roots });
  const roots: CidBytes[] = [];
  for (let i = 0; i < count; i++) roots.push(Uint8Array.from(reader.link()));
  return roots;
}

/**
 * Writes a CARv1 header with its length: canonical DAG-CBOR, `roots` first.
 *
 * @example
 * encodeCarHeader([]).length // => 17
 */
export function encodeCarHeader(roots: readonly CidBytes[]): Uint8Array {
  const writer = new CborWriter().map(2).text("roots").array(roots.length);
  for (const root of roots) writer.link(root);
  const header = writer.text("version").uint(1).finish();
  return concatBytes(encodeUvarint(header.length), header);
}

/** What opens a CARv2: a length of 10 and the DAG-CBOR map `{version: 2}`. */
export const carV2Pragma: Uint8Array = Uint8Array.of(0x0a, 0xa1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x02);

/** Size of the fixed part after the pragma: characteristics 16 B, data offset, data size and index offset 8 B each. */
export const carV2HeaderBytes = 40;

/** Where a CARv2 keeps its CARv1. Unit: bytes from the start of the file. */
export interface CarV2Layout {
  readonly dataOffset: number;
  readonly dataSize: number;
  /** 0 where the file has no index, or {@link indexFault} says that it cannot be there. */
  readonly indexOffset: number;
  /** What is wrong with the index offset: the data can be read all the same. `car/layout-malformed`. */
  readonly indexFault: CarError | undefined;
  /** Whether the index has every section, identity CIDs included. @see go-car `IsFullyIndexed` */
  readonly isFullyIndexed: boolean;
}

/**
 * Reads the 40 bytes after the pragma. Every field is checked against the others in 64 bits before it becomes a number.
 *
 * @throws {CarError} `car/layout-malformed`
 * @see ipld.io/specs/transport/car/carv2
 */
export function decodeCarV2Layout(bytes: Uint8Array, offset: number): CarV2Layout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, carV2HeaderBytes);
  const dataOffset = view.getBigUint64(16, true);
  const dataSize = view.getBigUint64(24, true);
  const indexOffset = view.getBigUint64(32, true);
  const refuse = (field: string, value: bigint, why: string): CarError =>
    new CarError("car/layout-malformed", { offset, field, value, why });
  const least = BigInt(offset + carV2HeaderBytes);
  if (dataOffset < least) throw refuse("data offset", dataOffset, `lies before byte ${least}, where the header ends`);
  if (dataOffset > maxOffset) throw refuse("data offset", dataOffset, "is past what a file can hold");
  if (dataSize === 0n) throw refuse("data size", dataSize, "leaves no room for the CARv1 header");
  const dataEnd = dataOffset + dataSize;
  if (dataEnd > maxOffset) throw refuse("data size", dataSize, "ends past what a file can hold");
  let indexFault: CarError | undefined;
  if (indexOffset !== 0n && indexOffset < dataEnd) {
    indexFault = refuse("index offset", indexOffset, `lies before the end of the data at byte ${dataEnd}`);
  } else if (indexOffset > maxOffset) {
    indexFault = refuse("index offset", indexOffset, "is past what a file can hold");
  }
  return {
    dataOffset: Number(dataOffset),
    dataSize: Number(dataSize),
    indexOffset: indexFault === undefined ? Number(indexOffset) : 0,
    indexFault,
    isFullyIndexed: (view.getUint8(0) & fullyIndexedBit) !== 0,
  };
}

const maxOffset = BigInt(Number.MAX_SAFE_INTEGER);

/** The left-most bit of the characteristics in the specification: bit 7 of the first byte. */
const fullyIndexedBit = 0x80;

/** What a CARv2 says of its index in the header. */
export interface CarV2IndexClaim {
  /** The index follows the data at once. */
  readonly isIndexed?: boolean;
  readonly isFullyIndexed?: boolean;
}

/** Pragma and header of a CARv2 whose CARv1 of `dataSize` bytes follows at once. */
export function encodeCarV2Prologue(dataSize: number, claim: CarV2IndexClaim = {}): Uint8Array {
  const bytes = new Uint8Array(carV2PrologueBytes);
  bytes.set(carV2Pragma);
  if (claim.isFullyIndexed === true) bytes[carV2Pragma.length] = fullyIndexedBit;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(carV2Pragma.length + 16, BigInt(bytes.length), true);
  view.setBigUint64(carV2Pragma.length + 24, BigInt(dataSize), true);
  if (claim.isIndexed === true) view.setBigUint64(carV2Pragma.length + 32, BigInt(bytes.length + dataSize), true);
  return bytes;
}

/** Size of pragma and header of a CARv2. */
export const carV2PrologueBytes: number = carV2Pragma.length + carV2HeaderBytes;
