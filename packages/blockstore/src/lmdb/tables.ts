import { HostFault } from "@copse/primitives";
import type { Database as LmdbTable, RootDatabase } from "lmdb";
import { BlockstoreError } from "../errors.ts";
import { layoutVersion, metaKeys } from "./layout.ts";

/** A table of bytes under bytes. */
export type ByteTable = LmdbTable<Uint8Array, Uint8Array>;

/** How to open the file. */
export interface LmdbOptions {
  /** Opens an existing database for reading: from another thread or process, while one writes. */
  readonly readOnly?: boolean | undefined;
  /** Most read transactions at a time, over all threads and processes; one or two a thread. */
  readonly maxReaders?: number | undefined;
  /**
   * Writes on a thread of its own, so that neither the work of a commit nor its wait for the disk holds up this one: for
   * processes that must stay responsive. Costs a copy of each block and a round trip a commit, so bulk work that awaits
   * each batch is slower; `commitSync` waits for the thread.
   */
  readonly thread?: boolean | undefined;
  /** Blocks whose place is kept in memory before it is merged into the index on disk: about 40 B each. */
  readonly tailBlocks?: number | undefined;
}

/** The open file and its tables. */
export interface Tables {
  readonly path: string;
  readonly readOnly: boolean;
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  readonly blocks: ByteTable;
  readonly journal: ByteTable;
  readonly index: ByteTable;
  readonly rows: ByteTable;
  readonly meta: ByteTable;
}

const binary = { encoding: "binary", keyEncoding: "binary" } as const;

/**
 * Opens the file, or makes it.
 *
 * @throws {HostFault} `host/store-failed`: no lmdb installed, no such folder, not a database
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 */
export async function openTables(path: string, options: LmdbOptions): Promise<Tables> {
  const readOnly = options.readOnly === true;
  let root: RootDatabase<Uint8Array, Uint8Array> | undefined;
  try {
    const { open } = await import("lmdb");
    root = open<Uint8Array, Uint8Array>({
      path,
      ...binary,
      readOnly,
      noSubdir: false,
      maxDbs: 8,
      maxReaders: options.maxReaders ?? 510,
      // Plain LMDB durability: a commit returns when its pages, and then the page that names them, are on disk.
      overlappingSync: false,
    });
    const table = (name: string): ByteTable => {
      const opened = root?.openDB(name, binary) as ByteTable | undefined;
      if (opened === undefined)
        throw new HostFault("host/store-failed", { operation: "open", reason: `no table ${name}` });
      return opened;
    };
    const tables: Tables = {
      path,
      readOnly,
      root,
      blocks: table("blocks"),
      journal: table("journal"),
      index: table("index"),
      rows: table("rows"),
      meta: table("meta"),
    };
    assertLayout(tables);
    return tables;
  } catch (error) {
    await root?.close();
    if (error instanceof BlockstoreError || error instanceof HostFault) throw error;
    const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
    throw new HostFault("host/store-failed", { operation: "open", reason }, { cause: error });
  }
}

function assertLayout({ path, readOnly, meta }: Tables): void {
  const found = meta.get(metaKeys.layout);
  if (found === undefined && !readOnly) {
    meta.putSync(metaKeys.layout, Uint8Array.of(layoutVersion));
    return;
  }
  if (found?.[0] !== layoutVersion) {
    const facts = { path, found: String(found?.[0] ?? "none"), expected: String(layoutVersion) };
    throw new BlockstoreError("blockstore/layout-unknown", facts);
  }
}
