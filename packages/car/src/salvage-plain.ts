import type { CidBytes } from "@copse/ipld";
import { type AbortOptions, assertNotAborted, isCopseError } from "@copse/primitives";
import type { RandomAccess } from "./access.ts";
import { cidText, parseCid } from "./check.ts";
import { CarError } from "./errors.ts";
import type { CarLayout } from "./layout.ts";
import { readLength } from "./length.ts";
import type { CarLimits } from "./options.ts";
import { type ProvenSection, Resync } from "./resync.ts";
import type { SalvageCount } from "./salvage-report.ts";
import type { CarBlock } from "./scanner.ts";
import { Window } from "./window.ts";

/** Blocks given at a time: so many, or so many bytes. */
const batchBlocks = 512;
const batchBytes = 1 << 20;
/** A section is told from at most this much; CIDs that are longer, which hold data, ask for more. Unit: bytes. */
const headBytes = 4096;

/** A section by what its beginning says. */
interface ClaimedSection {
  readonly cid: CidBytes;
  readonly dataStart: number;
  readonly end: number;
}

/**
 * The good blocks of a CAR that is not compressed. Where the structure is lost, it is taken up at the next section that is
 * proven by its hash; a block whose length alone was wrong is mended.
 *
 * Memory: a chunk and a section; what is given are views of them.
 */
export async function* salvagePlain(
  access: RandomAccess,
  layout: CarLayout,
  count: SalvageCount,
  limits: Pick<CarLimits, "sectionBytes">,
  options: AbortOptions,
): AsyncGenerator<readonly CarBlock[]> {
  const { dataEnd: end } = layout;
  const window = new Window(access, end, options);
  const resync = new Resync(window, limits, layout.sectionsStart);
  let batch: CarBlock[] = [];
  let held = 0;
  const keep = ({ cid, bytes, offset }: CarBlock): void => {
    count.good(bytes.length);
    batch.push({ cid, bytes, offset });
    held += bytes.length;
  };
  /** Where the first of the blocks began that are bad since the last good one, and how many they are. */
  let suspect: number | undefined;
  let bad = 0;
  for (let at = layout.sectionsStart, section = 0; at < end; section++) {
    assertNotAborted(options.signal);
    if (batch.length >= batchBlocks || held >= batchBytes) {
      yield batch;
      batch = [];
      held = 0;
    }
    const whole = wholeSection(window.there(at), at, section, limits, resync);
    if (whole !== undefined) {
      keep(whole);
      count.bad(bad);
      [suspect, bad, at] = [undefined, 0, whole.end];
      continue;
    }
    let fault: CarError;
    let next: ProvenSection | undefined;
    try {
      const { cid, dataStart, end: sectionEnd } = await readClaim(window, at, section, limits, resync);
      const bytes = await resync.prove(cid, dataStart, sectionEnd);
      if (bytes instanceof Uint8Array) {
        keep({ cid, bytes, offset: at });
        count.bad(bad);
        [suspect, bad, at] = [undefined, 0, sectionEnd];
        continue;
      }
      // Its data may be damaged, or its length: then a section begins in what it claims.
      next = await resync.find(at + 1, sectionEnd);
      if (next === undefined) {
        suspect ??= at;
        bad++;
        at = sectionEnd;
        continue;
      }
      fault = new CarError("car/block-mismatch", { offset: at, section, cid: cidText(cid) });
    } catch (error) {
      if (!(error instanceof CarError)) throw error;
      fault = error;
      next = await resync.find(at + 1, end);
    }
    const nextAt = next?.offset ?? end;
    let mended = suspect === undefined ? undefined : await resync.mend(suspect, nextAt);
    if (mended === undefined) {
      count.bad(bad);
      mended = await resync.mend(at, nextAt);
    }
    if (mended === undefined) count.lost(at, nextAt, fault);
    else {
      keep(mended);
      count.lost(mended.offset, nextAt - mended.bytes.length - mended.cid.length, fault);
    }
    if (next !== undefined) keep(next);
    [suspect, bad, at] = [undefined, 0, next?.end ?? end];
  }
  count.bad(bad);
  if (batch.length > 0) yield batch;
  if (layout.lacking > 0) count.lost(end, end, cut(end, layout.lacking, 0));
}

/** The section that bytes begin with, where all of it is there and it is good: nearly every one, without a wait. */
function wholeSection(
  bytes: Uint8Array,
  offset: number,
  section: number,
  limits: Pick<CarLimits, "sectionBytes">,
  resync: Resync,
): ProvenSection | undefined {
  try {
    const length = readLength(bytes, 0, offset);
    if (length === undefined || length.value === 0 || length.value > limits.sectionBytes) return undefined;
    const end = length.end + length.value;
    if (end > bytes.length) return undefined;
    const cidEnd = length.end + parseCid(bytes.subarray(length.end, end), offset, section).end;
    const cid = bytes.subarray(length.end, cidEnd);
    const proof = resync.proveBytes(cid, bytes.subarray(cidEnd, end));
    return proof instanceof Uint8Array ? { offset, cid, bytes: proof, end: offset + end } : undefined;
  } catch (error) {
    if (!(error instanceof CarError)) throw error;
    return undefined; // said by those who look closer
  }
}

/** @throws {CarError} for what is no section */
async function readClaim(
  window: Window,
  offset: number,
  section: number,
  limits: Pick<CarLimits, "sectionBytes">,
  resync: Resync,
): Promise<ClaimedSection> {
  let bytes = await window.ahead(offset, headBytes);
  const length = readLength(bytes, 0, offset);
  const left = window.end - offset;
  if (length === undefined) throw cut(offset, left + 1, left);
  const { value, end: lengthEnd } = length;
  if (value === 0) throw new CarError("car/section-empty", { offset, section });
  if (value > limits.sectionBytes) {
    const facts = { offset, section, length: BigInt(value), limit: limits.sectionBytes };
    throw new CarError("car/section-too-long", facts);
  }
  const size = lengthEnd + value;
  if (size > left) throw cut(offset, size, left);
  const dataStart = (): number => offset + lengthEnd + parseCid(bytes.subarray(lengthEnd, size), offset, section).end;
  const claim = (): ClaimedSection => {
    const start = dataStart();
    return { cid: bytes.subarray(lengthEnd, start - offset), dataStart: start, end: offset + size };
  };
  try {
    return claim();
  } catch (error) {
    // A CID that holds much data may go on past what was read.
    if (!isCopseError(error, "car/cid-malformed") || bytes.length >= size || !resync.spend(size)) throw error;
    bytes = await window.range(offset, size);
    return claim();
  }
}

function cut(offset: number, needed: number, held: number): CarError {
  return new CarError("car/cut", { part: "section", offset, needed, held });
}
