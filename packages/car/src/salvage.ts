import type { CidBytes } from "@copse/ipld";
import { assertNotAborted } from "@copse/primitives";
import { loadFrameDecoder } from "#zstd";
import { type RandomAccess, readLater, readRange } from "./access.ts";
import { BlockIterator } from "./block-iterator.ts";
import type { CarOutput } from "./concat.ts";
import { CarError } from "./errors.ts";
import { readForestFooter } from "./forest/footer.ts";
import type { FrameDecoder } from "./frame-codec.ts";
import type { CarReadOptions } from "./options.ts";
import { FrameReader } from "./scan.ts";
import { type CarBlock, CarScanner } from "./scanner.ts";
import { faultOf } from "./verify.ts";
import { blockEnds, isZstd } from "./zstd-frame.ts";

/** A stretch of a file that gave no blocks. */
export interface CarLoss {
  /** Of the file, compressed where it is. Unit: bytes. */
  readonly offset: number;
  readonly length: number;
  readonly why: string;
}

/** What a salvage saved and lost; grows while the blocks are taken, and is final after the last. */
export interface SalvageReport {
  /** Good blocks, and the bytes of their data. */
  blocks: number;
  bytes: number;
  /** Blocks left out: their bytes do not hash to their CID, or by a hash that is unknown here. */
  badBlocks: number;
  /** The first hundred stretches that gave nothing. */
  readonly losses: CarLoss[];
  lostBytes: number;
}

/** A damaged CAR as far as it is good. */
export interface Salvage extends CarOutput {
  readonly report: SalvageReport;
}

const lossLimit = 100;
/** Looked into of a frame that is damaged, and taken out of it. Unit: bytes. */
const partBytes = 4 << 20;
const partContentBytes = 64 << 20;

/**
 * Reads what is good of a cut or damaged CAR of any kind: blocks whose hash is right, up to the last whole section; in a
 * compressed file of several frames (`.forest.car.zst`) those of every frame that is whole, wherever others are damaged.
 * The header has to be whole. Roots may be among what is lost.
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
  const report: SalvageReport = { blocks: 0, bytes: 0, badBlocks: 0, losses: [], lostBytes: 0 };
  const lenient = { ...options, verify: false, requireRoots: false, codecs: "any" } as const;
  const scanner = new CarScanner(lenient);
  const isPacked = isZstd(await readRange(access, 0, 4, options));
  const raw = isPacked
    ? packed(scanner, access, await endOf(access, options), report, options)
    : plain(scanner, access, report, options);
  // The first batch is empty: it says that the header is there.
  await raw.next();
  const roots: readonly CidBytes[] = scanner.roots ?? [];
  const batches = goodOnly(raw, report);
  return { roots, report, batches, blocks: { [Symbol.asyncIterator]: () => new BlockIterator(batches) } };
}

/** Where data frames end: at the index, where a footer still says so. */
async function endOf(access: RandomAccess, options: Pick<CarReadOptions, "signal">): Promise<number> {
  try {
    return (await readLater(readForestFooter(access.size), access, options)) ?? access.size;
  } catch (error) {
    if (error instanceof CarError) return access.size;
    throw error;
  }
}

async function* goodOnly(
  raw: AsyncGenerator<readonly CarBlock[]>,
  report: SalvageReport,
): AsyncGenerator<readonly CarBlock[]> {
  for await (const batch of raw) {
    const good = batch.filter(({ cid, bytes }) => faultOf(cid, bytes) === undefined);
    report.badBlocks += batch.length - good.length;
    report.blocks += good.length;
    for (const { bytes } of good) report.bytes += bytes.length;
    if (good.length > 0) yield good;
  }
}

async function* plain(
  scanner: CarScanner,
  access: RandomAccess,
  report: SalvageReport,
  options: Pick<CarReadOptions, "signal">,
): AsyncGenerator<readonly CarBlock[]> {
  const push = salvager(scanner);
  let end = 0;
  for (let at = 0; at < access.size && !scanner.done; ) {
    assertNotAborted(options.signal);
    const chunk = await readRange(access, at, 1 << 20, options);
    const fault = yield* push(chunk);
    at += chunk.length;
    end = at;
    if (fault !== undefined) return lose(report, offsetOf(fault, end), access.size, fault);
  }
  const fault = yield* push(undefined);
  if (fault !== undefined) lose(report, offsetOf(fault, end), access.size, fault);
}

/** Frames one by one: a damaged one is passed over. What is not cut into frames is one frame, read as far as it goes. */
async function* packed(
  scanner: CarScanner,
  access: RandomAccess,
  end: number,
  report: SalvageReport,
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
    lose(report, offset, next, fault);
    scanner.forget();
    frames.offset = next;
  }
  const fault = yield* push(undefined);
  if (fault !== undefined) lose(report, end, end, fault);
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

function offsetOf(fault: CarError, fallback: number): number {
  return "offset" in fault.facts ? fault.facts.offset : fallback;
}

function lose(report: SalvageReport, offset: number, end: number, fault: CarError): void {
  report.lostBytes += end - offset;
  if (report.losses.length < lossLimit) {
    report.losses.push({ offset, length: end - offset, why: fault.message });
  }
}
