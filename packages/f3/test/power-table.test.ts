import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import {
  applyPowerTableDelta,
  createPowerTable,
  decodePowerEntries,
  decodeSigners,
  diffPowerTables,
  encodePowerEntries,
  type PowerEntry,
  type PowerTable,
  scaledPowers,
} from "../src/index.ts";
import type { Committee } from "../src/power-table.ts";

const key = (byte: number): Uint8Array => new Uint8Array(48).fill(byte);
const entry = (id: number, power: bigint | number, byte = id): PowerEntry => ({
  id: BigInt(id),
  power: BigInt(power),
  publicKey: key(byte),
});
const none = new Uint8Array(0);

describe("createPowerTable", () => {
  it("sorts by power, then id, and keeps nothing of the caller's", () => {
    const given = [entry(3, 5), entry(1, 5), entry(2, 9)];
    const table = createPowerTable(given);
    expect(table.entries.map(({ id }) => id)).toEqual([2n, 1n, 3n]);
    const before = table.cid.toString();
    given[0]?.publicKey.fill(0);
    expect(createPowerTable(table.entries).cid.toString()).toBe(before);
    expect(given.map(({ id }) => id)).toEqual([3n, 1n, 2n]);
  });

  it.each<[string, readonly PowerEntry[]]>([
    ["f3/power-table-empty", []],
    ["f3/power-not-positive", [entry(1, 0)]],
    ["f3/power-not-positive", [entry(1, -1)]],
    ["f3/participant-twice", [entry(1, 1), entry(1, 2)]],
    ["f3/power-table-too-long", Array.from({ length: 8193 }, (_, i) => entry(i, 1, i & 255))],
    ["f3/too-long", [{ ...entry(1, 1), publicKey: new Uint8Array(49) }]],
    ["f3/too-long", [entry(1, 2n ** 1016n)]],
    ["cbor/out-of-range", [{ ...entry(1, 1), id: 2n ** 64n }]],
  ])("refuses with %s", (code, entries) => {
    expect(() => createPowerTable(entries)).toThrow(expect.objectContaining({ code }));
  });

  it("takes 8192 members", () => {
    const table = createPowerTable(Array.from({ length: 8192 }, (_, i) => entry(i, 1, i & 255)));
    expect(decodePowerEntries(encodePowerEntries(table.entries))).toHaveLength(8192);
  });
});

describe("scaledPowers", () => {
  it("is exact for powers of every size", () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round++) {
      const bits = [8, 40, 60, 90, 900, 1016][round % 6] as number;
      const entries = Array.from({ length: 1 + Math.floor(random() * 40) }, (_, id) => {
        let power = 1n;
        for (let bit = 1; bit < bits; bit++) power = (power << 1n) | BigInt(random() < 0.5 ? 1 : 0);
        return entry(id, power >> BigInt(Math.floor(random() * 20) % bits));
      });
      const table = createPowerTable(entries);
      const whole = entries.reduce((sum, { power }) => sum + power, 0n);
      const expected = table.entries.map(({ power }) => Number((65535n * power) / whole));
      const total = expected.reduce((sum, power) => sum + power, 0);
      const { powers, ...rest } = scaledPowers(table);
      expect([...powers]).toEqual(expected);
      expect(rest).toEqual({ total, needed: Number((2n * BigInt(total) + 2n) / 3n) });
    }
  });

  it("is exact where quotients are whole numbers", () => {
    const table = createPowerTable(Array.from({ length: 65 }, (_, i) => entry(i, 3n ** 40n)));
    expect([...scaledPowers(table).powers]).toEqual(Array.from({ length: 65 }, () => 1008));
    const third = createPowerTable([entry(1, 3n ** 60n), entry(2, 2n * 3n ** 60n)]);
    expect([...scaledPowers(third).powers]).toEqual([43690, 21845]);
  });
});

/** The rules as they are written, on a map and with all sorting done again. */
function plain(table: PowerTable, deltas: ReturnType<typeof diffPowerTables>): PowerEntry[] {
  const members = new Map(table.entries.map((one) => [one.id, one]));
  for (const { id, powerDelta, signingKey } of deltas) {
    const old = members.get(id);
    const power = (old?.power ?? 0n) + powerDelta;
    if (power === 0n) members.delete(id);
    else members.set(id, { id, power, publicKey: signingKey.length > 0 ? signingKey : (old?.publicKey ?? none) });
  }
  return [...members.values()].sort((a, b) => (a.power === b.power ? Number(a.id - b.id) : a.power > b.power ? -1 : 1));
}

