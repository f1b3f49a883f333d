import { describe, expect, it } from "vitest";
import { createMemoryBlockstore, createMemoryDatabase } from "../src/index.ts";

describe("memory", () => {
  it("fits the contracts", async () => {
    const database = createMemoryDatabase();
    const cid = Uint8Array.of(1, 0x71, 0, 1, 9);
    await database.commit({ blocks: [[cid, Uint8Array.of(1)]], rows: [{ table: "t", key: cid, value: cid }] });
    expect(database.blocks.getSync(cid)).toEqual(Uint8Array.of(1));
    expect([...database.rows("t").range()]).toEqual([[cid, cid]]);
    expect(createMemoryBlockstore().getSync(cid)).toBeUndefined();
  });
});
