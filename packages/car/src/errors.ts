import { CopseError } from "@copse/primitives";

/** The parts a CAR file is made of, as errors name them. */
export type CarPart = "header" | "CARv2 header" | "padding" | "section";

/** Facts of each code this package throws. Offsets count bytes of the uncompressed file, from 0. */
export type CarFacts = {
  /** The file ends inside a part. `offset` is where the part starts, `needed` its least size, `held` what is there. */
  "car/cut": { part: CarPart; offset: number; needed: number; held: number };
  "car/header-malformed": { offset: number; why: string };
  "car/header-too-long": { offset: number; length: bigint; limit: number };
  "car/too-many-roots": { offset: number; count: number; limit: number };
  "car/version-unknown": { offset: number; version: bigint };
  /** A field of the CARv2 header that points outside what a file can be. */
  "car/layout-malformed": { offset: number; field: string; value: bigint; why: string };
  /** A length that is not a shortest unsigned varint of at most 64 bits. */
  "car/length-malformed": { offset: number; why: string };
  /** `section` counts from 0; here and below it is absent where a block was looked up, not come by. */
  "car/section-empty": { offset: number; section: number | undefined };
  "car/section-too-long": { offset: number; section: number | undefined; length: bigint; limit: number };
  /** A section that runs past the end that the CARv2 header, or the zstd frame, gives the data. */
  "car/section-past-data": { offset: number; section: number | undefined; length: number; dataEnd: number };
  "car/cid-malformed": { offset: number; section: number; why: string };
  "car/codec-unexpected": { offset: number; section: number; cid: string; codec: number };
  "car/hash-unsupported": { offset: number; section: number | undefined; cid: string; hash: number };
  /** The block's bytes do not hash to its CID. */
  "car/block-mismatch": { offset: number; section: number | undefined; cid: string };
  /** The header names a root that no section holds. */
  "car/root-missing": { cid: string; sections: number };
  /** The compressed stream is damaged; `read` counts the uncompressed bytes got out of it before. */
  "car/compression-damaged": { read: number; why: string };
  /** A CARv2 names its size first, which a compressed stream does not know; only a CARv1 is compressed. */
  "car/not-compressible": { version: number };
  /** Blocks of one reader can be read once. */
  "car/already-read": Record<never, never>;
  /** The writer was given more or less data than it had announced in the CARv2 header. */
  "car/size-differs": { announced: number; written: number };
  /** An index that is none, or one that claims what cannot be. `offset` counts bytes of the file it lies in. */
  "car/index-malformed": { offset: number; why: string };
  /** The index is of a kind that is not read here; `codec` is its multicodec. */
  "car/index-unknown": { offset: number; codec: number };
  /** More blocks of one hash prefix than chance gives: the file is made to be slow. */
  "car/index-crowded": { blocks: number; limit: number };
  /** The file is not written, since its name is taken and what has it was not to be replaced. */
  "car/file-exists": { path: string };
  /** A zstd frame that is none. `offset` counts bytes of the compressed file. */
  "car/frame-malformed": { offset: number; why: string };
  /** A zstd frame that gives more than the limit. */
  "car/frame-too-long": { offset: number; limit: number };
  /** A file compressed as a whole has no places in it: it is read as a stream, not in place. */
  "car/not-in-place": { kind: string };
  /** What was decompressed into a temporary file is more than the caller allows. */
  "car/spool-full": { limit: number };
};

const say: { [Code in keyof CarFacts]: (facts: CarFacts[Code]) => string } = {
  "car/cut": (f) => `the file ends inside the ${f.part} at byte ${f.offset}: ${f.held} of ${f.needed} B are there`,
  "car/header-malformed": (f) => `header at byte ${f.offset} is not a CAR header: ${f.why}`,
  "car/header-too-long": (f) => `header at byte ${f.offset}: ${f.length} B, limit ${f.limit} B`,
  "car/too-many-roots": (f) => `header at byte ${f.offset}: ${f.count} roots, limit ${f.limit}`,
  "car/version-unknown": (f) => `header at byte ${f.offset}: version ${f.version} is neither 1 nor 2`,
  "car/layout-malformed": (f) => `CARv2 header at byte ${f.offset}: ${f.field} ${f.value}: ${f.why}`,
  "car/length-malformed": (f) => `length at byte ${f.offset}: ${f.why}`,
  "car/section-empty": (f) => `${sectionOf(f)} is empty`,
  "car/section-too-long": (f) => `${sectionOf(f)}: ${f.length} B, limit ${f.limit} B`,
  "car/section-past-data": (f) => `${sectionOf(f)}: ${f.length} B, but the data ends at byte ${f.dataEnd}`,
  "car/cid-malformed": (f) => `${sectionOf(f)} does not start with a CID: ${f.why}`,
  "car/codec-unexpected": (f) =>
    `${sectionOf(f)}: ${f.cid} has codec 0x${f.codec.toString(16)}, which was not asked for`,
  "car/hash-unsupported": (f) =>
    `${sectionOf(f)}: ${f.cid} has hash function 0x${f.hash.toString(16)}, which is unknown here`,
  "car/block-mismatch": (f) => `${sectionOf(f)}: the bytes do not hash to ${f.cid}`,
  "car/root-missing": (f) => `root ${f.cid} is in none of the ${f.sections} sections`,
  "car/compression-damaged": (f) => `the compressed stream is damaged after ${f.read} B: ${f.why}`,
  "car/not-compressible": (f) => `a CARv${f.version} is not written compressed`,
  "car/already-read": () => "the blocks of this reader were read already",
  "car/size-differs": (f) => `the CARv2 header announced ${f.announced} B of data, ${f.written} B were written`,
  "car/index-malformed": (f) => `index at byte ${f.offset}: ${f.why}`,
  "car/index-unknown": (f) => `index at byte ${f.offset} has codec 0x${f.codec.toString(16)}, which is not read here`,
  "car/index-crowded": (f) => `among ${f.blocks} blocks, more than ${f.limit} of one hash prefix: the file is made so`,
  "car/file-exists": (f) => `${f.path} is there already, and is not replaced`,
  "car/frame-malformed": (f) => `zstd frame at byte ${f.offset}: ${f.why}`,
  "car/frame-too-long": (f) => `zstd frame at byte ${f.offset} gives more than ${f.limit} B`,
  "car/spool-full": (f) => `the decompressed file is larger than the ${f.limit} B that are allowed for it`,
  "car/not-in-place": (f) => `a ${f.kind} is not read in place: it is compressed as a whole`,
};

function sectionOf({ offset, section }: { offset: number; section: number | undefined }): string {
  return section === undefined ? `the section at byte ${offset}` : `section ${section} at byte ${offset}`;
}

/** Bytes that are not the CAR file they should be, or a writer used wrongly. */
export class CarError<Code extends keyof CarFacts = keyof CarFacts> extends CopseError<Code, CarFacts[Code]> {
  override readonly name = "CarError";

  constructor(code: Code, facts: CarFacts[Code], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
