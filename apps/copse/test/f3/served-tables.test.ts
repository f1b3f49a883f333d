import { createMemoryDatabase } from "@copse/blockstore";
import { encodePowerEntries, type PowerTable } from "@copse/f3";
import { rowsAsStore } from "@copse/f3/store";
import { describe, expect, it } from "vitest";
import { ServedTables } from "../../src/f3/served-tables.ts";
import { yieldingRows } from "../../src/f3/yielding-rows.ts";
import { table } from "./certified-chain.ts";

const bytes = encodePowerEntries(table.entries);

/** A store that counts what is asked of it, and answers when it is told to. */
function counting() {
  const asked: number[] = [];
  const gates: (() => void)[] = [];
  let running = 0;
  const state = { most: 0, aborted: 0, free: false };
  const store = {
    async powerTable(
      instance: number,
      options: { readonly signal?: AbortSignal | undefined } = {},
    ): Promise<PowerTable> {
      asked.push(instance);
      state.most = Math.max(state.most, ++running);
      const gate = Promise.withResolvers<void>();
      gates.push(gate.resolve);
      const leave = (): void => {
        state.aborted++;
        gate.reject(options.signal?.reason);
      };
      options.signal?.addEventListener("abort", leave);
      try {
        if (!state.free) await gate.promise;
        return table;
      } finally {
        options.signal?.removeEventListener("abort", leave);
        running--;
      }
    },
  };
  return { store, asked, state, open: () => gates.at(-1)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("power tables for other peers", () => {
  it("joins equal asks, and puts one together at a time", async () => {
    const { store, asked, state, open } = counting();
    const tables = new ServedTables();
    const all = [7, 7, 8, 7, 8].map((instance) => tables.get(store, instance, {}));
    await turn();
    expect(asked).toEqual([7]);
    open();
    await turn();
    expect(asked).toEqual([7, 8]);
    open();
    expect(await Promise.all(all)).toEqual(all.map(() => bytes));
    expect(state).toMatchObject({ most: 1, aborted: 0 });
    await tables.get(store, 7, {});
    expect(asked).toEqual([7, 8]);
  });

  it("keeps the four asked for last", async () => {
    const { store, asked, state } = counting();
    state.free = true;
    const tables = new ServedTables();
    for (const instance of [1, 2, 3, 4, 1, 5, 1, 3, 4, 5]) await tables.get(store, instance, {});
    expect(asked).toEqual([1, 2, 3, 4, 5]);
    await tables.get(store, 2, {});
    expect(asked.at(-1)).toBe(2);
    const other = counting();
    other.state.free = true;
    await tables.get(other.store, 5, {}); // another store may be of another root
    expect(other.asked).toEqual([5]);
  });

  it("ends what nobody waits for, and only that", async () => {
    const { store, asked, state, open } = counting();
    const tables = new ServedTables();
    const [one, two] = [new AbortController(), new AbortController()];
    const aborted = { code: "host/aborted" };
    const first = expect(tables.get(store, 1, { signal: one.signal })).rejects.toMatchObject(aborted);
    const second = expect(tables.get(store, 1, { signal: two.signal })).rejects.toMatchObject(aborted);
    const queued = expect(tables.get(store, 2, { signal: two.signal })).rejects.toMatchObject(aborted);
    await turn();
    one.abort();
    await first;
    expect(state.aborted).toBe(0);
    two.abort();
    await Promise.all([second, queued]);
    await turn();
    expect(state.aborted).toBe(1);
    expect(asked).toEqual([1]); // the one in the queue never began
    const again = tables.get(store, 1, {});
    await turn();
    open();
    expect(await again).toEqual(bytes);
  });

  it("tells a failure to those who asked, and tries again for the next", async () => {
    const tables = new ServedTables();
    let fails = true;
    const store = { powerTable: async () => (fails ? Promise.reject(new Error("no row")) : table) };
    await expect(tables.get(store, 1, {})).rejects.toThrow("no row");
    fails = false;
    expect(await tables.get(store, 1, {})).toEqual(bytes);
  });
});

describe("rows read in great number", () => {
  it("leave the event loop its turn", async () => {
    const rows = yieldingRows(rowsAsStore(createMemoryDatabase(), "f3"));
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    for (let i = 0; i < 1440; i++) await rows.get(Uint8Array.of(i & 255));
    over = true;
    expect(turns).toBeGreaterThanOrEqual(10);
  });
});
