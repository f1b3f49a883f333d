import { VmError } from "../errors.ts";
import { newestNetworkVersion, oldestNetworkVersion } from "../fvm-version.ts";

/** Versions of the actors from network version 16 on; 20 and 26 brought none of their own. */
const versions: readonly number[] = [8, 9, 10, 11, 11, 12, 13, 14, 15, 16, 16, 17, 18];

/**
 * The version of the built-in actors that a network version runs.
 *
 * @throws {VmError} `vm/network-version-unsupported`
 * @see lotus:chain/actors/version.go
 * @example
 * actorsVersionOf(28) // => 18
 */
export function actorsVersionOf(networkVersion: number): number {
  const version = versions[networkVersion - oldestNetworkVersion];
  if (version !== undefined) return version;
  throw new VmError("vm/network-version-unsupported", {
    networkVersion,
    least: oldestNetworkVersion,
    limit: newestNetworkVersion,
  });
}
