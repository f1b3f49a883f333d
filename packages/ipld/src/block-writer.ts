import type { AbortOptions } from "@copse/primitives";
import type { CidBytes } from "./cid.ts";
import type { SyncBlockReader } from "./fetching.ts";

/** A block and its CID, as stores take them. */
export type BlockPair = readonly [cid: CidBytes, bytes: Uint8Array];

/**
 * What the flush of a tree makes: its root, and the blocks that are new since it was loaded or last flushed, children
 * first, the root last.
 */
export interface TreeFlush {
  readonly root: CidBytes;
  readonly blocks: readonly BlockPair[];
}

/** A store that takes blocks at once. */
export interface SyncBlockWriter {
  /** Stores blocks. @throws {HostFault} */
  putManySync(entries: Iterable<BlockPair>): void;
}

/** A store that gives and takes blocks at once: what a virtual machine runs over. */
export interface SyncBlockStore extends SyncBlockReader, SyncBlockWriter {
  /** Stores a block. @throws {HostFault} */
  putSync(cid: CidBytes, bytes: Uint8Array): void;
}

/** A store that has taken blocks when the promise resolves. */
export interface AsyncBlockWriter {
  /** Stores blocks. @throws {HostFault} */
  putManyBytes(entries: Iterable<BlockPair>, options?: AbortOptions): Promise<void>;
}
