import { type AsyncStore, asyncReadOnlyStoreOf, type BlockEntry, readOnlyStoreOf, type Store } from "@copse/blockstore";
import { type CidBytes, fromCid } from "@copse/ipld";
import { CidSet, type SeenSet } from "@copse/ipld/walk";
import type { AbortOptions } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { decompressZstd, loadFrameDecoder } from "#zstd";
import { isSync, type RandomAccess, type Reading, readAtOnce, readLater, type SyncAccess } from "./access.ts";
import { CarError } from "./errors.ts";
import { readForestFooter } from "./forest/footer.ts";
import { FrameCache, readFrame } from "./forest/frames.ts";
import { findFrames, openForestIndex } from "./forest/index-reader.ts";
import { forestSource } from "./forest/source.ts";
import { decodeHeaderSection } from "./header.ts";
import { IndexTable } from "./index-table.ts";
import type { CarKind } from "./kind.ts";
import { type CarLayout, readLayout } from "./layout.ts";
import { type CarLimits, defaultCarLimits } from "./options.ts";
import { type Place, type Places, placesByIndex, placesByTable } from "./places.ts";
import { identityData, plainSource } from "./plain-source.ts";
import { scanSections } from "./section.ts";
import { openSortedIndex } from "./sorted-index.ts";
import type { PlacedSource } from "./source.ts";
import { isZstd } from "./zstd-frame.ts";

/** How to read blocks of a CAR in place. */
export interface CarStoreOptions extends AbortOptions {
  /** Checks each block against the hash in its CID as it is read; on unless set to `false`. */
  readonly verify?: boolean | undefined;
  readonly limits?: Partial<CarLimits> | undefined;
  /** An index in a file of its own, for a plain CAR. Its offsets count from the start of the data. */
  readonly index?: RandomAccess | undefined;
  /** Does not believe the index of a CARv2, and makes one in memory; blocks that an index hides are found again. */
  readonly rebuildIndex?: boolean | undefined;
  /** Makes the set by which a listing gives each block once; in memory unless given, about 40 B a block. */
  readonly seen?: (() => SeenSet) | undefined;
  /** Most that decompressed frames of a `.forest.car.zst` may take. Unit: bytes. */
  readonly cacheBytes?: number | undefined;
  /** Most that one frame may give; `stream` reads larger ones. Unit: bytes. */
  readonly frameBytes?: number | undefined;
}

/** What a store over a CAR file tells of it, besides its blocks. */
export interface CarStoreFacts extends AsyncDisposable {
  readonly kind: CarKind;
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** What finds the blocks. */
  readonly index: CarStoreIndex;
  /**
   * The data of a block in pieces, however large it is: for the F3 data of a snapshot. It is hashed on the way, and the
   * last piece comes only where the whole is what the CID says; what came before may be none of it. Gives `false` where
   * the block is not there.
   *
   * @throws {CarError} as reading the block
   */
  stream(cid: CID | CidBytes, options?: AbortOptions): AsyncGenerator<Uint8Array, boolean>;
  /** Closes the source. */
  close(): Promise<void>;
}

/** An index in use, and the memory it takes. */
export interface CarStoreIndex {
  readonly where: "in the file" | "in a file of its own" | "in memory";
  /** Entries, where the index knows. */
  readonly entries: number | undefined;
  /** Unit: bytes. */
  readonly memory: number;
}

/** Blocks of a CAR file, read where they lie. */
export type CarStore = AsyncStore & CarStoreFacts;
/** The same over a source that answers at once. */
export type SyncCarStore = Store & CarStoreFacts;

const defaultCacheBytes = 64 << 20;
const defaultFrameBytes = 64 << 20;

/**
 * Makes a read-only store of a CAR: blocks are read where they lie, through the index of a CARv2 or `.forest.car.zst`, or
 * one in a file of its own, none of which is loaded. A plain CAR without an index is gone over once, and its index kept in
 * memory: 16.5 B a block.
 *
 * Each block is checked against its CID. Blocks of identity CIDs are in the CID, and are answered from it. The store
 * answers at once where its source does.
 *
 * @throws {CarError} `car/not-in-place` for a file compressed as a whole; others for a file that is no CAR
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * const store = await createCarStore(bytesAccess(file));
 * store.getSync(cid) // => bytes
 */