describe("changes of tables", () => {
  it("lead where the rules lead, change after change", () => {
    const random = seeded(11);
    const pick = (limit: number): number => Math.floor(random() * limit);
    let table = createPowerTable(Array.from({ length: 30 }, (_, i) => entry(i, 1 + pick(20), pick(5))));
    for (let round = 0; round < 400; round++) {
      const next = new Map(table.entries.map((one) => [one.id, one]));
      for (let changes = pick(12); changes > 0; changes--) {
        const id = pick(40);
        if (random() < 0.3 && next.size > 1) next.delete(BigInt(id));
        else
          next.set(
            BigInt(id),
            entry(id, 1 + pick(20), random() < 0.5 ? pick(5) : (next.get(BigInt(id))?.publicKey[0] ?? 1)),
          );
      }
      const to = createPowerTable([...next.values()]);
      const deltas = diffPowerTables(table, to);
      const after = applyPowerTableDelta(table, deltas);
      expect(after.entries).toEqual(plain(table, deltas));
      expect(after.cid.toString()).toBe(to.cid.toString());
      expect(diffPowerTables(after, to)).toEqual([]);
      const keys = (after as Committee).keys();
      expect(keys).toEqual((to as Committee).keys());
      // the table before is as it was, though what it made of itself went to the table after it
      if (round % 10 === 0) expect(applyPowerTableDelta(table, deltas).cid.toString()).toBe(to.cid.toString());
      table = after;
    }
  });

  it("share keys where their order stays", () => {
    const table = createPowerTable([entry(1, 100), entry(2, 50), entry(3, 10)]) as Committee;
    const keys = table.keys();
    const grown = applyPowerTableDelta(table, [{ id: 2n, powerDelta: 1n, signingKey: none }]) as Committee;
    expect(grown.keys()).toBe(keys);
    const passed = applyPowerTableDelta(grown, [{ id: 3n, powerDelta: 45n, signingKey: none }]) as Committee;
    expect(passed.keys()).not.toEqual(keys);
    const replaced = applyPowerTableDelta(table, [{ id: 1n, powerDelta: 0n, signingKey: key(9) }]) as Committee;
    expect(replaced.keys()).not.toEqual(keys);
  });

  it("are looked at before anything is changed", () => {
    const table = createPowerTable([entry(1, 100), entry(2, 50)]);
    const deltas = [
      { id: 1n, powerDelta: 5n, signingKey: none },
      { id: 2n, powerDelta: -51n, signingKey: none },
    ];
    expect(() => applyPowerTableDelta(table, deltas)).toThrow(
      expect.objectContaining({
        code: "f3/delta-power-negative",
        facts: { instance: undefined, delta: 1, id: 2n, power: -1n },
      }),
    );
    const after = applyPowerTableDelta(table, deltas.slice(0, 1));
    expect(after.entries.map(({ power }) => power)).toEqual([105n, 50n]);
  });

  it("do not lead past 8192 members", () => {
    const table = createPowerTable(Array.from({ length: 8192 }, (_, i) => entry(i, 1, i & 255)));
    expect(() => applyPowerTableDelta(table, [{ id: 9000n, powerDelta: 1n, signingKey: key(1) }])).toThrow(
      expect.objectContaining({ code: "f3/power-table-too-long" }),
    );
  });

  it("are made for tables of the caller's own, too", () => {
    const table = createPowerTable([entry(1, 100)]);
    const copy: PowerTable = { entries: table.entries, cid: createPowerTable([entry(5, 5)]).cid };
    expect(applyPowerTableDelta(copy, []).cid).toEqual(table.cid); // a CID is not believed
  });
});

describe("decodeSigners", () => {
  it("gives places, and refuses the first that is none", () => {
    expect(decodeSigners(none, 0)).toEqual([]);
    expect(() => decodeSigners(Uint8Array.of(0x3c), 2, 7)).toThrow(
      expect.objectContaining({ code: "f3/signer-unknown", facts: { instance: 7, signer: 2, members: 2 } }),
    );
  });
});
