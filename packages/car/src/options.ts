import { codecs } from "@copse/ipld";
import type { AbortOptions } from "@copse/primitives";

/** Most that a file may claim before the reader refuses it; each is checked before anything is allocated. */
export interface CarLimits {
  /** Unit: bytes. @see go-car `DefaultMaxAllowedHeaderSize` */
  readonly headerBytes: number;
  /** CID and data of one section. Unit: bytes. @see go-car `DefaultMaxAllowedSectionSize` */
  readonly sectionBytes: number;
  readonly roots: number;
}

/** Limits where the caller sets none: those of go-car, which Lotus reads snapshots with. */
export const defaultCarLimits: CarLimits = { headerBytes: 32 << 20, sectionBytes: 8 << 20, roots: 8192 };

/** How to read a CAR. */
export interface CarReadOptions extends AbortOptions {
  /**
   * Checks each block against the hash in its CID; on unless set to `false`.
   *
   * With `requireRoots` and `codecs` at their defaults too, no single flipped bit of a CARv1 goes unnoticed.
   */
  readonly verify?: boolean | undefined;
  /** Refuses a file in which no section holds a root that its header names; on unless set to `false`. */
  readonly requireRoots?: boolean | undefined;
  /**
   * Codecs a block may have; DAG-CBOR and raw unless set. The hash does not cover the codec, so a flipped bit in it shows
   * only here. The vm permits plain CBOR (0x51) too, one bit from DAG-CBOR: whoever reads state that has such blocks adds
   * it. `"any"` takes all.
   */
  readonly codecs?: readonly number[] | "any" | undefined;
  readonly limits?: Partial<CarLimits> | undefined;
}

/** Codecs where the caller names none. */
export const defaultCarCodecs: readonly number[] = [codecs.dagCbor, codecs.raw];
