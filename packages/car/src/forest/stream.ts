import type { CidBytes } from "@copse/ipld";
import { concatBytes, equalBytes } from "@copse/primitives";
import { CarError } from "../errors.ts";
import { readLength } from "../length.ts";

/**
 * Goes over the sections of a decompressed frame and gives the data of one, in the pieces it comes in.
 *
 * Memory: one piece, however large the section.
 *
 * @returns whether the section was there
 * @throws {CarError} `car/frame-malformed`, `car/length-malformed`
 */
export async function* streamSection(
  content: AsyncIterable<Uint8Array>,
  cid: CidBytes,
  offset: number,
): AsyncGenerator<Uint8Array, boolean> {
  let head: Uint8Array = new Uint8Array(0);
  let left = 0;
  let isFound = false;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length || (at === 0 && chunk.length === 0); ) {
      if (chunk.length === 0) break;
      if (left > 0) {
        const step = Math.min(left, chunk.length - at);
        if (isFound) yield chunk.subarray(at, at + step);
        left -= step;
        at += step;
        if (left === 0 && isFound) return true;
        continue;
      }
      // A head is a length and as many bytes as the CID has: few enough to gather them.
      const before = head.length;
      head = concatBytes(head, chunk.subarray(at, at + 10 + cid.length - before));
      const length = readLength(head, 0, offset);
      const headEnd = length === undefined ? Number.POSITIVE_INFINITY : length.end + Math.min(cid.length, length.value);
      if (length === undefined || head.length < headEnd) {
        at = chunk.length;
        continue;
      }
      isFound = length.value >= cid.length && equalBytes(head.subarray(length.end, headEnd), cid);
      left = length.end + length.value - headEnd;
      at += headEnd - before;
      head = new Uint8Array(0);
      if (left === 0 && isFound) return true;
    }
  }
  if (left > 0 || head.length > 0) {
    throw new CarError("car/frame-malformed", { offset, why: "its content is not whole sections" });
  }
  return false;
}
