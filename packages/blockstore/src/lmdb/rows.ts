import { utf8 } from "@copse/primitives";
import type { Row, RowRange } from "../database.ts";
import { guarded } from "../fault.ts";
import { RowsFace } from "../rows-face.ts";
import { rowKey } from "./layout.ts";
import type { Tables } from "./tables.ts";

/** Rows read at a time: a range holds no transaction while its loop runs, so it may take as long as it likes. */
const firstPage = 16;
const largestPage = 512;

/** Rows of one table of the file. */
export class LmdbRows extends RowsFace {
  readonly #tables: Tables;
  readonly #follows: boolean;
  readonly #assertOpen: (operation: string) => void;
  readonly #name: Uint8Array;

  constructor(tables: Tables, table: string, follows: boolean, assertOpen: (operation: string) => void) {
    super();
    this.#tables = tables;
    this.#follows = follows;
    this.#assertOpen = assertOpen;
    this.#name = utf8(table);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen("read");
    if (key.length === 0) return undefined;
    return guarded("read", () => {
      this.#renew();
      return plain(this.#tables.rows.getBinary(rowKey(this.#name, key)));
    });
  }

  *range(range: RowRange = {}): Iterable<Row> {
    const nothing = new Uint8Array(0);
    let low = rowKey(this.#name, range.gte ?? nothing);
    let high = range.lt === undefined ? afterTable(this.#name) : rowKey(this.#name, range.lt);
    let afterLow = false;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    for (let page = firstPage; left > 0; page = Math.min(page * 2, largestPage)) {
      const limit = Math.min(page, left);
      const found =
        range.reverse === true ? this.#backward(low, high, limit) : this.#forward(low, high, limit, afterLow);
      for (const { key, value } of found) {
        yield [Uint8Array.from(key.subarray(this.#name.length + 1)), value];
      }
      const last = found.at(-1);
      if (last === undefined || found.length < limit) return;
      left -= found.length;
      if (range.reverse === true) high = last.key;
      else low = last.key;
      afterLow = true;
    }
  }

  #forward(start: Uint8Array, end: Uint8Array, limit: number, exclusiveStart: boolean): Found[] {
    return this.#page({ start, end, limit, exclusiveStart });
  }

  #backward(low: Uint8Array, high: Uint8Array, limit: number): Found[] {
    return this.#page({ start: high, end: low, limit, reverse: true, exclusiveStart: true, inclusiveEnd: true });
  }

  #page(options: object): Found[] {
    this.#assertOpen("read");
    return guarded("read", () => {
      this.#renew();
      return Array.from(this.#tables.rows.getRange(options), ({ key, value }) => ({
        key: plain(key) as Uint8Array,
        value: plain(value) as Uint8Array,
      }));
    });
  }

  /** Rows change, so an instance that only reads asks for the newest state each time; a writer knows of each change. */
  #renew(): void {
    if (this.#follows) this.#tables.root.resetReadTxn();
  }
}

type Found = { readonly key: Uint8Array; readonly value: Uint8Array };

/** The first key past a table: names are followed by 0. */
function afterTable(name: Uint8Array): Uint8Array {
  const key = rowKey(name, new Uint8Array(0));
  key[key.length - 1] = 1;
  return key;
}

/** A plain array over memory that is nobody else's. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length).slice();
}
