import type { CidBytes } from "@copse/ipld";
import { assertNotAborted } from "@copse/primitives";
import { loadFrameDecoder } from "#zstd";
import { type RandomAccess, readLater, readRange } from "./access.ts";
import { BlockIterator } from "./block-iterator.ts";
import type { CarOutput } from "./concat.ts";
import { CarError } from "./errors.ts";
import { findForestIndex } from "./forest/footer.ts";
import type { FrameDecoder } from "./frame-codec.ts";
import { readLayout } from "./layout.ts";
import { type CarReadOptions, defaultCarLimits } from "./options.ts";
import { faultOf } from "./proof.ts";
import { salvagePlain } from "./salvage-plain.ts";
import { SalvageCount, type SalvageReport } from "./salvage-report.ts";
import { FrameReader } from "./scan.ts";
import { type CarBlock, CarScanner } from "./scanner.ts";
import { blockEnds, isZstd } from "./zstd-frame.ts";

/** A damaged CAR as far as it is good. */
export interface Salvage extends CarOutput {
  readonly report: SalvageReport;
}

/** Looked into of a frame that is damaged, and taken out of it. Unit: bytes. */
const partBytes = 4 << 20;
const partContentBytes = 64 << 20;

/**
 * Reads what is good of a cut or damaged CAR of any kind: blocks whose hash is right. In a file that is not compressed it
 * goes on after damage at the next section that is proven by its hash, and mends one whose length alone was wrong; in a
 * compressed file of several frames (`.forest.car.zst`) it has those of every frame that is whole, wherever others are
 * damaged. The header has to be whole. Roots may be among what is lost.
 *
 * Cost: for each byte of the file no more than 16 are hashed in vain, however it was made.
 *
 * @throws {CarError} for a file whose header is lost
 * @throws {HostFault} `host/store-failed`, `host/aborted`
 * @example
 * const { roots, blocks, report } = await salvageCar(access);
 * await saveCarFile("saved.car", roots, blocks);
 * console.log(report);
 */
export async function salvageCar(
  access: RandomAccess,
  options: Pick<CarReadOptions, "limits" | "signal"> = {},
): Promise<Salvage> {
  const count = new SalvageCount();
  const isPacked = isZstd(await readRange(access, 0, 4, options));
  const { roots, batches } = await (isPacked ? openPacked : openPlain)(access, count, options);
  const blocks = { [Symbol.asyncIterator]: () => new BlockIterator(batches) };
  return { roots, report: count.report, batches, blocks };
}

type SalvageOptions = Pick<CarReadOptions, "limits" | "signal">;

interface Opened {
  readonly roots: readonly CidBytes[];
  readonly batches: AsyncGenerator<readonly CarBlock[]>;
}

async function openPlain(access: RandomAccess, count: SalvageCount, options: SalvageOptions): Promise<Opened> {
  const limits = { ...defaultCarLimits, ...options.limits };
  const layout = await readLater(readLayout(access.size, limits, true), access, options);
  return { roots: layout.roots, batches: salvagePlain(access, layout, count, limits, options) };
}

async function openPacked(access: RandomAccess, count: SalvageCount, options: SalvageOptions): Promise<Opened> {
  const lenient = { ...options, verify: false, requireRoots: false, codecs: "any" } as const;
  const scanner = new CarScanner(lenient, () => {}); // an index that cannot be there is passed over as any other
  const raw = packed(scanner, access, await endOf(access, options), count, options);
  // The first batch is empty: it says that the header is there.
  await raw.next();
  return { roots: scanner.roots ?? [], batches: goodOnly(raw, count) };
}

/** Where data frames end: at the index, where a footer still says so. */
async function endOf(access: RandomAccess, options: Pick<CarReadOptions, "signal">): Promise<number> {
  try {
    return (await readLater(findForestIndex(access.size), access, options)) ?? access.size;
  } catch (error) {
    if (error instanceof CarError) return access.size;
    throw error;
  }
}

