import type { CidBytes } from "@copse/ipld";
import type { Reading } from "./access.ts";
import { CarError } from "./errors.ts";
import { carV2HeaderBytes, decodeCarHeader, decodeCarV2Layout } from "./header.ts";
import { readLength } from "./length.ts";
import type { CarLimits } from "./options.ts";

/** How a CAR that is not compressed lies in its file. Unit: bytes of the file. */
export interface CarLayout {
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** Where the CARv1 starts: offsets of an index count from here. */
  readonly dataOffset: number;
  /** Where the first section starts. */
  readonly sectionsStart: number;
  readonly dataEnd: number;
  /** Data that a CARv2 names and the file does not have, where that is let pass. */
  readonly lacking: number;
  /** Where the index of a CARv2 starts; 0 where it has none. */
  readonly indexOffset: number;
  /** Whether the CARv2 says that its index has every section, identity CIDs included. */
  readonly isFullyIndexed: boolean;
}

const headerGuess = 4096;

/**
 * Reads the header of a CAR, and where its parts lie.
 *
 * @param isDamaged takes a CARv2 that is shorter than it says, and passes over what it says of its index
 * @throws {CarError} `car/cut`, `car/header-malformed`, `car/header-too-long`, `car/too-many-roots`, `car/version-unknown`,
 * `car/layout-malformed`, `car/length-malformed`
 */
export function* readLayout(size: number, limits: CarLimits, isDamaged = false): Reading<CarLayout> {
  const first = yield* readHeader(0, size, limits);
  if (first.version === 1) {
    const { roots, end } = first;
    const none = { dataOffset: 0, indexOffset: 0, isFullyIndexed: false, lacking: 0 };
    return { version: 1, roots, sectionsStart: end, dataEnd: size, ...none };
  }
  const bytes = yield { offset: first.end, length: carV2HeaderBytes };
  if (bytes.length < carV2HeaderBytes) {
    throw cut("CARv2 header", first.end, carV2HeaderBytes, bytes.length);
  }
  const { dataOffset, dataSize, indexOffset, indexFault, isFullyIndexed } = decodeCarV2Layout(bytes, first.end);
  if (indexFault !== undefined && !isDamaged) throw indexFault;
  const dataEnd = isDamaged ? Math.min(dataOffset + dataSize, size) : dataOffset + dataSize;
  if (dataEnd > size || dataOffset >= size) throw cut("section", dataOffset, dataSize, Math.max(0, size - dataOffset));
  if (indexOffset >= size && !isDamaged) {
    const facts = {
      offset: first.end,
      field: "index offset",
      value: BigInt(indexOffset),
      why: `the file has ${size} B`,
    };
    throw new CarError("car/layout-malformed", facts);
  }
  const inner = yield* readHeader(dataOffset, dataEnd, limits);
  if (inner.version !== 1) throw new CarError("car/version-unknown", { offset: dataOffset, version: 2n });
  const { roots, end: sectionsStart } = inner;
  const lacking = dataOffset + dataSize - dataEnd;
  return { version: 2, roots, dataOffset, sectionsStart, dataEnd, lacking, indexOffset, isFullyIndexed };
}

/** The header at `offset`: of CARv1, or the pragma of CARv2. */
function* readHeader(
  offset: number,
  dataEnd: number,
  limits: CarLimits,
): Reading<{ version: 1 | 2; roots: readonly CidBytes[]; end: number }> {
  let bytes = yield { offset, length: Math.min(headerGuess, dataEnd - offset) };
  const length = readLength(bytes, 0, offset);
  if (length === undefined) throw cut("header", offset, bytes.length + 1, bytes.length);
  if (length.value > limits.headerBytes) {
    const facts = { offset, length: BigInt(length.value), limit: limits.headerBytes };
    throw new CarError("car/header-too-long", facts);
  }
  const end = length.end + length.value;
  if (offset + end > dataEnd) throw cut("header", offset, end, dataEnd - offset);
  if (bytes.length < end) bytes = yield { offset, length: end };
  const header = decodeCarHeader(bytes.subarray(length.end, end), offset, limits);
  if (header.version === 2n && header.roots === undefined && offset === 0) return { version: 2, roots: [], end };
  if (header.version !== 1n) throw new CarError("car/version-unknown", { offset, version: header.version });
  if (header.roots === undefined) throw new CarError("car/header-malformed", { offset, why: "no roots" });
  return { version: 1, roots: header.roots, end: offset + end };
}

function cut(part: "header" | "CARv2 header" | "section", offset: number, needed: number, held: number): CarError {
  return new CarError("car/cut", { part, offset, needed, held });
}
