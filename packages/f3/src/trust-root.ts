import { fromCid } from "@copse/ipld";
import { equalBytes } from "@copse/primitives";
import type { F3Manifest } from "@copse/types/networks";
import type { CID } from "multiformats/cid";
import { F3Error } from "./errors.ts";
import type { F3Position, PowerTable } from "./types.ts";

/**
 * Where verification of a network starts: its first instance and power table, as its manifest says. No base is known: the
 * first certificate brings it, signed by the table.
 *
 * Trust: the network's name and the CID of its table. A manifest without a CID (networks that are started anew) takes
 * the table given, which then is what is trusted.
 *
 * To start later, make the position of what is trusted: an instance, the table of that instance (`createPowerTable`
 * checks nothing but form: compare its `cid`), the tipset finalized before it.
 *
 * @throws {F3Error} `f3/trust-root-mismatch`
 * @see go-f3:manifest/manifest.go InitialPowerTable
 * @example
 * trustRoot(f3Mainnet, createPowerTable(decodePowerEntries(bytes))).nextInstance // => 0
 */
export function trustRoot(
  manifest: Pick<F3Manifest, "networkName" | "initialInstance" | "initialPowerTable" | "committeeLookback">,
  initialTable: PowerTable,
): F3Position {
  const { initialPowerTable, committeeLookback, initialInstance: nextInstance, networkName: network } = manifest;
  const { cid } = initialTable;
  if (initialPowerTable !== undefined && !equalBytes(fromCid(cid), fromCid(initialPowerTable))) {
    const facts = { network, expected: initialPowerTable.toString(), found: cid.toString() };
    throw new F3Error("f3/trust-root-mismatch", facts);
  }
  const position = { nextInstance, powerTable: initialTable, base: undefined };
  if (committeeLookback < 1) return position;
  // the first `lookback` instances have the initial table: there are no heads before them
  const upcoming: CID[] = Array.from({ length: committeeLookback - 1 }, () => cid);
  return { ...position, upcoming };
}
