import { KamtError } from "./errors.ts";

/**
 * The bits of a key that a link skips, because all keys below share them. Shape: `length` bits, high ones first; what
 * `path` holds past those is kept but not read. A path may hold less than its length says: the reference loads such a
 * node too, and fails when a key passes there.
 *
 * @see ref-fvm:ipld/kamt/src/ext.rs
 */
export interface Extension {
  readonly length: number;
  readonly path: Uint8Array;
}

/** The extension of a link that skips nothing. */
export const noExtension: Extension = { length: 0, path: new Uint8Array(0) };

/**
 * The next bits of a hash from bit `at`; fewer where fewer are left.
 *
 * @throws {KamtError} `kamt/too-deep` when none are left
 * @see ref-fvm:ipld/kamt/src/hash_bits.rs
 */
export function bitsOf(hash: Uint8Array, at: number, width: number): number {
  const length = hash.length * 8;
  if (at >= length) throw new KamtError("kamt/too-deep", { bits: length });
  return readBits(hash, at, Math.min(width, length - at));
}

/** Up to 8 bits. */
function readBits(bytes: Uint8Array, at: number, bits: number): number {
  const byte = at >> 3;
  const window = ((bytes[byte] as number) << 8) | (bytes[byte + 1] ?? 0);
  return (window >> (16 - (at & 7) - bits)) & ((1 << bits) - 1);
}

/** Bits of an extension from bit `at`. @throws {KamtError} `kamt/extension-cut` */
export function bitsOfExtension({ length, path }: Extension, at: number, width: number): number {
  const bits = Math.min(width, length - at);
  if (at + bits > path.length * 8) throw new KamtError("kamt/extension-cut", { length, held: path.length * 8 });
  return readBits(path, at, bits);
}

/**
 * How many bits of an extension a hash has from bit `at` on, counted in whole steps of `width`.
 *
 * @throws {KamtError} `kamt/too-deep`, `kamt/extension-cut`
 */
export function matchedBits(extension: Extension, hash: Uint8Array, at: number, width: number): number {
  const { length, path } = extension;
  if (at + length <= hash.length * 8 && length <= path.length * 8) {
    const matched = sharedBits(hash, at, path, 0, length);
    return matched - (matched % width);
  }
  let matched = 0; // a node that no tree has: step by step, so that it fails where the reference does
  while (matched < length && bitsOf(hash, at + matched, width) === bitsOfExtension(extension, matched, width)) {
    matched += width;
  }
  return matched;
}

/** How many of `length` bits are the same, from bit `atA` of one and `atB` of the other; both hold as many. */
export function sharedBits(a: Uint8Array, atA: number, b: Uint8Array, atB: number, length: number): number {
  for (let at = 0; at < length; at += 8) {
    const bits = Math.min(8, length - at);
    const differing = readBits(a, atA + at, bits) ^ readBits(b, atB + at, bits);
    if (differing !== 0) return at + Math.clz32(differing) - (32 - bits);
  }
  return length;
}

/** Bits `at` to `at + length` as an extension of their own. @throws {KamtError} `kamt/extension-cut` */
export function cutOut(bytes: Uint8Array, at: number, length: number): Extension {
  if (length === 0) return noExtension;
  if (at + length > bytes.length * 8)
    throw new KamtError("kamt/extension-cut", { length, held: bytes.length * 8 - at });
  const path = new Uint8Array((length + 7) >> 3);
  for (let i = 0; i < path.length; i++) {
    const bits = Math.min(8, length - 8 * i);
    path[i] = readBits(bytes, at + 8 * i, bits) << (8 - bits);
  }
  return { length, path };
}

/**
 * One extension for a link that leads past a node with a single child: the way to the node, the child's slot, the way on.
 *
 * @throws {KamtError} `kamt/extension-cut`
 */
export function joined(above: Extension, slot: number, width: number, below: Extension): Extension {
  const length = above.length + width + below.length;
  const path = new Uint8Array((length + 7) >> 3);
  appendBits(path, 0, above);
  const slotBits = { length: width, path: Uint8Array.of((slot << (8 - width)) & 0xff) };
  appendBits(path, above.length, slotBits);
  appendBits(path, above.length + width, below);
  return { length, path };
}

function appendBits(path: Uint8Array, to: number, extension: Extension): void {
  for (let at = 0; at < extension.length; at += 8) {
    const bits = Math.min(8, extension.length - at);
    const window = bitsOfExtension(extension, at, bits) << (16 - bits - ((to + at) & 7));
    const byte = (to + at) >> 3;
    (path[byte] as number) |= window >> 8;
    if ((window & 0xff) !== 0) (path[byte + 1] as number) |= window & 0xff;
  }
}