async function* goodOnly(
  raw: AsyncGenerator<readonly CarBlock[]>,
  count: SalvageCount,
): AsyncGenerator<readonly CarBlock[]> {
  for await (const batch of raw) {
    const good = batch.filter(({ cid, bytes }) => faultOf(cid, bytes) === undefined);
    count.bad(batch.length - good.length);
    for (const { bytes } of good) count.good(bytes.length);
    if (good.length > 0) yield good;
  }
}

/** Frames one by one: a damaged one is passed over. What is not cut into frames is one frame, read as far as it goes. */
async function* packed(
  scanner: CarScanner,
  access: RandomAccess,
  end: number,
  count: SalvageCount,
  options: Pick<CarReadOptions, "signal">,
): AsyncGenerator<readonly CarBlock[]> {
  const push = salvager(scanner);
  const decoder = await loadFrameDecoder();
  const frames = new FrameReader(access, end, decoder, options);
  while (frames.offset < end && !scanner.done) {
    assertNotAborted(options.signal);
    const { offset } = frames;
    let fault: CarError | undefined;
    try {
      const whole = await frames.next();
      if (whole !== undefined) {
        if (whole.length > 0) fault = yield* push(whole);
        // Frames of a `.forest.car.zst` hold whole sections. Where one does not, the next ones cannot be told apart.
      } else {
        for await (const chunk of frames.stream()) {
          fault = yield* push(chunk);
          if (fault !== undefined) break;
        }
      }
    } catch (error) {
      if (!(error instanceof CarError)) throw error;
      fault = error;
    }
    if (fault === undefined) continue;
    const next = await nextFrame(access, offset, end, options);
    if (fault.code === "car/frame-malformed") {
      const bytes = await readRange(access, offset, Math.min(next - offset, partBytes), options);
      yield* push(beginningOf(bytes, offset, decoder));
    }
    if (scanner.roots === undefined) throw fault;
    count.lost(offset, next, fault);
    scanner.forget();
    frames.offset = next;
  }
  const fault = yield* push(undefined);
  if (fault !== undefined) count.lost(end, end, fault);
}

/** What a frame that is cut or damaged gives before that: of its blocks, as many as decompress. */
function beginningOf(bytes: Uint8Array, offset: number, decoder: FrameDecoder): Uint8Array {
  const ends = blockEnds(bytes, offset);
  let good = new Uint8Array(0) as Uint8Array;
  // The blocks before the damage all decompress, those after it mostly not: the last of the first is found by halving.
  for (let low = 0, high = ends.length; low < high; ) {
    const middle = (low + high) >> 1;
    try {
      good = decoder.decode(bytes.subarray(0, ends[middle]), partContentBytes, offset, true);
      low = middle + 1;
    } catch (error) {
      if (!(error instanceof CarError)) throw error;
      high = middle;
    }
  }
  return good;
}

/** Where the next frame after `offset` may start: by its magic number, on which no compressed data can be relied to lack. */
async function nextFrame(
  access: RandomAccess,
  offset: number,
  end: number,
  options: Pick<CarReadOptions, "signal">,
): Promise<number> {
  for (let at = offset + 1; at < end; at += (1 << 20) - 3) {
    const bytes = await readRange(access, at, Math.min(1 << 20, end - at), options);
    for (let i = bytes.indexOf(0x28); i >= 0 && i + 4 <= bytes.length; i = bytes.indexOf(0x28, i + 1)) {
      if (bytes[i + 1] === 0xb5 && bytes[i + 2] === 0x2f && bytes[i + 3] === 0xfd) return at + i;
    }
  }
  return end;
}

/** Takes chunks, `undefined` for the end, and gives what they complete; a fault comes back once the blocks are out. */
function salvager(scanner: CarScanner) {
  let isOpen = false;
  return function* (chunk: Uint8Array | undefined): Generator<readonly CarBlock[], CarError | undefined> {
    const blocks: CarBlock[] = [];
    let fault: CarError | undefined;
    try {
      if (chunk === undefined) scanner.end();
      else scanner.push(chunk, blocks);
    } catch (error) {
      if (!(error instanceof CarError) || scanner.roots === undefined) throw error;
      fault = error;
    }
    if (!isOpen && scanner.roots !== undefined) {
      isOpen = true;
      yield [];
    }
    if (blocks.length > 0) yield blocks;
    return fault;
  };
}
