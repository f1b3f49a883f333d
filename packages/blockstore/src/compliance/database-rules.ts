import { utf8 } from "@copse/primitives";
import { type AsyncDatabase, type Database, maxRowKeyBytes, type Row, type RowOp, type RowRange } from "../database.ts";
import { gathered, mustBe, mustEqual, mustHold, mustThrow, type Rules, sampleBlock } from "./rules.ts";

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** The rows of a range, which every face gives alike. */
async function rowsOf(database: AsyncDatabase, table: string, range?: RowRange): Promise<Row[]> {
  const rows = database.rows(table);
  const found = await gathered(rows.readRange(range));
  if ("range" in rows) {
    const atOnce = Array.from((rows as ReturnType<Database["rows"]>).range(range));
    mustBe("range and readRange agree", text(atOnce) === text(found), text(atOnce));
  }
  return found;
}

const text = (rows: readonly Row[]): string => rows.map(([k, v]) => `${k.join(".")}=${v.join(".")}`).join(" ");

async function shown(database: AsyncDatabase, table: string, range?: RowRange): Promise<string> {
  return text(await rowsOf(database, table, range));
}

/** A row's value, which every face gives alike. */
async function rowOf(database: AsyncDatabase, table: string, at: Uint8Array): Promise<Uint8Array | undefined> {
  const rows = database.rows(table);
  const found = await rows.read(at);
  if ("get" in rows) mustEqual("get and read agree", (rows as ReturnType<Database["rows"]>).get(at), found);
  return found;
}

