import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import type { CidBytes } from "../cid.ts";
import { type AsyncBlockReader, blockMissing, type Fetching, type SyncBlockReader } from "../fetching.ts";
import { type AheadOptions, createAhead } from "./ahead.ts";
import { DagWalk, type WalkCounts, type WalkOptions } from "./dag-walk.ts";

/** A block that a walk gives. Both byte arrays are views: copy what outlives the step. */
export interface WalkedBlock {
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
  /** Links from the root to it. */
  readonly depth: number;
}

/** Told of each block in order. Byte arrays are views. */
export type OnBlock = (cid: CidBytes, bytes: Uint8Array, depth: number) => void;

/** What every way of walking takes besides how the DAG is walked. */
export interface WalkRunOptions extends WalkOptions, AbortOptions {
  /** Told how far the walk is, after every {@link progressEvery} blocks; `walk.place` is where another may go on. */
  readonly onProgress?: ((counts: WalkCounts, walk: DagWalk) => void) | undefined;
}

/** How a walk over a store that answers later is run. */
export interface AsyncWalkOptions extends WalkRunOptions, AheadOptions {}

/** Blocks between two looks at the signal and two calls of `onProgress`. */
export const progressEvery = 1024;

/**
 * Walks a DAG as an algorithm that asks for blocks: run it by `runSync` or `runAsync`, or step by step. `onBlock` gets
 * each block in the order of {@link DagWalk}; the result tells how many there were.
 *
 * Cost: no promise and no object a block but views of its CID and bytes.
 *
 * @throws {HostFault} `host/block-missing` unless `missing` is `skip`; `host/aborted`
 * @throws {WalkError}
 * @example
 * const { blocks } = runSync(walkDag(root, (cid, bytes) => car.push([cid, bytes])), store);
 */
export function* walkDag(
  roots: CidBytes | readonly CidBytes[],
  onBlock: OnBlock,
  options: WalkRunOptions = {},
): Fetching<WalkCounts> {
  const walk = new DagWalk(roots, options);
  const told = progressOf(walk, options);
  for (let cid = walk.next(); cid !== undefined; cid = walk.next()) {
    let block: Uint8Array;
    try {
      block = walk.inline ?? (yield cid);
    } catch (error) {
      if (!isCopseError(error, "host/block-missing") || !walk.lack()) throw error;
      continue;
    }
    const { depth } = walk;
    if (walk.give(block)) onBlock(cid, block, depth);
    told();
  }
  return walk.counts;
}

/**
 * The blocks of a DAG in order, from a store that answers at once.
 *
 * @throws as {@link walkDag}
 * @example
 * for (const { cid, bytes } of walkSync(root, store)) writer.put(cid, bytes);
 */
export function* walkSync(
  roots: CidBytes | readonly CidBytes[],
  store: SyncBlockReader,
  options: WalkRunOptions = {},
): Generator<WalkedBlock, WalkCounts, undefined> {
  const walk = new DagWalk(roots, options);
  const told = progressOf(walk, options);
  for (let cid = walk.next(); cid !== undefined; cid = walk.next()) {
    const block = walk.inline ?? store.getSync(cid);
    if (block === undefined) {
      if (!walk.lack()) throw blockMissing(cid);
      continue;
    }
    const { depth } = walk;
    if (walk.give(block)) yield { cid, bytes: block, depth };
    told();
  }
  return walk.counts;
}

/**
 * The blocks of a DAG in order, from a store that answers later; several are in flight, in the order they are needed.
 *
 * Memory: beside the walk's own, `maxAhead` blocks. A block that was asked for ahead is always one that the walk
 * comes to, unless it is ended before. Leaving the loop ends what is in flight.
 *
 * @throws as {@link walkDag}
 * @example
 * for await (const { cid, bytes } of walkAsync(root, store, { concurrency: 16, signal })) await sink(cid, bytes);
 */
export async function* walkAsync(
  roots: CidBytes | readonly CidBytes[],
  store: AsyncBlockReader,
  options: AsyncWalkOptions = {},
): AsyncGenerator<WalkedBlock, WalkCounts, undefined> {
  const walk = new DagWalk(roots, options);
  const told = progressOf(walk, options);
  const ahead = createAhead(store, walk, options);
  try {
    for (let cid = walk.next(); cid !== undefined; cid = walk.next()) {
      const block = walk.inline ?? (await ahead.get(cid));
      assertNotAborted(options.signal);
      if (block === undefined) {
        if (!walk.lack()) throw blockMissing(cid);
        continue;
      }
      const { depth } = walk;
      if (walk.give(block)) yield { cid, bytes: block, depth };
      told();
    }
    return walk.counts;
  } finally {
    ahead.end();
  }
}

/** Looks at the signal, and tells of progress, once in a while. */
function progressOf(walk: DagWalk, options: WalkRunOptions): () => void {
  assertNotAborted(options.signal);
  let left = progressEvery;
  return () => {
    if (--left > 0) return;
    left = progressEvery;
    assertNotAborted(options.signal);
    options.onProgress?.(walk.counts, walk);
  };
}
