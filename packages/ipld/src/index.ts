export type { AsyncBlockWriter, BlockPair, SyncBlockStore, SyncBlockWriter, TreeFlush } from "./block-writer.ts";
export { CborReader } from "./cbor-reader.ts";
export type { OnLink, ScanForm } from "./cbor-scan.ts";
export { CborWriter } from "./cbor-writer.ts";
export {
  type CidBytes,
  type CidParts,
  chainCidLength,
  cidKey,
  cidOf,
  cidOfDigest,
  codecs,
  fromCid,
  hashes,
  inlineBlock,
  isChainCid,
  makeCid,
  rawCidOf,
  readCid,
  toCid,
  verifyBlock,
} from "./cid.ts";
export { bytesCodec, type Codec, decode, encode, linkCodec } from "./codec.ts";
export { CborError, type CborFacts, CidError, type CidFacts, FetchError, type FetchFacts } from "./errors.ts";
export {
  type AsyncBlockReader,
  blockMissing,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "./fetching.ts";
export { maxArrayLength, maxBytesLength, maxDepth, maxLinkBytes, maxLinks } from "./limits.ts";
export { links, type ScanOptions, scanLinks } from "./links.ts";
export {
  FetchBudget,
  type FetchLimits,
  type FetchTally,
  type Outcome,
  type Outcomes,
  runTogether,
  type TogetherOptions,
} from "./run-together.ts";