/** Rules of a database that may answer only later: what each says, and a check of it on a fresh one. */
export const databaseRules: Rules<AsyncDatabase> = {
  "a commit is seen whole once it resolves": async (database) => {
    const [cid, bytes] = sampleBlock(1);
    await database.commit({ blocks: [[cid, bytes]], rows: [{ table: "a", key: key(1), value: key(2) }] });
    await mustHold("block", database.blocks, cid, bytes);
    mustEqual("row", await rowOf(database, "a", key(1)), key(2));
    mustEqual("no row", await rowOf(database, "a", key(2)), undefined);
    mustEqual("no key", await rowOf(database, "a", key()), undefined);
  },
  "commits take effect in the order of the calls": async (database) => {
    const set = (value: number): { rows: RowOp[] } => ({ rows: [{ table: "a", key: key(1), value: key(value) }] });
    const all = Array.from({ length: 50 }, (_, i) => database.commit(set(i)));
    await all[0];
    all.push(database.commit(set(50)), database.commit(set(51)));
    await Promise.all(all);
    mustEqual("the last call wins", await rowOf(database, "a", key(1)), key(51));
  },
  "changes of one batch apply in order": async (database) => {
    const rows: RowOp[] = [
      { table: "a", key: key(1), value: key(1) },
      { table: "a", key: key(1), value: key(2) },
      { table: "a", key: key(2), value: key(1) },
      { table: "a", key: key(2) },
    ];
    await database.commit({ rows });
    const found = await shown(database, "a");
    mustBe("rows", found === "1=2", found);
  },
  "rows come in the order of bytes, a prefix first": async (database) => {
    const keys = [key(255), key(1, 0), key(0), key(1), key(128), key(0, 0), key(127, 255)];
    await database.commit({ rows: keys.map((k) => ({ table: "a", key: k, value: key(k.length) })) });
    const order = "0=1 0.0=2 1=1 1.0=2 127.255=2 128=1 255=1";
    const forwards = await shown(database, "a");
    mustBe("forwards", forwards === order, forwards);
    const back = await shown(database, "a", { reverse: true });
    mustBe("backwards", back === order.split(" ").reverse().join(" "), back);
  },
  "ranges include their low end, not their high end, in both directions": async (database) => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({ table: "a", key: key(i >> 8, i), value: key(i & 7) }));
    await database.commit({ rows });
    const ends = { gte: key(1, 0), lt: key(2, 0) };
    const counts: [string, RowRange, number][] = [
      ["forwards", ends, 256],
      ["backwards", { ...ends, reverse: true }, 256],
      ["limit", { ...ends, limit: 7 }, 7],
      ["limit 0", { limit: 0 }, 0],
      ["between keys", { gte: key(1), lt: key(1, 0, 0) }, 1],
      ["past the end", { gte: key(9) }, 0],
      ["before the first", { lt: key(0) }, 0],
      ["ends crossed", { gte: key(2), lt: key(1) }, 0],
      ["ends crossed, backwards", { gte: key(2), lt: key(1), reverse: true }, 0],
      ["one end twice", { gte: key(1, 0), lt: key(1, 0) }, 0],
      ["everything", {}, 2000],
      ["everything, backwards", { reverse: true }, 2000],
    ];
    for (const [name, range, count] of counts) {
      const { length } = await rowsOf(database, "a", range);
      mustBe(name, length === count, String(length));
    }
    const head = await shown(database, "a", { ...ends, reverse: true, limit: 2 });
    mustBe("from the high end", head === "1.255=7 1.254=6", head);
  },
  "tables are apart, however alike their names": async (database) => {
    await database.commit({ rows: ["a", "a-b", "ab"].map((table) => ({ table, key: key(0), value: utf8(table) })) });
    for (const table of ["a", "a-b", "ab"]) {
      mustBe(table, (await rowsOf(database, table)).length === 1);
      mustBe(table, (await rowsOf(database, table, { reverse: true })).length === 1);
      mustEqual(table, await rowOf(database, table, key(0)), utf8(table));
    }
    mustBe("another is empty", (await rowsOf(database, "b")).length === 0);
  },
  "rows may be committed while a range is read": async (database) => {
    await database.commit({ rows: numbered(600) });
    for (const reverse of [false, true]) {
      let last = reverse ? 600 : -1;
      for await (const [k] of database.rows("a").readRange({ reverse })) {
        const at = (k[0] as number) * 256 + (k[1] as number);
        mustBe("order holds", reverse ? at < last : at > last, `${at} after ${last}`);
        last = at;
        if (at % 100 === 0) await database.commit({ rows: [{ table: "b", key: k, value: k }, ...numbered(5)] });
      }
      mustBe("the end is reached", last === (reverse ? 0 : 599), String(last));
    }
  },
  "a range may be left": async (database) => {
    await database.commit({ rows: numbered(600) });
    for await (const _ of database.rows("a").readRange()) break;
    const stop = new AbortController();
    const aborted = async (): Promise<void> => {
      for await (const _ of database.rows("a").readRange({}, { signal: stop.signal })) stop.abort();
    };
    await mustThrow("by a signal", aborted, "host/aborted", "HostFault");
    await mustThrow("read", () => database.rows("a").read(key(1), { signal: stop.signal }), "host/aborted");
  },
  "a batch with one bad entry leaves nothing": async (database) => {
    const [cid, bytes] = sampleBlock(2);
    const good: RowOp = { table: "a", key: key(1), value: key(1) };
    const refused: [RowOp, string][] = [
      [{ table: "a", key: key(), value: key(1) }, "blockstore/key-empty"],
      [{ table: "a", key: new Uint8Array(maxRowKeyBytes + 1), value: key(1) }, "blockstore/key-too-long"],
      [{ table: "A b", key: key(1), value: key(1) }, "blockstore/table-malformed"],
    ];
    for (const [bad, code] of refused) {
      await mustThrow(code, () => database.commit({ blocks: [[cid, bytes]], rows: [good, bad] }), code);
    }
    await mustHold("no block", database.blocks, cid, undefined);
    mustEqual("no row", await rowOf(database, "a", key(1)), undefined);
    await database.commit({ rows: [{ table: "a", key: new Uint8Array(maxRowKeyBytes), value: key() }] });
    mustEqual("the longest key, an empty value", await rowOf(database, "a", new Uint8Array(maxRowKeyBytes)), key());
    await mustThrow("rows", () => database.rows("A b"), "blockstore/table-malformed");
  },
  "an aborted commit writes nothing": async (database) => {
    const rows: RowOp[] = [{ table: "a", key: key(1), value: key(1) }];
    await mustThrow("commit", () => database.commit({ rows }, { signal: AbortSignal.abort() }), "host/aborted");
    mustEqual("row", await rowOf(database, "a", key(1)), undefined);
  },
  "what was committed when it closes is complete": async (database) => {
    const commits = Array.from({ length: 20 }, (_, i) => database.commit({ rows: numbered(i) }));
    await database.close();
    await Promise.all(commits);
  },
  "a closed database refuses every use as a host fault": async (database) => {
    const rows = database.rows("a");
    await database.flush();
    await database.close();
    await database.close();
    const [cid, bytes] = sampleBlock(3);
    const uses: Record<string, () => unknown> = {
      commit: () => database.commit({ rows: [] }),
      getBytes: () => database.blocks.getBytes(cid),
      hasBytes: () => database.blocks.hasBytes(cid),
      putManyBytes: () => database.blocks.putManyBytes([[cid, bytes]]),
      deleteManyBytes: () => database.blocks.deleteManyBytes([cid]),
      entries: () => gathered(database.blocks.entries()),
      flush: () => database.flush(),
      rows: () => database.rows("a"),
      read: () => rows.read(key(1)),
      readRange: () => gathered(rows.readRange()),
    };
    for (const [name, use] of Object.entries(uses)) await mustThrow(name, use, "host/store-failed", "HostFault");
  },
};

