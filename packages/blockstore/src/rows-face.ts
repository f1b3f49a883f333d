import { type AbortOptions, assertNotAborted } from "@copse/primitives";
import type { Row, RowRange, Rows } from "./database.ts";

/** The asynchronous face of rows that answer at once. */
export abstract class RowsFace implements Rows {
  abstract get(key: Uint8Array): Uint8Array | undefined;
  abstract range(range?: RowRange): Iterable<Row>;

  async read(key: Uint8Array, options?: AbortOptions): Promise<Uint8Array | undefined> {
    assertNotAborted(options?.signal);
    return this.get(key);
  }

  async *readRange(range?: RowRange, options?: AbortOptions): AsyncGenerator<Row> {
    assertNotAborted(options?.signal);
    for (const row of this.range(range)) {
      yield row;
      assertNotAborted(options?.signal);
    }
  }
}
