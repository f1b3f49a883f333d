import { makeBlake2b } from "./blake2b-kernel.ts";
import { makeSha256 } from "./sha256-kernel.ts";
import { instanceOf } from "./web-assembly.ts";

/** The hashes there are kernels for. */
export interface KernelHashes {
  readonly blake2b: (bytes: Uint8Array, size: number) => Uint8Array;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

let hashes: KernelHashes | undefined;

/**
 * Hashes by the Wasm kernels of this package, which need nothing installed; `undefined` where no Wasm may be compiled, as
 * under some pages' policies. Each kernel is made at its first use, in a few milliseconds.
 */
export function kernelHashes(): KernelHashes | undefined {
  if (hashes !== undefined) return hashes;
  try {
    instanceOf(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)); // the empty module
  } catch {
    return undefined;
  }
  let blake2b: KernelHashes["blake2b"] | undefined;
  let sha256: KernelHashes["sha256"] | undefined;
  hashes = {
    blake2b(bytes, size) {
      blake2b ??= makeBlake2b();
      return blake2b(bytes, size);
    },
    sha256(bytes) {
      sha256 ??= makeSha256();
      return sha256(bytes);
    },
  };
  return hashes;
}
