import { utf8 } from "@copse/primitives";
import { type Database, maxRowKeyBytes, type RowOp, type RowRange } from "../database.ts";
import { mustBe, mustEqual, mustThrow, sampleBlock } from "./rules.ts";

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

function shown(database: Database, table: string, range?: RowRange): string {
  return Array.from(database.rows(table).range(range), ([k, v]) => `${k.join(".")}=${v.join(".")}`).join(" ");
}

/** Each rule of a database: what it says, and a check of it on a fresh one. */
export const databaseRules: Readonly<Record<string, (database: Database) => Promise<void>>> = {
  "a commit is seen whole once it resolves": async (database) => {
    const [cid, bytes] = sampleBlock(1);
    await database.commit({ blocks: [[cid, bytes]], rows: [{ table: "a", key: key(1), value: key(2) }] });
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
    mustEqual("the last call wins", database.rows("a").get(key(1)), key(4));
  },
  "changes of one batch apply in order": async (database) => {
    const rows: RowOp[] = [
      { table: "a", key: key(1), value: key(1) },
      { table: "a", key: key(1), value: key(2) },
      { table: "a", key: key(2), value: key(1) },
      { table: "a", key: key(2) },
    ];
    await database.commit({ rows });
    mustBe("rows", shown(database, "a") === "1=2", shown(database, "a"));
  },
  "rows come in the order of bytes, a prefix first": async (database) => {
    const keys = [key(255), key(1, 0), key(0), key(1), key(128), key(0, 0), key(127, 255)];
    await database.commit({ rows: keys.map((k) => ({ table: "a", key: k, value: key(k.length) })) });
    const order = "0=1 0.0=2 1=1 1.0=2 127.255=2 128=1 255=1";
    mustBe("forwards", shown(database, "a") === order, shown(database, "a"));
    const back = shown(database, "a", { reverse: true });
    mustBe("backwards", back === order.split(" ").reverse().join(" "), back);
  },
  "ranges include their low end, not their high end, in both directions": async (database) => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({ table: "a", key: key(i >> 8, i), value: key(i & 7) }));
    await database.commit({ rows });
    const count = (range: RowRange): number => Array.from(database.rows("a").range(range)).length;
    const ends = { gte: key(1, 0), lt: key(2, 0) };
    mustBe("forwards", count(ends) === 256, String(count(ends)));
    mustBe("backwards", count({ ...ends, reverse: true }) === 256, String(count({ ...ends, reverse: true })));
    mustBe("limit", count({ ...ends, limit: 7 }) === 7);
    mustBe("limit 0", count({ limit: 0 }) === 0);
    const head = shown(database, "a", { ...ends, reverse: true, limit: 2 });
    mustBe("from the high end", head === "1.255=7 1.254=6", head);
    mustBe("between keys", count({ gte: key(1), lt: key(1, 0, 0) }) === 1);
    mustBe(
      "nothing",
      count({ gte: key(9) }) === 0 && count({ lt: key(0) }) === 0 && count({ gte: key(2), lt: key(1) }) === 0,
    );
    mustBe("everything", count({}) === 2000, String(count({})));
  },
  "tables are apart, however alike their names": async (database) => {
    await database.commit({ rows: ["a", "a-b", "ab"].map((table) => ({ table, key: key(0), value: utf8(table) })) });
    for (const table of ["a", "a-b", "ab"]) {
      mustBe(table, Array.from(database.rows(table).range()).length === 1);
      mustEqual(table, database.rows(table).get(key(0)), utf8(table));
    }
    mustBe("another is empty", Array.from(database.rows("b").range()).length === 0);
  },
  "rows may be committed while a range is read": async (database) => {
    await database.commit({
      rows: Array.from({ length: 600 }, (_, i) => ({ table: "a", key: key(i >> 8, i), value: key(1) })),
    });
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
      await mustThrow(code, () => database.commitSync({ blocks: [[cid, bytes]], rows: [good, bad] }), code);
    }
    mustBe("no block", !database.blocks.hasSync(cid));
    mustEqual("no row", database.rows("a").get(key(1)), undefined);
    await database.commit({ rows: [{ table: "a", key: new Uint8Array(maxRowKeyBytes), value: key() }] });
    mustEqual("the longest key, an empty value", database.rows("a").get(new Uint8Array(maxRowKeyBytes)), key());
  },
  "an aborted commit writes nothing": async (database) => {
    const rows: RowOp[] = [{ table: "a", key: key(1), value: key(1) }];
    await mustThrow("commit", () => database.commit({ rows }, { signal: AbortSignal.abort() }), "host/aborted");
    mustEqual("row", database.rows("a").get(key(1)), undefined);
  },
  "a closed database refuses every use as a host fault": async (database) => {
    const rows = database.rows("a");
    await database.flush();
    await database.close();
    await database.close();
    const [cid, bytes] = sampleBlock(3);
    const uses: (() => unknown)[] = [
      () => database.commit({ rows: [] }),
      () => database.commitSync({ rows: [] }),
      () => database.blocks.getSync(cid),
      () => database.blocks.hasSync(cid),
      () => database.blocks.putSync(cid, bytes),
      () => database.blocks.deleteSync(cid),
      () => database.flush(),
      () => rows.get(key(1)),
      () => Array.from(rows.range()),
    ];
    for (const use of uses) await mustThrow(String(use), use, "host/store-failed", "HostFault");
  },
};
