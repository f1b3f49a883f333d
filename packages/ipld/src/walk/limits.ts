import { maxLinks } from "../limits.ts";

/** What a walk may come to; beyond it a coded error is thrown. */
export interface WalkLimits {
  /** Blocks given. Default: no limit. */
  readonly maxBlocks: number;
  /** Bytes of the blocks given. Default: no limit. */
  readonly maxBytes: number;
  /** Bytes of one block. Default: 8 MiB, what readers of CAR files take as a section. */
  readonly maxBlockBytes: number;
  /** Links of one block. Default: 2^20. */
  readonly maxLinks: number;
  /** Links from a root down to a block; a chain of headers has one for each epoch. Default: 2^24. */
  readonly maxDepth: number;
  /** Lists and maps within each other in one block. Lotus has no limit, Forest 128. Default: 1,024. */
  readonly maxNesting: number;
}

const usual: WalkLimits = {
  maxBlocks: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  maxBlockBytes: 8 << 20,
  maxLinks,
  maxDepth: 1 << 24,
  maxNesting: 1024,
};

/** The limits that are given, and the usual ones for the rest. */
export function walkLimits(given: Partial<WalkLimits> = {}): WalkLimits {
  return {
    maxBlocks: given.maxBlocks ?? usual.maxBlocks,
    maxBytes: given.maxBytes ?? usual.maxBytes,
    maxBlockBytes: given.maxBlockBytes ?? usual.maxBlockBytes,
    maxLinks: given.maxLinks ?? usual.maxLinks,
    maxDepth: given.maxDepth ?? usual.maxDepth,
    maxNesting: given.maxNesting ?? usual.maxNesting,
  };
}
