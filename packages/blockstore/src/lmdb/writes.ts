import type { CidBytes } from "@copse/ipld";
import { utf8 } from "@copse/primitives";
import type { RowOp } from "../database.ts";
import { storeFault } from "../fault.ts";
import type { BlockEntry } from "../store.ts";
import type { IndexReader } from "./index-reader.ts";
import { IndexWriter } from "./index-writer.ts";
import { rowKey } from "./layout.ts";
import type { Tables } from "./tables.ts";

/** Changes that were checked: only the host can fail them now. */
export interface Changes {
  readonly blocks: readonly BlockEntry[];
  readonly rows: readonly RowOp[];
  readonly deleted: readonly CidBytes[];
}

/** The writing side of a database, on this thread or on one of its own. Changes take effect in the order of the calls. */
export interface Writes {
  /** @throws {HostFault} `host/store-failed` */
  apply(changes: Changes): Promise<void>;
  /** {@link apply} that holds up the thread. */
  applySync(changes: Changes): void;
  /** Resolves when all that was applied is on disk. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Changes whose caller waits. */
interface Waiting {
  readonly changes: Changes;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes on this thread. Changes that are given in one turn of the event loop go into one transaction: each wait for the
 * disk costs more than a batch of headers.
 */
export class LocalWrites implements Writes {
  readonly #tables: Tables;
  readonly #reader: IndexReader;
  readonly #writer: IndexWriter;
  #waiting: Waiting[] = [];
  #turn: Promise<void> | undefined;

  constructor(tables: Tables, reader: IndexReader, tailBlocks: number) {
    this.#tables = tables;
    this.#reader = reader;
    this.#writer = new IndexWriter(tables, reader, tailBlocks);
  }

  apply(changes: Changes): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
    });
    this.#turn ??= nextTurn().then(() => this.#writeWaiting());
    return done;
  }

  applySync(changes: Changes): void {
    this.#writeWaiting();
    this.#transact([changes]);
  }

  async flush(): Promise<void> {
    this.#writeWaiting(); // each write is on disk when it returns
  }

  close(): Promise<void> {
    return this.flush();
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#turn = undefined;
    if (waiting.length === 0) return;
    try {
      this.#transact(waiting.map(({ changes }) => changes));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  #transact(all: readonly Changes[]): void {
    try {
      this.#tables.root.transactionSync(() => {
        for (const { blocks, rows, deleted } of all) {
          this.#writer.put(blocks);
          this.#writer.delete(deleted);
          this.#putRows(rows);
        }
      });
    } catch (error) {
      // The tails may now name blocks that never came to be, or miss a merge that was undone.
      this.#reader.reload();
      throw storeFault("commit", error);
    }
  }

  #putRows(ops: readonly RowOp[]): void {
    for (const { table, key, value } of ops) {
      if (value === undefined) this.#tables.rows.remove(rowKey(utf8(table), key));
      else this.#tables.rows.put(rowKey(utf8(table), key), value);
    }
  }
}

/** Resolves once what is queued now has run: later than promises, sooner than timers. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
