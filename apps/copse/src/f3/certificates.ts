import type { Database } from "@copse/blockstore";
import { type FinalityCertificate, type PowerTable, trustRoot } from "@copse/f3";
import { type CertificateStore, openCertificateStore, reopenCertificateStore, rowsAsStore } from "@copse/f3/store";
import type { CertificateBytes } from "@copse/network/f3-exchange";
import type { CertifiedTipset } from "../sync/certified.ts";
import { ServedTables } from "./served-tables.ts";
import type { F3Settings } from "./settings.ts";
import { yieldingRows } from "./yielding-rows.ts";

/** The table of a repository's database that certificates are in. */
export const f3Table = "f3";

/** The newest tipset that is final, and the certificate that says so. */
export interface F3Head extends CertifiedTipset {
  readonly instance: number;
  /** CID of the power table that validates the next instance. */
  readonly powerTable: string;
}

/**
 * Opens the certificates of a repository, from the table that is trusted; undefined where that is not at hand yet, only
 * its CID.
 *
 * @throws {F3Error} `f3/trust-root-mismatch`
 * @throws {F3StoreError} `f3/store-other-root`, `f3/store-corrupt`
 */
export async function openCertificates(
  database: Database,
  { manifest, table }: F3Settings,
): Promise<CertificateStore | undefined> {
  const initial = table ?? (await keptTable(database));
  return initial && (await foundCertificates(database, { manifest, table: initial }));
}

/** The initial table of the certificates that a repository holds: it was trusted when they were verified. */
export async function keptTable(database: Database): Promise<PowerTable | undefined> {
  return (await reopenCertificateStore(rowsAsStore(database, f3Table)))?.initialPowerTable;
}

/** Opens the certificates of a repository from a table. */
export function foundCertificates(
  database: Database,
  { manifest, table }: F3Settings & { readonly table: PowerTable },
): Promise<CertificateStore> {
  const { nextInstance: initialInstance, powerTable: initialPowerTable } = trustRoot(manifest, table);
  const { networkName, committeeLookback } = manifest;
  const root = { networkName, initialInstance, committeeLookback, initialPowerTable };
  return openCertificateStore(yieldingRows(rowsAsStore(database, f3Table)), root);
}

/** The tipset a certificate finalizes last. */
export function headOf({ instance, chain, supplementalData }: FinalityCertificate): F3Head | undefined {
  const top = chain.at(-1);
  const powerTable = supplementalData.powerTable.toString();
  return top && { instance, key: top.key, height: top.epoch, powerTable };
}

/** The newest tipset that a repository's certificates finalize. */
export async function storedHead(database: Database): Promise<F3Head | undefined> {
  const latest = (await reopenCertificateStore(rowsAsStore(database, f3Table)))?.latest;
  return latest && headOf(latest);
}

/** Certificates for other peers. Until the store is open nothing is served. */
export function servedCertificates(store: () => CertificateStore | undefined): CertificateBytes {
  const tables = new ServedTables();
  return {
    pending() {
      const { latest } = store() ?? {};
      return latest === undefined ? 0 : latest.instance + 1;
    },
    async powerTable(instance, options) {
      const held = store();
      if (held === undefined || instance < held.first) return undefined;
      return tables.get(held, instance, options);
    },
    certificate: (instance) => store()?.get(instance),
  };
}
