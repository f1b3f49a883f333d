// Every kind of key-value store that certificates are kept in here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryDatabase } from "@copse/blockstore";
import { openLevelDatabase } from "@copse/blockstore/level";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { concatBytes, latin1, toHex } from "@copse/primitives";
import { MemoryDatastore } from "datastore-core";
import { type Datastore, Key } from "interface-datastore";
import { type KeyValueStore, rowsAsStore } from "../../src/store/index.ts";

/** A datastore of IPFS as a key-value store: README.md shows the same. */
export function datastoreAsStore(datastore: Datastore): KeyValueStore {
  const keyOf = (key: Uint8Array): Key => new Key(latin1(key));
  return {
    async get(key) {
      return (await datastore.has(keyOf(key))) ? datastore.get(keyOf(key)) : undefined;
    },
    async batch(changes) {
      const batch = datastore.batch();
      for (const { key, value } of changes) value ? batch.put(keyOf(key), value) : batch.delete(keyOf(key));
      await batch.commit();
    },
  };
}

/** A store that can be closed and opened again over what it holds. */
export interface Kind {
  readonly name: string;
  open(): Promise<{ readonly kv: KeyValueStore; close(): Promise<void> }>;
}

/** All kinds, and what takes their files away. */
export function everyKind(): { readonly kinds: readonly Kind[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "copse-f3-store-"));
  const memory = createMemoryDatabase();
  const datastore = new MemoryDatastore();
  const kinds: Kind[] = [
    { name: "memory", open: async () => ({ kv: rowsAsStore(memory, "f3"), close: async () => {} }) },
    {
      name: "LMDB",
      open: async () => {
        const database = await openLmdbDatabase(join(folder, "lmdb"), {});
        return { kv: rowsAsStore(database, "f3"), close: () => database.close() };
      },
    },
    {
      name: "Level",
      open: async () => {
        const database = await openLevelDatabase(join(folder, "level"));
        return { kv: rowsAsStore(database, "f3"), close: () => database.close() };
      },
    },
    { name: "datastore", open: async () => ({ kv: datastoreAsStore(datastore), close: async () => {} }) },
  ];
  return { kinds, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A store in memory whose rows can be looked at and damaged; the write of a number may fail, before or after it is done. */
export class OpenStore implements KeyValueStore {
  readonly rows = new Map<string, Uint8Array>();
  reads = 0;
  writes = 0;
  /** Called before each batch, with its number. */
  onBatch: (number: number) => void | Promise<void> = () => {};
  /** Called when a batch is done, with its number. */
  onDone: (number: number) => void = () => {};

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.reads++;
    return this.rows.get(latin1(key));
  }

  async batch(
    changes: readonly { readonly key: Uint8Array; readonly value?: Uint8Array | undefined }[],
  ): Promise<void> {
    const number = this.writes++;
    await this.onBatch(number);
    for (const { key, value } of changes) {
      if (value === undefined) this.rows.delete(latin1(key));
      else this.rows.set(latin1(key), Uint8Array.from(value));
    }
    this.onDone(number);
  }

  /** All rows as text, to compare. */
  content(): string {
    return [...this.rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key} ${toHex(value)}`)
      .join("\n");
  }
}

export async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return concatBytes(...all);
}
