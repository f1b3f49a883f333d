import type { CidBytes } from "@copse/ipld";
import { assertNotAborted } from "@copse/primitives";
import { BlockIterator } from "./block-iterator.ts";
import type { ByteSource } from "./byte-source.ts";
import { CarError } from "./errors.ts";
import type { CarReadOptions } from "./options.ts";
import { type CarBlock, CarScanner } from "./scanner.ts";

/** A CAR whose header has been read. Its blocks can be read once, by `blocks` or by `batches`. */
export interface CarReader {
  /** Version of the container: a CARv2 holds a CARv1 and perhaps an index, which is passed over. */
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** Where the CARv1 starts in the uncompressed file; offsets in an index count from here. Unit: bytes. */
  readonly dataOffset: number;
  /** Blocks in file order. Leaving the loop closes the source. */
  readonly blocks: AsyncIterable<CarBlock>;
  /** The same blocks, as many at a time as a chunk completes: for bulk work, where a wait for each block costs more than it. */
  readonly batches: AsyncIterable<readonly CarBlock[]>;
}

/**
 * Reads a CARv1 or CARv2 as a stream: the header at once, blocks as they are asked for.
 *
 * The source is pulled only when the reader of the blocks pulls. Memory: one chunk and one section. By default each
 * block is checked against its hash, and the file against its roots at the end; {@link CarReadOptions}.
 *
 * @throws {CarError} here for the header, in the loop for what follows it; blocks before a fault are yielded first
 * @throws {HostFault} `host/aborted`
 * @see ipld.io/specs/transport/car
 * @example
 * const car = await readCar(source);
 * for await (const { cid, bytes } of car.blocks) store.putSync(cid, bytes);
 */
export async function readCar(source: ByteSource, options: CarReadOptions = {}): Promise<CarReader> {
  const scanner = new CarScanner(options);
  const batches = scan(scanner, chunksOf(source), options);
  // The first result is empty: it says that the header is there.
  await batches.next();
  let taken = false;
  const take = (): AsyncGenerator<readonly CarBlock[]> => {
    if (taken) throw new CarError("car/already-read", {});
    taken = true;
    return batches;
  };
  return {
    version: scanner.version,
    roots: scanner.roots ?? [],
    dataOffset: scanner.dataOffset,
    blocks: { [Symbol.asyncIterator]: () => new BlockIterator(take()) },
    batches: { [Symbol.asyncIterator]: take },
  };
}

/**
 * The blocks of a CAR where its header does not matter.
 *
 * @throws {CarError} in the loop
 * @example
 * for await (const { cid, bytes } of carBlocks(source)) store.putSync(cid, bytes);
 */
export function carBlocks(source: ByteSource, options: CarReadOptions = {}): AsyncGenerator<CarBlock> {
  return new BlockIterator(scan(new CarScanner(options), chunksOf(source), options));
}

/** A CAR that was in memory as a whole. */
export interface DecodedCar {
  readonly version: 1 | 2;
  readonly roots: readonly CidBytes[];
  /** Views of the file. */
  readonly blocks: readonly CarBlock[];
}

/**
 * Reads a CAR that is in memory, without waiting for anything.
 *
 * @throws {CarError}
 * @example
 * const { roots, blocks } = decodeCar(file);
 */
export function decodeCar(file: Uint8Array, options: CarReadOptions = {}): DecodedCar {
  const scanner = new CarScanner(options);
  const blocks: CarBlock[] = [];
  scanner.push(file, blocks);
  scanner.end();
  return { version: scanner.version, roots: scanner.roots ?? [], blocks };
}

/** An empty batch once the header is there, then batches of at least one block. */
async function* scan(
  scanner: CarScanner,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: CarReadOptions,
): AsyncGenerator<readonly CarBlock[]> {
  let started = false;
  for await (const chunk of chunks) {
    assertNotAborted(options.signal);
    const batch: CarBlock[] = [];
    const failures: unknown[] = [];
    try {
      scanner.push(chunk, batch);
    } catch (error) {
      failures.push(error); // thrown once the good blocks before it are out
    }
    if (!started && scanner.roots !== undefined) {
      started = true;
      yield [];
    }
    if (batch.length > 0) yield batch;
    if (failures.length > 0) throw failures[0];
    if (scanner.done) break;
  }
  scanner.end();
  if (!started) yield [];
}

function chunksOf(source: ByteSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return source instanceof Uint8Array ? [source] : source;
}
