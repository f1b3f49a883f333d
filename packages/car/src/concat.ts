import type { CidBytes } from "@copse/ipld";
import { CidSet, type SeenSet } from "@copse/ipld/walk";
import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import { BlockIterator } from "./block-iterator.ts";
import type { CarEntry } from "./write.ts";

/** A CAR as a stream: what `readCar` and `openCarFile` give, and what the functions here take and give. */
export interface CarStream {
  readonly roots: readonly CidBytes[];
  /** In the order of the file, as many at a time as come together. To be gone over once. */
  readonly batches: AsyncIterable<readonly CarEntry[]>;
}

/** How blocks are told from those before. */
export interface SeenOptions extends AbortOptions {
  /** CIDs met so far; in memory unless given, about 40 B each. New ones are added. */
  readonly seen?: SeenSet | undefined;
}

/**
 * The union of several CARs in the order they are given, each block where it first comes; roots are those of all, each
 * once. What opens a version 2 snapshot stays first. Bad files throw when it is their turn.
 *
 * Memory: what `seen` takes.
 *
 * @see forest-tool `car concat`
 * @example
 * const { roots, blocks } = concatCars([first, second]);
 * await saveCarFile("both.car", roots, blocks);
 */
export function concatCars(cars: readonly CarStream[], options: SeenOptions = {}): CarOutput {
  const met = new CidSet();
  const roots = cars.flatMap((car) => car.roots.filter((root) => met.add(root)));
  async function* all(): AsyncGenerator<readonly CarEntry[]> {
    for (const car of cars) yield* car.batches;
  }
  return output(roots, firstOnly(all(), options));
}

/**
 * A CAR without the sections whose CID came before.
 *
 * @example
 * const { roots, blocks } = dedupCar(await openCarFile("twice.car"));
 */
export function dedupCar(car: CarStream, options: SeenOptions = {}): CarOutput {
  return output(car.roots, firstOnly(car.batches, options));
}

/** Which blocks {@link filterCar} keeps. */
export interface CarFilter extends AbortOptions {
  /** Roots of the new file; those of the old one unless given. */
  readonly roots?: readonly CidBytes[] | undefined;
  readonly keep: (block: CarEntry) => boolean;
}

/**
 * The blocks of a CAR that are to be kept, in their order. For what is reachable from a root, walk it first and keep what
 * the walk's set has.
 *
 * @example
 * const car = await openCarFile("all.car");
 * const { roots, blocks } = filterCar(car, { keep: ({ cid }) => readCid(cid).codec === 0x71 });
 */
export function filterCar(car: CarStream, filter: CarFilter): CarOutput {
  async function* kept(): AsyncGenerator<readonly CarEntry[]> {
    for await (const batch of car.batches) {
      assertNotAborted(filter.signal);
      const some = batch.filter(filter.keep);
      if (some.length > 0) yield some;
    }
  }
  return output(filter.roots ?? car.roots, kept());
}

/** A CAR on its way: batches for what goes on with it, blocks for what writes it. Either may be gone over, once. */
export interface CarOutput extends CarStream {
  readonly blocks: AsyncIterable<CarEntry>;
}

function output(roots: readonly CidBytes[], batches: AsyncGenerator<readonly CarEntry[]>): CarOutput {
  return { roots, batches, blocks: { [Symbol.asyncIterator]: () => new BlockIterator(batches) } };
}

async function* firstOnly(
  batches: AsyncIterable<readonly CarEntry[]>,
  { seen = new CidSet(), signal }: SeenOptions,
): AsyncGenerator<readonly CarEntry[]> {
  for await (const batch of batches) {
    assertNotAborted(signal);
    const some = batch.filter(({ cid }) => seen.add(cid));
    if (some.length > 0) yield some;
  }
}
