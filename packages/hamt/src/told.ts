/** Bits of a packed key that are its length. One that starts below 2^23 is a small integer to V8 then. */
const lengthBits = 7;

/** Where keys end that can be packed. */
export const furthestKey: number = 2 ** 23;

/**
 * What a node tells a walk, put down when one comes by for the second time, so that further ones decode nothing. Only
 * values that nobody can change are kept so: numbers, bigints, strings, booleans.
 *
 * Shape: one list, as each object more costs a walk through a large tree a miss of the processor's caches. First a
 * `DataView` of what holds the node's bytes, then 3 where keys are kept, else 2; from there on as many for each entry and
 * link, in the order of the pointers: a packed key, or `-1 - place` of a link; the value; the key, where a codec makes such
 * of keys as nobody can change.
 *
 * Cost: 16 or 24 B an entry and 40 B a node, beyond values that are no small integers.
 */
export type Told = readonly unknown[];

/** Packs where a key of at most 127 bytes starts, and its length. */
export const packedKey = (start: number, length: number): number => (start << lengthBits) | length;

/** Where a packed key starts. */
export const keyStartOf = (packed: number): number => packed >>> lengthBits;

/** Length of a packed key. */
export const keyLengthOf = (packed: number): number => packed & (2 ** lengthBits - 1);
