/**
 * Readers of compressed points, faster than an engine's own: they look at curve and subgroup, and give affine coordinates.
 *
 * Shape: x ‖ y, big-endian, 96 B in G1; x1 ‖ x0 ‖ y1 ‖ y0, 192 B in G2. The bytes are canonical and not infinity.
 */
export interface PointReaders {
  /** @returns `undefined` where it is not on the curve or not in the prime-order subgroup */
  readonly g1: (bytes: Uint8Array) => Uint8Array | undefined;
  /** As `g1`. */
  readonly g2: (bytes: Uint8Array) => Uint8Array | undefined;
}
