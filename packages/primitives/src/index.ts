export { type AbortOptions, abortFault, assertNotAborted } from "./abort.ts";
export { bigintToBytes, bytesToBigint, uint64BE } from "./bigint-bytes.ts";
export {
  BytesError,
  type BytesFacts,
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  fromLatin1,
  joinBytes,
  latin1,
  toHex,
  utf8,
} from "./bytes.ts";
export { CopseError, type HostFacts, HostFault, isCopseError } from "./errors.ts";
export { encodeUvarint, maxUvarint, readUvarint, VarintError, type VarintFacts } from "./varint.ts";
