import { BlockstoreError } from "../errors.ts";
import { storeFault } from "../fault.ts";
import { layoutKey, layoutName } from "./layout.ts";

/** One change of a Level batch. */
export type LevelChange =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

/** Bytes that a Level iterator goes over. */
export interface LevelRange {
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A Level database (abstract-level 3) of bytes under bytes, as far as it is used here. */
export interface LevelEngine {
  readonly supports: { readonly getSync?: boolean; readonly has?: boolean };
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: Uint8Array, options: LevelEncodings): Promise<Uint8Array | undefined>;
  getSync(key: Uint8Array, options: LevelEncodings): Uint8Array | undefined;
  getMany(keys: Uint8Array[], options: LevelEncodings): Promise<(Uint8Array | undefined)[]>;
  has(key: Uint8Array, options: LevelEncodings): Promise<boolean>;
  batch(changes: LevelChange[], options: LevelEncodings & { readonly sync: boolean }): Promise<void>;
  iterator(options: LevelRange & LevelEncodings): AsyncIterable<[Uint8Array, Uint8Array]>;
}

/** Keys and values are plain arrays of bytes, whatever the database was opened with. */
export interface LevelEncodings {
  readonly keyEncoding: "view";
  readonly valueEncoding: "view";
}

/** Keys and values are plain arrays of bytes. */
export const views: LevelEncodings = { keyEncoding: "view", valueEncoding: "view" };

/** The same bytes as a plain array: LevelDB hands out Node.js buffers, whose `slice` is another. */
export function plain(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** {@link plain} of what may be absent. */
export function plainOrNone(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : plain(bytes);
}

/** How to open a Level database. */
export interface LevelOptions {
  /**
   * `false`: a commit resolves once the system has it, not the disk. It outlives the process, not a power failure, and
   * small commits are many times as fast. Default: on disk when a commit resolves (as far as a browser promises that).
   */
  readonly durable?: boolean | undefined;
  /** LevelDB in Node.js: memory for blocks read lately. Default: 8 MiB. */
  readonly cacheBytes?: number | undefined;
  /** LevelDB in Node.js: what is gathered in memory before it is sorted to disk. Default: 16 MiB. */
  readonly writeBufferBytes?: number | undefined;
}

/**
 * Opens LevelDB in a folder, or IndexedDB under a name; and makes it where there is none.
 *
 * @throws {HostFault} `host/store-failed`: not installed, locked by another process, damaged
 * @throws {BlockstoreError} `blockstore/layout-unknown`
 */
export async function openEngine(location: string | LevelEngine, options: LevelOptions): Promise<LevelEngine> {
  let engine: LevelEngine | undefined;
  try {
    if (typeof location === "string") {
      const { Level } = await import("level");
      engine = new Level<Uint8Array, Uint8Array>(location, {
        ...views,
        cacheSize: options.cacheBytes ?? 8 << 20,
        writeBufferSize: options.writeBufferBytes ?? 16 << 20,
        compression: false, // blocks are hashes and ciphertext for the most part
      }) as unknown as LevelEngine;
    } else engine = location;
    await engine.open();
    await claim(engine, typeof location === "string" ? location : "the database");
    return engine;
  } catch (error) {
    await engine?.close().catch(() => {});
    throw storeFault("open", error);
  }
}

/** Marks an empty database as ours; refuses one that holds something else. */
async function claim(engine: LevelEngine, path: string): Promise<void> {
  const found = await engine.get(layoutKey, views);
  if (found === undefined) {
    for await (const _ of engine.iterator({ limit: 1, ...views })) {
      const expected = new TextDecoder().decode(layoutName);
      throw new BlockstoreError("blockstore/layout-unknown", { path, found: "something else", expected });
    }
    await engine.batch([{ type: "put", key: layoutKey, value: layoutName }], { sync: true, ...views });
    return;
  }
  const [was, expected] = [new TextDecoder().decode(found), new TextDecoder().decode(layoutName)];
  if (was !== expected) throw new BlockstoreError("blockstore/layout-unknown", { path, found: was, expected });
}
