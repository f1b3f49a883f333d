import { makeBlake2b } from "./blake2b-kernel.ts";
import { feed, type HashKernel, KernelFeed } from "./feed.ts";
import { makeSha256 } from "./sha256-kernel.ts";
import { instanceOf } from "./web-assembly.ts";

/** The hashes there are kernels for. */
export interface KernelHashes {
  readonly blake2b: (bytes: Uint8Array, size: number) => Uint8Array;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

let blake2bKernel: HashKernel | undefined;
let sha256Kernel: HashKernel | undefined;

const hashes: KernelHashes = {
  blake2b(bytes, size) {
    blake2bKernel ??= makeBlake2b();
    feed(blake2bKernel, bytes, size);
    return blake2bKernel.memory.slice(0, size);
  },
  sha256(bytes) {
    sha256Kernel ??= makeSha256();
    feed(sha256Kernel, bytes, 32);
    const { memory, digestAt } = sha256Kernel;
    return memory.slice(digestAt, digestAt + 32);
  },
};

let isAllowed: boolean | undefined;

/**
 * Hashes by the Wasm kernels of this package, which need nothing installed; `undefined` where no Wasm may be compiled, as
 * under some pages' policies. Each kernel is made at its first use, in a few milliseconds.
 */
export function kernelHashes(): KernelHashes | undefined {
  if (isAllowed === undefined) {
    try {
      instanceOf(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)); // the empty module
      isAllowed = true;
    } catch {
      isAllowed = false;
    }
  }
  return isAllowed ? hashes : undefined;
}

/**
 * Whether a message has the blake2b-256 digest that lies in `holder` at `at`, of which 32 bytes are there: compared in the
 * kernel's memory, so that nothing is allocated. Only where {@link kernelHashes} gives hashes.
 */
export function kernelMatchesBlake2b256(bytes: Uint8Array, holder: Uint8Array, at: number): boolean {
  blake2bKernel ??= makeBlake2b();
  feed(blake2bKernel, bytes, 32);
  const { memory } = blake2bKernel;
  // Eight bytes a step and no early end: a third of the time of a loop that stops at the first difference.
  let differences = 0;
  for (let i = 0; i < 32; i += 8) {
    const p = at + i;
    differences |=
      ((holder[p] as number) ^ (memory[i] as number)) |
      ((holder[p + 1] as number) ^ (memory[i + 1] as number)) |
      ((holder[p + 2] as number) ^ (memory[i + 2] as number)) |
      ((holder[p + 3] as number) ^ (memory[i + 3] as number)) |
      ((holder[p + 4] as number) ^ (memory[i + 4] as number)) |
      ((holder[p + 5] as number) ^ (memory[i + 5] as number)) |
      ((holder[p + 6] as number) ^ (memory[i + 6] as number)) |
      ((holder[p + 7] as number) ^ (memory[i + 7] as number));
  }
  return differences === 0;
}

/** Starts a message for a kernel; `undefined` where no Wasm may be compiled. */
export function startKernel(hash: keyof KernelHashes, size: number): KernelFeed | undefined {
  if (kernelHashes() === undefined) return undefined;
  if (hash === "blake2b") blake2bKernel ??= makeBlake2b();
  else sha256Kernel ??= makeSha256();
  return new KernelFeed((hash === "blake2b" ? blake2bKernel : sha256Kernel) as HashKernel, size);
}
