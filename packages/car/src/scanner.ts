import { type CidBytes, hashes, readCid } from "@copse/ipld";
import { equalBytes, fromLatin1, isCopseError, joinBytes, latin1, readUvarint, VarintError } from "@copse/primitives";
import { checkBlock, cidText } from "./check.ts";
import { CarError, type CarPart } from "./errors.ts";
import { carV2HeaderBytes, decodeCarHeader, decodeCarV2Layout } from "./header.ts";
import { type CarLimits, type CarReadOptions, defaultCarCodecs, defaultCarLimits } from "./options.ts";

/** A block as it lies in the file. */
export interface CarBlock {
  /** View of the chunk it came in. */
  readonly cid: CidBytes;
  /** View of the chunk it came in: copy what outlives the loop. */
  readonly bytes: Uint8Array;
  /** Where its section starts, length included, in the uncompressed file. Unit: bytes. */
  readonly offset: number;
}

type State = "header" | "CARv2 header" | "padding" | "inner header" | "section" | "done";

/**
 * Turns the chunks of a CAR into blocks, synchronously: the core under every reader here.
 *
 * Chunks may be cut anywhere. Whole sections of a chunk come out as views of it; a section across chunks is joined once.
 * Memory: one chunk and one section, whatever the file claims.
 *
 * @example
 * const scanner = new CarScanner();
 * const blocks: CarBlock[] = [];
 * scanner.push(file, blocks);
 * scanner.end();
 */
export class CarScanner {
  /** Version of the container; known once {@link roots} is. */
  version: 1 | 2 = 1;
  /** Roots of the (inner) CARv1 header, once it has been read. */
  roots: readonly CidBytes[] | undefined;
  /** Sections read so far. */
  sections = 0;
  /** Where the CARv1 starts in the file; an index counts from here. Known once {@link roots} is. Unit: bytes. */
  get dataOffset(): number {
    return this.#dataOffset;
  }
  /** Where the index of a CARv2 starts, as its header says; 0 where it has none. */
  indexOffset = 0;
  /** Whether a CARv2 says that its index has every section, identity CIDs included. */
  isFullyIndexed = false;

  readonly #verify: boolean;
  readonly #codecs: ReadonlySet<number> | undefined;
  readonly #limits: CarLimits;
  readonly #requireRoots: boolean;
  /** Roots not met yet: a list while they are few, which is nearly always. */
  #missing: Set<string> | CidBytes[] = [];
  #state: State = "header";
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** File offset of `#bytes[0]`. */
  #base = 0;
  /** Chunks waiting until `#needed` bytes are there from `#at` on. */
  #waiting: Uint8Array[] = [];
  #held = 0;
  #needed = 1;
  #dataOffset = 0;
  #dataEnd: number = Number.POSITIVE_INFINITY;

  readonly #onIndexFault: ((fault: CarError) => void) | undefined;

  /**
   * @param onIndexFault is told of a CARv2 index offset that cannot be, and the data is read all the same; without it that
   * is thrown
   */
  constructor(options: CarReadOptions = {}, onIndexFault?: (fault: CarError) => void) {
    this.#onIndexFault = onIndexFault;
    this.#verify = options.verify !== false;
    this.#requireRoots = options.requireRoots !== false;
    this.#codecs = options.codecs === "any" ? undefined : new Set(options.codecs ?? defaultCarCodecs);
    this.#limits = { ...defaultCarLimits, ...options.limits };
  }

