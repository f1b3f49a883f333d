import { type CidBytes, hashes, readCid } from "@copse/ipld";
import { encodeUvarint } from "@copse/primitives";
import { type RandomAccess, type Reading, readLater } from "./access.ts";
import { CarError } from "./errors.ts";
import { readLayout } from "./layout.ts";
import { type CarReadOptions, defaultCarLimits } from "./options.ts";
import { defaultSortBytes, RecordSorter, type SortOptions } from "./record-sorter.ts";
import { scanSections } from "./section.ts";
import { bucketLimit, type CarIndexKind, carIndexCodecs, offsetBytes } from "./sorted-index.ts";

/** Longest CID that goes into an index. @see go-car `DefaultMaxIndexCidSize` */
const cidLimit = 2048;

/** How to make an index of a CAR. */
export interface CarIndexOptions extends SortOptions {
  /** By hash function and digest unless set: go-car's default. */
  readonly kind?: CarIndexKind | undefined;
  /** Takes identity CIDs in too, whose data is in the CID; go-car leaves them out unless told. */
  readonly identity?: boolean | undefined;
}

/** Records of one hash function and digest length. */
interface Group {
  readonly hash: number;
  readonly digestBytes: number;
  readonly records: RecordSorter;
}

/**
 * Gathers CIDs with the offsets of their sections, in any order, and writes an index of them as go-car does.
 *
 * Memory: `memoryBytes` where there is a spill, else 40 B for each block hashed to 32 B, doubled while it grows.
 *
 * @see go-car v2/index
 * @example
 * const index = new CarIndexBuilder();
 * for (const { cid, offset } of decodeCar(file).blocks) index.add(cid, offset);
 * for await (const chunk of index.write()) …
 */
export class CarIndexBuilder {
  readonly kind: CarIndexKind;
  /** Entries added, identity CIDs left out not counted. */
  count = 0;
  readonly #options: CarIndexOptions;
  readonly #groups = new Map<number, Map<number, Group>>();
  #groupCount = 0;
  #last: Group | undefined;
  #held = 0;

  constructor(options: CarIndexOptions = {}) {
    this.kind = options.kind ?? "multihash";
    this.#options = options;
  }

  /** Whether {@link spill} has to be called before more is added. */
  get isFull(): boolean {
    return this.#options.spill !== undefined && this.#held >= (this.#options.memoryBytes ?? defaultSortBytes);
  }

  /** Sorts what is in memory and puts it aside. @throws {HostFault} `host/store-failed` */
  async spill(): Promise<void> {
    for (const { records } of this.#inOrder()) await records.spill();
    this.#held = 0;
  }

  /**
   * @param offset of the section from the start of the data, its length included
   * @throws {CarError} `car/cid-malformed`, `car/index-crowded`
   */
  add(cid: CidBytes, offset: number): void {
    const { hash, digest } = readCid(cid);
    if (hash === hashes.identity && this.#options.identity !== true) return;
    if (cid.length > cidLimit) {
      const why = `a CID of ${cid.length} B, limit in an index ${cidLimit} B`;
      throw new CarError("car/cid-malformed", { offset, section: this.count, why });
    }
    const group = this.#group(hash, digest.length);
    const { records } = group;
    const at = records.add();
    const { bytes } = records;
    bytes.set(digest, at);
    // Big-endian: the sort goes by bytes, and puts blocks of one digest in the order of the file.
    const end = at + records.width;
    for (let i = 1, rest = offset; i <= offsetBytes; i++, rest = Math.floor(rest / 256)) bytes[end - i] = rest % 256;
    this.count++;
    this.#held += records.width;
  }

  #group(hash: number, digestBytes: number): Group {
    // An index by digest alone has one group a length, whatever the hash function.
    const code = this.kind === "sorted" ? 0 : hash;
    if (this.#last?.hash === code && this.#last.digestBytes === digestBytes) return this.#last;
    let widths = this.#groups.get(code);
    if (widths === undefined) {
      widths = new Map();
      this.#groups.set(code, widths);
    }
    let group = widths.get(digestBytes);
    if (group === undefined) {
      if (this.#groupCount++ === bucketLimit) {
        throw new CarError("car/index-crowded", { blocks: this.count, limit: bucketLimit });
      }
      const sort = { ...this.#options, memoryBytes: Number.POSITIVE_INFINITY };
      group = { hash: code, digestBytes, records: new RecordSorter(digestBytes + offsetBytes, sort) };
      widths.set(digestBytes, group);
    }
    this.#last = group;
    return group;
  }

  *#inOrder(): Generator<Group> {
    for (const hash of [...this.#groups.keys()].sort((a, b) => a - b)) yield* this.#widths(hash);
  }

  #widths(hash: number): Group[] {
    return [...(this.#groups.get(hash)?.values() ?? [])].sort((a, b) => a.digestBytes - b.digestBytes);
  }

  /** The index with its codec, as it stands in a CARv2 or in a file of its own. @throws {HostFault} `host/store-failed` */
  async *write(): AsyncGenerator<Uint8Array> {
    yield encodeUvarint(carIndexCodecs[this.kind]);
    if (this.kind === "sorted") {
      yield* this.#writeWidths(0);
      return;
    }
    const codes = [...this.#groups.keys()].sort((a, b) => a - b);
    yield integers([4, codes.length]);
    for (const hash of codes) {
      yield integers([8, hash]);
      yield* this.#writeWidths(hash);
    }
  }

  async *#writeWidths(hash: number): AsyncGenerator<Uint8Array> {
    const groups = this.#widths(hash);
    yield integers([4, groups.length]);
    for (const { records } of groups) {
      yield integers([4, records.width], [8, records.count * records.width]);
      for await (const chunk of records.sorted()) {
        for (let end = records.width; end <= chunk.length; end += records.width) {
          chunk.subarray(end - offsetBytes, end).reverse();
        }
        yield chunk;
      }
    }
  }
}

/** Little-endian integers of 4 or 8 bytes. */
function integers(...fields: readonly (readonly [size: 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

/**
 * Makes an index of a CAR that lies in a source, without reading what does not need to be: blocks longer than 1 MiB are
 * jumped over, and nothing is hashed. The index is that of the data: it fits beside the file, or in the CARv2.
 *
 * @throws {CarError} for a file that is no CAR; `car/index-crowded`
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * const index = await indexCar(access);
 * for await (const chunk of index.write()) …
 */
export async function indexCar(
  access: RandomAccess,
  options: CarIndexOptions & Pick<CarReadOptions, "limits" | "signal"> = {},
): Promise<CarIndexBuilder> {
  const limits = { ...defaultCarLimits, ...options.limits };
  const layout = await readLater(readLayout(access.size, limits), access, options);
  const index = new CarIndexBuilder(options);
  const scan = scanSections(layout.sectionsStart, layout.dataEnd, limits, (cid, { offset }) => {
    index.add(cid, offset - layout.dataOffset);
  });
  await readSpilling(scan, access, index, options);
  return index;
}

/** Runs a scan, and lets the index put aside what it holds between two reads. */
async function readSpilling<T>(
  steps: Reading<T>,
  access: RandomAccess,
  index: CarIndexBuilder,
  options: Pick<CarReadOptions, "signal">,
): Promise<T> {
  const spilling: RandomAccess = {
    size: access.size,
    async read(offset, length) {
      if (index.isFull) await index.spill();
      return access.read(offset, length, options);
    },
  };
  return readLater(steps, spilling, options);
}
