import type { AbortOptions } from "@copse/primitives";
import type { AsyncBlockWriter, BlockPair, SyncBlockWriter } from "../block-writer.ts";
import { type CidBytes, codecs, hashes, inlineBlock, makeCid, readCid, toCid, verifyBlock } from "../cid.ts";
import { type Codec, decode, encode } from "../codec.ts";
import type { AsyncBlockReader, Fetching, SyncBlockReader } from "../fetching.ts";
import { IpldStoreError } from "./errors.ts";

/** How values stand in blocks. */
export interface IpldStoreOptions {
  /** Bytes of a block, read or written. Default: 2 MiB, more than which no peer takes. */
  readonly maxBlockBytes?: number | undefined;
  /** Hashes every block that is read. Default: false; stores check what comes in. */
  readonly verify?: boolean | undefined;
  /** Hash function of new blocks. Default: blake2b-256. */
  readonly hash?: number | undefined;
}

/** Most bytes of a block of a typed store where nothing else is said. */
export const maxValueBytes: number = 2 << 20;

const cbor = 0x51;

/** Values by CID, over a store that answers at once. */
export interface SyncIpldStore {
  /** The value, or `undefined` where its block is not held. @throws {IpldStoreError} @throws {CborError} */
  get<T>(cid: CidBytes, codec: Codec<T>): T | undefined;
  /** Stores a value; gives its CID. @throws {IpldStoreError} `ipld/block-too-large` */
  put<T>(value: T, codec: Codec<T>): CidBytes;
  /** Stores values in one batch; gives their CIDs in order. */
  putMany<T>(values: Iterable<T>, codec: Codec<T>): CidBytes[];
}

/** Values by CID, over a store that answers later. */
export interface AsyncIpldStore {
  /** The value, or `undefined` where its block is not to be had. @throws {IpldStoreError} @throws {CborError} */
  get<T>(cid: CidBytes, codec: Codec<T>, options?: AbortOptions): Promise<T | undefined>;
  /** Stores a value; gives its CID. @throws {IpldStoreError} `ipld/block-too-large` */
  put<T>(value: T, codec: Codec<T>, options?: AbortOptions): Promise<CidBytes>;
  /** Stores values in one batch; gives their CIDs in order. */
  putMany<T>(values: Iterable<T>, codec: Codec<T>, options?: AbortOptions): Promise<CidBytes[]>;
}

/**
 * Values in a store that answers at once, by their codecs: the reference's `CborStore`, `IpldStore`.
 *
 * @see ref-fvm:ipld/encoding/src/cbor_store.rs, go-ipld-cbor `IpldStore`
 * @example
 * const values = syncIpldStore(store);
 * const cid = values.put(header, blockHeaderCodec);
 * values.get(cid, blockHeaderCodec) // => header
 */
export function syncIpldStore(store: SyncBlockReader & SyncBlockWriter, options: IpldStoreOptions = {}): SyncIpldStore {
  const put = <T>(values: Iterable<T>, codec: Codec<T>): CidBytes[] => {
    const blocks = Array.from(values, (value) => encodeBlock(value, codec, options));
    store.putManySync(blocks);
    return blocks.map(([cid]) => cid);
  };
  return {
    get(cid, codec) {
      assertCbor(cid);
      const block = inlineBlock(cid) ?? store.getSync(cid);
      return block && decodeBlock(cid, block, codec, options);
    },
    put: (value, codec) => put([value], codec)[0] as CidBytes,
    putMany: put,
  };
}

/**
 * The same over a store that answers later.
 *
 * @example
 * const cid = await asyncIpldStore(store).put(header, blockHeaderCodec);
 */
export function asyncIpldStore(
  store: AsyncBlockReader & AsyncBlockWriter,
  options: IpldStoreOptions = {},
): AsyncIpldStore {
  const put = async <T>(values: Iterable<T>, codec: Codec<T>, run?: AbortOptions): Promise<CidBytes[]> => {
    const blocks = Array.from(values, (value) => encodeBlock(value, codec, options));
    await store.putManyBytes(blocks, run);
    return blocks.map(([cid]) => cid);
  };
  return {
    async get(cid, codec, run) {
      assertCbor(cid);
      const block = inlineBlock(cid) ?? (await store.getBytes(cid, run));
      return block && decodeBlock(cid, block, codec, options);
    },
    put: async (value, codec, run) => (await put([value], codec, run))[0] as CidBytes,
    putMany: put,
  };
}

/**
 * The value behind a link, within an algorithm that asks for blocks.
 *
 * @throws {HostFault} `host/block-missing`
 * @throws {IpldStoreError} @throws {CborError}
 * @example
 * const root = yield* getValue(header.messages, msgMetaCodec);
 */
export function* getValue<T>(cid: CidBytes, codec: Codec<T>, options: IpldStoreOptions = {}): Fetching<T> {
  assertCbor(cid);
  return decodeBlock(cid, inlineBlock(cid) ?? (yield cid), codec, options);
}

/**
 * The block of a value.
 *
 * @throws {IpldStoreError} `ipld/block-too-large`
 * @example
 * const [cid, bytes] = encodeBlock(7, safeUintCodec);
 */
export function encodeBlock<T>(value: T, codec: Codec<T>, options: IpldStoreOptions = {}): BlockPair {
  const block = encode(codec, value);
  const { hash = hashes.blake2b256 } = options;
  const cid = makeCid(block, { codec: codecs.dagCbor, hash });
  assertSize(cid, block, options);
  return [cid, block];
}

function decodeBlock<T>(cid: CidBytes, block: Uint8Array, codec: Codec<T>, options: IpldStoreOptions): T {
  assertSize(cid, block, options);
  if (options.verify === true && !verifyBlock(cid, block)) {
    throw new IpldStoreError("ipld/block-mismatch", { cid: toCid(cid).toString() });
  }
  return decode(codec, block);
}

function assertCbor(cid: CidBytes): void {
  const { codec } = readCid(cid);
  if (codec !== codecs.dagCbor && codec !== cbor) {
    throw new IpldStoreError("ipld/not-cbor", { cid: toCid(cid).toString(), codec });
  }
}

function assertSize(cid: CidBytes, block: Uint8Array, { maxBlockBytes = maxValueBytes }: IpldStoreOptions): void {
  if (block.length <= maxBlockBytes) return;
  const facts = { cid: toCid(cid).toString(), length: block.length, limit: maxBlockBytes };
  throw new IpldStoreError("ipld/block-too-large", facts);
}
