import type { Spill } from "./spill.ts";

/** Sorted records in a spill. */
export interface Run {
  readonly start: number;
  readonly count: number;
}

/** Read ahead of each run. Unit: bytes. */
const aheadBytes = 128 << 10;
const chunkBytes = 256 << 10;

/** A run as it is read. */
interface Cursor {
  bytes: Uint8Array;
  at: number;
  /** Where in the spill the bytes after `bytes` lie, and how many of the run are left there. */
  next: number;
  left: number;
}

/** Merges sorted runs, in chunks of whole records. Memory: 128 KiB a run. @throws {HostFault} `host/store-failed` */
export async function* mergeRuns(spill: Spill, runs: readonly Run[], width: number): AsyncGenerator<Uint8Array> {
  const heap: Cursor[] = [];
  for (const { start, count } of runs) {
    const cursor = { bytes: new Uint8Array(0), at: 0, next: start, left: count * width };
    if (await fill(cursor, spill, width)) heap.push(cursor);
  }
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i, width);
  const capacity = Math.max(1, Math.floor(chunkBytes / width)) * width;
  let chunk = new Uint8Array(capacity);
  let size = 0;
  while (heap.length > 0) {
    const least = heap[0] as Cursor;
    chunk.set(least.bytes.subarray(least.at, least.at + width), size);
    size += width;
    least.at += width;
    if (least.at === least.bytes.length && !(await fill(least, spill, width))) {
      const last = heap.pop() as Cursor;
      if (heap.length > 0) heap[0] = last === least ? (heap[0] as Cursor) : last;
    }
    sink(heap, 0, width);
    if (size < capacity) continue;
    yield chunk;
    chunk = new Uint8Array(capacity);
    size = 0;
  }
  if (size > 0) yield chunk.subarray(0, size);
}

async function fill(cursor: Cursor, spill: Spill, width: number): Promise<boolean> {
  const length = Math.min(cursor.left, Math.max(width, Math.floor(aheadBytes / width) * width));
  if (length === 0) return false;
  cursor.bytes = await spill.read(cursor.next, length);
  cursor.at = 0;
  cursor.next += length;
  cursor.left -= length;
  return true;
}

/** Restores the order of the heap below `index`. */
function sink(heap: Cursor[], index: number, width: number): void {
  for (let parent = index; ; ) {
    const left = 2 * parent + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const child = right < heap.length && isLess(heap[right] as Cursor, heap[left] as Cursor, width) ? right : left;
    if (!isLess(heap[child] as Cursor, heap[parent] as Cursor, width)) return;
    [heap[parent], heap[child]] = [heap[child] as Cursor, heap[parent] as Cursor];
    parent = child;
  }
}

function isLess(a: Cursor, b: Cursor, width: number): boolean {
  for (let i = 0; i < width; i++) {
    const difference = (a.bytes[a.at + i] as number) - (b.bytes[b.at + i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