function numbered(count: number): RowOp[] {
  return Array.from({ length: count }, (_, i) => ({ table: "a", key: key(i >> 8, i), value: key(1) }));
}

/** Rules of a database that answers at once, beside those above. */
export const syncDatabaseRules: Rules<Database> = {
  "a commit at once is seen when it returns": async (database) => {
    const [cid, bytes] = sampleBlock(1);
    database.commitSync({ blocks: [[cid, bytes]], rows: [{ table: "a", key: key(1), value: key(2) }] });
    mustEqual("block", database.blocks.getSync(cid), bytes);
    mustEqual("row", database.rows("a").get(key(1)), key(2));
  },
  "commits take effect in the order of the calls, sync among async": async (database) => {
    const set = (value: number): { rows: RowOp[] } => ({ rows: [{ table: "a", key: key(1), value: key(value) }] });
    const first = database.commit(set(1));
    const second = database.commit(set(2));
    database.commitSync(set(3));
    const last = database.commit(set(4));
    await Promise.all([first, second, last]);
    mustEqual("the last call wins", await rowOf(database, "a", key(1)), key(4));
  },
  "rows may be committed at once while a range is read": async (database) => {
    await database.commit({ rows: numbered(600) });
    let last = -1;
    for (const [k] of database.rows("a").range()) {
      const at = (k[0] as number) * 256 + (k[1] as number);
      mustBe("order holds", at > last, `${at} after ${last}`);
      last = at;
      if (at % 100 === 0)
        database.commitSync({
          rows: [
            { table: "a", key: key(0, at & 255) },
            { table: "b", key: k, value: k },
          ],
        });
    }
    mustBe("the end is reached", last === 599, String(last));
  },
  "a batch at once with one bad entry leaves nothing": async (database) => {
    const [cid, bytes] = sampleBlock(2);
    const bad: RowOp = { table: "a", key: key(), value: key(1) };
    const good: RowOp = { table: "a", key: key(1), value: key(1) };
    const commit = (): void => database.commitSync({ blocks: [[cid, bytes]], rows: [good, bad] });
    await mustThrow("commitSync", commit, "blockstore/key-empty");
    mustBe("no block", !database.blocks.hasSync(cid));
    mustEqual("no row", database.rows("a").get(key(1)), undefined);
  },
  "a closed database refuses every use at once as a host fault": async (database) => {
    const rows = database.rows("a");
    await database.close();
    const [cid, bytes] = sampleBlock(3);
    const uses: Record<string, () => unknown> = {
      commitSync: () => database.commitSync({ rows: [] }),
      getSync: () => database.blocks.getSync(cid),
      hasSync: () => database.blocks.hasSync(cid),
      putSync: () => database.blocks.putSync(cid, bytes),
      deleteSync: () => database.blocks.deleteSync(cid),
      get: () => rows.get(key(1)),
      range: () => Array.from(rows.range()),
    };
    for (const [name, use] of Object.entries(uses)) await mustThrow(name, use, "host/store-failed", "HostFault");
  },
};
