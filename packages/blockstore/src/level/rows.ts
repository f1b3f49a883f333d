import { type AbortOptions, assertNotAborted, concatBytes } from "@copse/primitives";
import type { AsyncRows, Row, RowRange } from "../database.ts";
import { storeFault } from "../fault.ts";
import { type LevelEngine, plain, plainOrNone, views } from "./engine.ts";
import { afterTable } from "./layout.ts";

/** Rows of one table. */
export class LevelRows implements AsyncRows {
  readonly #engine: LevelEngine;
  readonly #prefix: Uint8Array;
  readonly #assertOpen: (operation: string) => void;

  constructor(engine: LevelEngine, prefix: Uint8Array, assertOpen: (operation: string) => void) {
    this.#engine = engine;
    this.#prefix = prefix;
    this.#assertOpen = assertOpen;
  }

  async read(key: Uint8Array, options?: AbortOptions): Promise<Uint8Array | undefined> {
    assertNotAborted(options?.signal);
    this.#assertOpen("read");
    if (key.length === 0) return undefined;
    try {
      return plainOrNone(await this.#engine.get(concatBytes(this.#prefix, key), views));
    } catch (error) {
      throw storeFault("read", error);
    }
  }

  async *readRange(range: RowRange = {}, options?: AbortOptions): AsyncGenerator<Row> {
    assertNotAborted(options?.signal);
    this.#assertOpen("read");
    const gte = concatBytes(this.#prefix, range.gte ?? new Uint8Array(0));
    const lt = range.lt === undefined ? afterTable(this.#prefix) : concatBytes(this.#prefix, range.lt);
    const limit = range.limit ?? -1;
    try {
      for await (const [key, value] of this.#engine.iterator({
        gte,
        lt,
        reverse: range.reverse === true,
        limit,
        ...views,
      })) {
        yield [plain(key).slice(this.#prefix.length), plain(value)];
        assertNotAborted(options?.signal);
        this.#assertOpen("read");
      }
    } catch (error) {
      throw storeFault("read", error);
    }
  }
}
