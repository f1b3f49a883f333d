export { CborReader, maxArrayLength, maxBytesLength, maxDepth } from "./cbor-reader.ts";
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
  isChainCid,
  rawCidOf,
  readCid,
  toCid,
  verifyBlock,
} from "./cid.ts";
export { bytesCodec, type Codec, decode, encode, linkCodec, links } from "./codec.ts";
export { CborError, type CborFacts, CidError, type CidFacts } from "./errors.ts";
export {
  type AsyncBlockReader,
  blockMissing,
  type Fetching,
  runAsync,
  runSync,
  type SyncBlockReader,
} from "./fetching.ts";
