import { type CidBytes, readCid } from "@copse/ipld";
import { encodeUvarint, isCopseError } from "@copse/primitives";
import type { CarLimits } from "./options.ts";
import { faultOf } from "./proof.ts";
import type { Window } from "./window.ts";

/** A section whose data hashes to its CID. */
export interface ProvenSection {
  readonly offset: number;
  readonly cid: CidBytes;
  readonly bytes: Uint8Array;
  readonly end: number;
}

/** Bytes that are what their CID says, or why not; `undefined` where they were too many to try. */
export type Proof = Uint8Array | "mismatch" | "hash unknown" | undefined;

/** Hashed in vain at the start, and for each byte gone over: what random bytes cost is a third of it. */
const initialBudget = 64 << 20;
const budgetPerByte = 16;
const digestBytes = 32;
/** Longest length of a section that is within any limit in use, and longest CID before its digest. */
const lengthBytes = 4;
const headBytes = 8;
/** Lengths below 2 MiB: the largest block of bitswap. */
const version0LengthBytes = 3;

/**
 * Finds sections where the structure of a file is lost, by proof: a length, a CID of one of the chain's hash functions,
 * and data that hashes to it. Nothing else is taken for one.
 *
 * What it costs is bounded whatever the file: bytes hashed in vain come from a budget that grows with the bytes gone over,
 * and what is beyond it is not tried.
 */
export class Resync {
  readonly #window: Window;
  readonly #limits: Pick<CarLimits, "sectionBytes">;
  #budget = initialBudget;
  #earnedTo: number;

  constructor(window: Window, limits: Pick<CarLimits, "sectionBytes">, start: number) {
    this.#window = window;
    this.#limits = limits;
    this.#earnedTo = start;
  }

  /**
   * Whether the bytes between are what a CID says; `undefined` where they were too many to try. Those that are cost
   * nothing.
   */
  async prove(cid: CidBytes, start: number, end: number): Promise<Proof> {
    this.#earn(start);
    const length = end - start;
    return length > this.#budget ? undefined : this.proveBytes(cid, await this.#window.range(start, length));
  }

  /** As {@link prove}, of bytes that have been read. */
  proveBytes(cid: CidBytes, bytes: Uint8Array): Proof {
    if (!this.spend(bytes.length)) return undefined;
    const fault = faultOf(cid, bytes);
    if (fault !== undefined) return fault;
    this.#budget += bytes.length;
    return bytes;
  }

  /** Takes from the budget what is to be read without a proof; `false` where it does not suffice. */
  spend(bytes: number): boolean {
    if (bytes > this.#budget) return false;
    this.#budget -= bytes;
    return true;
  }

  /** The first section that starts from `from` on and before `to`. */
  async find(from: number, to: number): Promise<ProvenSection | undefined> {
    const { end } = this.#window;
    // A digest has its length before it, and a section at `to - 1` has that at most so far on.
    const last = Math.min(to + lengthBytes + headBytes, end - digestBytes);
    for (let at = from; at < last; ) {
      const base = Math.max(from, at - lengthBytes - headBytes);
      const bytes = (await this.#window.ahead(base, headBytes + lengthBytes + 1)).subarray(0, last - base);
      this.#earn(base + bytes.length);
      for (let i = bytes.indexOf(digestBytes, at - base); i >= 0; i = bytes.indexOf(digestBytes, i + 1)) {
        const found = await this.#around(bytes, i, base, to);
        if (found !== undefined) return found;
      }
      at = base + bytes.length;
    }
    return undefined;
  }

  /**
   * The block whose section began at `start` with a wrong length: its data then ends where the next section begins, and
   * hashes to the CID after the length.
   */
  async mend(start: number, next: number): Promise<ProvenSection | undefined> {
    if (next - start > this.#limits.sectionBytes + lengthBytes) return undefined;
    const head = await this.#window.range(start, Math.min(128, next - start));
    for (let i = 1; i <= lengthBytes && i < head.length; i++) {
      const cid = parsedCid(head, i);
      // The right length has to fit before the CID: else its end alone may be taken for a CID of version 0.
      if (cid === undefined || encodeUvarint(next - start - i).length !== i) continue;
      const bytes = await this.prove(cid, start + i + cid.length, next);
      if (bytes instanceof Uint8Array) return { offset: start, cid, bytes, end: next };
    }
    return undefined;
  }

  /** The section whose CID has the length of its digest at `i`. */
  async #around(bytes: Uint8Array, i: number, base: number, to: number): Promise<ProvenSection | undefined> {
    const hashAt = hashBefore(bytes, i);
    if (hashAt < 0) return undefined;
    for (const at of cidsBefore(bytes, hashAt)) {
      const headLength = i + 1 - at;
      // Two bytes open a CID of version 0, which random bytes often do: no longer data is tried for it than IPFS moves.
      const most = at === hashAt ? version0LengthBytes : lengthBytes;
      let value = 0;
      for (let size = 1; size <= most && size <= at; size++) {
        const byte = bytes[at - size] as number;
        // The last byte of a length says that it is; those before that they are not.
        if (size === 1 ? byte >= 0x80 : byte < 0x80) break;
        value = value * 128 + (byte & 0x7f);
        const offset = base + at - size;
        if (size > 1 && bytes[at - 1] === 0) break; // not the shortest form
        if (offset >= to) continue;
        const end = base + at + value;
        if (value < headLength + digestBytes || value > this.#limits.sectionBytes || end > this.#window.end) continue;
        const cid = parsedCid(await this.#window.range(base + at, headLength + digestBytes), 0);
        if (cid?.length !== headLength + digestBytes) break; // a codec that is not in its shortest form
        const data = await this.prove(cid, base + at + cid.length, end);
        if (data instanceof Uint8Array) return { offset, cid, bytes: data, end };
      }
    }
    return undefined;
  }

  #earn(to: number): void {
    if (to <= this.#earnedTo) return;
    this.#budget += budgetPerByte * (to - this.#earnedTo);
    this.#earnedTo = to;
  }
}

/** Where the code of a hash function with digests of 32 bytes lies before their length; -1 where there is none. */
function hashBefore(bytes: Uint8Array, i: number): number {
  const code = bytes[i - 1];
  if (code === 0x12 || code === 0x1b) return i - 1;
  return code === 0x02 && bytes[i - 2] === 0xe4 && bytes[i - 3] === 0xa0 ? i - 3 : -1;
}

/** Where a CID may begin whose hash function is at `hashAt`. */
function* cidsBefore(bytes: Uint8Array, hashAt: number): Generator<number> {
  if (bytes[hashAt] === 0x12) yield hashAt; // version 0
  if ((bytes[hashAt - 1] as number) >= 0x80) return;
  for (let at = hashAt - 2; at >= 0 && at >= hashAt - 4; at--) {
    if (bytes[at] === 1) yield at;
    if ((bytes[at] as number) < 0x80) return; // a codec goes on only where its bytes say so
  }
}

function parsedCid(bytes: Uint8Array, at: number): CidBytes | undefined {
  try {
    const { end, hash } = readCid(bytes, at);
    return hash === 0 ? undefined : bytes.subarray(at, end);
  } catch (error) {
    if (!isCopseError(error, "cid/")) throw error;
    return undefined;
  }
}