export function createCarStore(access: SyncAccess, options?: CarStoreOptions): Promise<SyncCarStore>;
export function createCarStore(access: RandomAccess, options?: CarStoreOptions): Promise<CarStore>;
export async function createCarStore(access: RandomAccess, options: CarStoreOptions = {}): Promise<CarStore> {
  const found = await openFile(access, options);
  const isAtOnce = isSync(access) && (found.indexAccess === undefined || isSync(found.indexAccess));
  const table = tableOf(found, access, options);
  const store = isAtOnce
    ? readOnlyStoreOf({ ...table, ...syncTableOf(found, access, options) })
    : asyncReadOnlyStoreOf(table);
  const close = async (): Promise<void> => {
    await access.close?.();
    await found.indexAccess?.close?.();
  };
  const facts: CarStoreFacts = {
    kind: found.kind,
    version: found.version,
    roots: found.roots,
    index: found.index,
    async *stream(cid, streamOptions = {}) {
      const bytes = cid instanceof Uint8Array ? cid : fromCid(cid);
      const own = identityData(bytes);
      if (own !== undefined) {
        yield own;
        return true;
      }
      const places = await readLater(found.places(bytes), found.indexAccess ?? access, streamOptions);
      return yield* found.source.stream(access, bytes, places, streamOptions);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return Object.assign(store, facts);
}

interface Found {
  readonly kind: CarKind;
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  readonly source: PlacedSource;
  readonly places: Places;
  readonly index: CarStoreIndex;
  /** The file of the index, where it is one of its own. */
  readonly indexAccess: RandomAccess | undefined;
}

async function openFile(access: RandomAccess, options: CarStoreOptions): Promise<Found> {
  const limits = { ...defaultCarLimits, ...options.limits };
  const forest = await readLater(isForest(access.size), access, options);
  if (forest !== undefined) return openForest(access, forest, limits, options);
  const head = await readLater(first(), access, options);
  if (isZstd(head)) throw new CarError("car/not-in-place", { kind: "zstd-compressed CAR" });
  const layout = await readLater(readLayout(access.size, limits), access, options);
  const source = plainSource(layout, { limits, verify: options.verify !== false });
  const { version, roots } = layout;
  const index = await indexOf(access, layout, limits, options);
  return { kind: version === 1 ? "CARv1" : "CARv2", version, roots, source, ...index };
}

async function indexOf(
  access: RandomAccess,
  layout: CarLayout,
  limits: CarLimits,
  options: CarStoreOptions,
): Promise<Pick<Found, "places" | "index" | "indexAccess">> {
  const { dataOffset, dataEnd, indexOffset } = layout;
  const own = options.index;
  if (own !== undefined || (indexOffset > 0 && options.rebuildIndex !== true)) {
    const start = own === undefined ? indexOffset : 0;
    const file = own ?? access;
    const index = await readLater(openSortedIndex(start, file.size), file, options);
    return {
      places: placesByIndex(index, start, dataOffset, dataEnd),
      index: { where: own === undefined ? "in the file" : "in a file of its own", entries: index.count, memory: 0 },
      indexAccess: own,
    };
  }
  const table = new IndexTable();
  const scan = scanSections(layout.sectionsStart, dataEnd, limits, (cid, { offset, length }) => {
    table.add(cid, offset, length);
  });
  await readLater(scan, access, options);
  table.trim();
  const index = { where: "in memory", entries: table.count, memory: table.bytes } as const;
  return { places: placesByTable(table), index, indexAccess: undefined };
}

async function openForest(
  access: RandomAccess,
  indexStart: number,
  limits: CarLimits,
  options: CarStoreOptions,
): Promise<Found> {
  const frameBytes = options.frameBytes ?? defaultFrameBytes;
  const index = await readLater(openForestIndex(indexStart, access.size), access, options);
  const decoder = await loadFrameDecoder();
  const bytes = await readLater(readFrame(0, indexStart, { frameBytes }), access, options);
  const header = decodeHeaderSection(decoder.decode(bytes, limits.headerBytes + 10, 0), limits);
  const source = forestSource(indexStart, {
    limits,
    frameBytes,
    decoder,
    verify: options.verify !== false,
    cache: new FrameCache(options.cacheBytes ?? defaultCacheBytes),
    decompress: decompressZstd,
  });
  return {
    kind: "ForestCARv1.zst",
    version: 1,
    roots: header.roots,
    source,
    *places(cid): Reading<Place[]> {
      return (yield* findFrames(index, cid)).map((offset) => ({ offset }));
    },
    index: { where: "in the file", entries: undefined, memory: 0 },
    indexAccess: undefined,
  };
}

/** Where the index of a `.forest.car.zst` starts; `undefined` for another file. */
function* isForest(size: number): Reading<number | undefined> {
  const start = yield* readForestFooter(size);
  return start !== undefined && isZstd(yield* first()) ? start : undefined;
}

function* first(): Reading<Uint8Array> {
  return yield { offset: 0, length: 4 };
}

function tableOf(found: Found, access: RandomAccess, options: CarStoreOptions) {
  const { source } = found;
  const places = (cid: CidBytes, reading: AbortOptions | undefined): Promise<readonly Place[]> =>
    readLater(found.places(cid), found.indexAccess ?? access, reading ?? options);
  return {
    async getBytes(cid: CidBytes, reading?: AbortOptions): Promise<Uint8Array | undefined> {
      const own = identityData(cid);
      if (own !== undefined) return own;
      return readLater(source.fetch(cid, await places(cid, reading)), access, reading);
    },
    async hasBytes(cid: CidBytes, reading?: AbortOptions): Promise<boolean> {
      if (identityData(cid) !== undefined) return true;
      return readLater(source.holds(cid, await places(cid, reading)), access, reading);
    },
    async *entries(reading?: AbortOptions): AsyncGenerator<BlockEntry> {
      const seen = seenOf(options);
      for await (const entry of source.entries(access, reading ?? {})) if (seen.add(entry[0])) yield entry;
    },
  };
}

/** A file may hold a block twice; a store lists it once. */
function seenOf(options: CarStoreOptions): SeenSet {
  return options.seen?.() ?? new CidSet();
}

function syncTableOf(found: Found, access: SyncAccess, options: CarStoreOptions) {
  const { source } = found;
  const indexAccess = (found.indexAccess ?? access) as SyncAccess;
  return {
    getSync(cid: CidBytes): Uint8Array | undefined {
      const own = identityData(cid);
      if (own !== undefined) return own;
      return readAtOnce(source.fetch(cid, readAtOnce(found.places(cid), indexAccess)), access);
    },
    hasSync(cid: CidBytes): boolean {
      if (identityData(cid) !== undefined) return true;
      return readAtOnce(source.holds(cid, readAtOnce(found.places(cid), indexAccess)), access);
    },
    *entriesSync(): Generator<BlockEntry> {
      const seen = seenOf(options);
      for (const entry of source.entriesSync(access)) if (seen.add(entry[0])) yield entry;
    },
  };
}
