import { type AbortOptions, isCopseError } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import { decodePowerEntries } from "../power-entries.ts";
import { createPowerTable } from "../power-table.ts";
import type { PowerTable } from "../types.ts";
import { askSource } from "./ask-source.ts";
import { type CertificateSource, faultKind, type SourceFault } from "./certificate-source.ts";
import { F3ExchangeError } from "./errors.ts";

/** How a power table is looked for. */
export interface FindTableOptions extends AbortOptions {
  /** Told of each peer that gives something else, or nothing. */
  readonly onFault?: (fault: SourceFault) => void;
  /** Most milliseconds of one source. Default 15,000. */
  readonly patienceMs?: number;
}

/**
 * Gets the table that validates an instance from whoever has it: its CID alone is trusted, as it stands in a manifest.
 *
 * @throws {F3ExchangeError} `f3/table-not-found`
 * @throws {HostFault} `host/aborted`
 * @see go-f3 certexchange/client.go `FindInitialPowerTable`
 * @example
 * const table = await findPowerTable(sources, { instance: manifest.initialInstance, cid: manifest.initialPowerTable });
 */
export async function findPowerTable(
  sources: readonly CertificateSource[],
  wanted: { readonly instance: number; readonly cid: CID },
  options: FindTableOptions = {},
): Promise<PowerTable> {
  const { instance, cid } = wanted;
  const expected = cid.toString();
  for (const source of sources) {
    const { peer } = source;
    try {
      const ask = { first: instance, limit: 0, powerTable: true };
      const { powerTable } = await askSource(source, ask, options.patienceMs ?? 15_000, options);
      if (powerTable === undefined) throw new F3ExchangeError("f3/source-empty", { peer, first: instance, pending: 0 });
      const table = tableOf(powerTable, peer, instance);
      const found = table.cid.toString();
      if (found === expected) return table;
      throw new F3ExchangeError("f3/source-other-table", { peer, instance, expected, found });
    } catch (error) {
      if (!isCopseError(error) || error.code.startsWith("host/")) throw error;
      options.onFault?.({ peer, kind: faultKind(error), error });
    }
  }
  throw new F3ExchangeError("f3/table-not-found", { instance, expected, asked: sources.length });
}

function tableOf(bytes: Uint8Array, peer: string, instance: number): PowerTable {
  try {
    return createPowerTable(decodePowerEntries(bytes));
  } catch (error) {
    if (!isCopseError(error)) throw error;
    const why = `its power table: ${error.message}`;
    throw new F3ExchangeError("f3/source-garbage", { peer, instance, why }, { cause: error });
  }
}