  /** Whether the data of a CARv2 has been read to its end; what follows is index and not looked at. */
  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * Takes the next chunk, which must not change afterwards, and adds the blocks it completes to `out`. On an error, `out`
   * holds the good blocks before it.
   *
   * @throws {CarError} all but `car/cut` and `car/root-missing`
   */
  push(chunk: Uint8Array, out: CarBlock[]): void {
    let at = 0;
    // A part that began in chunks before is joined with no more of this one than it lacks: the rest is not copied.
    while (this.#held > 0 && at < chunk.length && !this.done) {
      const missing = Math.max(1, this.#needed - this.#held);
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      this.#waiting.push(piece);
      this.#held += piece.length;
      if (this.#held < this.#needed) {
        if (this.#state === "padding") this.#dropPadding();
        return;
      }
      this.#run(joinBytes(this.#waiting), out);
    }
    if (at < chunk.length && !this.done) this.#run(at === 0 ? chunk : chunk.subarray(at), out);
    if (this.#state === "padding") this.#dropPadding();
  }

  /** Takes apart what is whole of bytes that follow those before; keeps the rest. */
  #run(bytes: Uint8Array, out: CarBlock[]): void {
    this.#base += this.#at;
    this.#at = 0;
    this.#bytes = bytes;
    let needed = 0;
    while (needed === 0 && !this.done) needed = this.#step(out);
    const rest = bytes.subarray(this.#at);
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    this.#needed = needed;
  }

  /** Drops a section that has begun, where what follows is known to start with a whole one. */
  forget(): void {
    this.#base += this.#at + this.#held;
    this.#at = 0;
    this.#bytes = new Uint8Array(0);
    this.#waiting = [];
    this.#held = 0;
    this.#needed = 1;
  }

  /**
   * Says that the source has ended.
   *
   * @throws {CarError} `car/cut`, `car/root-missing`
   */
  end(): void {
    const atBoundary = this.#state === "section" && this.#held === 0 && this.#dataEnd === Number.POSITIVE_INFINITY;
    if (!atBoundary && this.#state !== "done") {
      const part: CarPart = this.#state === "inner header" ? "header" : (this.#state as CarPart);
      const offset = this.#base + this.#at;
      throw new CarError("car/cut", { part, offset, needed: this.#needed, held: this.#held });
    }
    const missing = [...this.#missing][0];
    if (this.#requireRoots && missing !== undefined) {
      const cid = typeof missing === "string" ? fromLatin1(missing) : missing;
      throw new CarError("car/root-missing", { cid: cidText(cid), sections: this.sections });
    }
  }

  /** Reads one part; gives how many bytes it lacks to do so, or 0 when it has. */
  #step(out: CarBlock[]): number {
    switch (this.#state) {
      case "header":
        return this.#header();
      case "CARv2 header":
        return this.#layout();
      case "padding":
        return this.#padding();
      case "inner header":
        return this.#header();
      default:
        return this.#section(out);
    }
  }

  #header(): number {
    const start = this.#at;
    const offset = this.#base + start;
    const length = this.#length();
    if (length === undefined) return this.#bytes.length - start + 1;
    if (length.value > this.#limits.headerBytes) {
      throw new CarError("car/header-too-long", {
        offset,
        length: BigInt(length.value),
        limit: this.#limits.headerBytes,
      });
    }
    const end = length.end + Number(length.value);
    if (this.#base + end > this.#dataEnd) {
      throw new CarError("car/header-malformed", { offset, why: `it runs past the data's end at ${this.#dataEnd}` });
    }
    if (this.#bytes.length < end) return end - start;
    const header = decodeCarHeader(this.#bytes.subarray(length.end, end), offset, this.#limits);
    this.#at = end;
    if (header.version === 2n && this.#state === "header" && header.roots === undefined) {
      this.version = 2;
      this.#state = "CARv2 header";
      return 0;
    }
    if (header.version !== 1n) throw new CarError("car/version-unknown", { offset, version: header.version });
    if (header.roots === undefined) throw new CarError("car/header-malformed", { offset, why: "no roots" });
    this.roots = header.roots;
    // The data of an identity CID is in the CID: no section need hold it.
    const roots = header.roots.filter((cid) => readCid(cid).hash !== hashes.identity);
    this.#missing = roots.length <= 8 ? roots : new Set(roots.map((cid) => latin1(cid)));
    this.#state = this.#base + end === this.#dataEnd ? "done" : "section";
    return 0;
  }

  #layout(): number {
    if (this.#bytes.length - this.#at < carV2HeaderBytes) return carV2HeaderBytes;
    const fields = this.#bytes.subarray(this.#at, this.#at + carV2HeaderBytes);
    const layout = decodeCarV2Layout(fields, this.#base + this.#at);
    if (layout.indexFault !== undefined) {
      if (this.#onIndexFault === undefined) throw layout.indexFault;
      this.#onIndexFault(layout.indexFault);
    }
    this.#at += carV2HeaderBytes;
    this.#dataOffset = layout.dataOffset;
    this.#dataEnd = layout.dataOffset + layout.dataSize;
    this.indexOffset = layout.indexOffset;
    this.isFullyIndexed = layout.isFullyIndexed;
    this.#state = "padding";
    return 0;
  }

  #padding(): number {
    const missing = this.#dataOffset - this.#base - this.#bytes.length;
    if (missing >= 0) {
      this.#at = this.#bytes.length;
      this.#state = missing === 0 ? "inner header" : "padding";
      return missing === 0 ? 1 : missing;
    }
    this.#at = this.#dataOffset - this.#base;
    this.#state = "inner header";
    return 0;
  }

  /** Padding is passed over as it comes, so a header that claims a far data offset costs no memory. */
  #dropPadding(): void {
    if (this.#held === 0) return;
    this.#base += this.#at + this.#held;
    this.#at = 0;
    this.#bytes = new Uint8Array(0);
    this.#needed -= this.#held;
    this.#waiting = [];
    this.#held = 0;
  }

  #section(out: CarBlock[]): number {
    const start = this.#at;
    const offset = this.#base + start;
    if (offset === this.#dataEnd) {
      this.#state = "done";
      return 0;
    }
    const length = this.#length();
    if (length === undefined) return this.#bytes.length - start + 1;
    const section = this.sections;
    const limit = this.#limits.sectionBytes;
    if (length.value > limit)
      throw new CarError("car/section-too-long", { offset, section, length: BigInt(length.value), limit });
    if (length.value === 0) throw new CarError("car/section-empty", { offset, section });
    const end = length.end + Number(length.value);
    if (this.#base + end > this.#dataEnd) {
      const facts = { offset, section, length: Number(length.value), dataEnd: this.#dataEnd };
      throw new CarError("car/section-past-data", facts);
    }
    if (this.#bytes.length < end) return end - start;
    const block = checkBlock(this.#bytes, length.end, end, offset, section, this.#verify, this.#codecs);
    if (this.#requireRoots) this.#meet(block.cid);
    this.sections++;
    this.#at = end;
    out.push(block);
    return 0;
  }

  #meet(cid: CidBytes): void {
    const missing = this.#missing;
    if (!Array.isArray(missing)) {
      if (missing.size > 0) missing.delete(latin1(cid));
      return;
    }
    for (let i = missing.length - 1; i >= 0; i--) if (equalBytes(missing[i] as CidBytes, cid)) missing.splice(i, 1);
  }

  /** The length at `#at`; `undefined` when the bytes end inside it. Past 2^28 - 1 it is a bigint, which no limit allows. */
  #length(): { value: number | bigint; end: number } | undefined {
    const bytes = this.#bytes;
    const at = this.#at;
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = bytes[at + i];
      if (byte === undefined) return undefined;
      value |= (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) break; // not the shortest form: said below
      return { value, end: at + i + 1 };
    }
    try {
      return readUvarint(bytes, at);
    } catch (error) {
      if (!isCopseError(error, "varint/")) throw error;
      if (error instanceof VarintError && error.code === "varint/cut") return undefined;
      throw new CarError("car/length-malformed", { offset: this.#base + at, why: error.message }, { cause: error });
    }
  }
}
