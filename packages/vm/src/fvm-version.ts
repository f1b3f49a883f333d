import { VmError } from "./errors.ts";

/** A generation of the reference, ref-fvm's major version: each has its own syscalls, prices and rules of calls. */
export type FvmVersion = 2 | 3 | 4;

/** The oldest network version this VM executes; those before ran on a VM without WebAssembly. */
export const oldestNetworkVersion = 16;

/** The newest network version this VM executes. */
export const newestNetworkVersion = 28;

/**
 * The generation that executes a network version.
 *
 * @throws {VmError} `vm/network-version-unsupported`
 * @see filecoin-ffi:rust/src/fvm/engine.rs
 * @example
 * fvmVersion(18) // => 3
 */
export function fvmVersion(networkVersion: number): FvmVersion {
  if (!(networkVersion >= oldestNetworkVersion && networkVersion <= newestNetworkVersion)) {
    throw new VmError("vm/network-version-unsupported", {
      networkVersion,
      least: oldestNetworkVersion,
      limit: newestNetworkVersion,
    });
  }
  return networkVersion >= 21 ? 4 : networkVersion >= 18 ? 3 : 2;
}
