import { describe, expect, it } from "vitest";
import { findPowerTable, type SourceFault } from "../../src/exchange/index.ts";
import { encodePowerEntries } from "../../src/power-entries.ts";
import { createPowerTable } from "../../src/power-table.ts";
import { source, table } from "./fake-chain.ts";

const giving = (peer: string, powerTable: Uint8Array | undefined) =>
  source(peer, () => ({ pending: 9, certificates: [], powerTable }));
const right = encodePowerEntries(table.entries);
const other = createPowerTable(table.entries.map((entry) => ({ ...entry, power: entry.power + 1n })));

describe("looking for a power table by its CID", () => {
  it("takes the first that hashes to it, and tells of the others", async () => {
    const faults: SourceFault[] = [];
    const sources = [
      giving("none", undefined),
      giving("other", encodePowerEntries(other.entries)),
      giving("garbage", Uint8Array.of(0x81, 0x00)),
      giving("right", right),
      giving("unasked", right),
    ];
    const wanted = { instance: 3, cid: table.cid };
    const found = await findPowerTable(sources, wanted, { onFault: (fault) => faults.push(fault) });
    expect(found.entries).toEqual(table.entries);
    expect(faults.map(({ peer, kind, error }) => [peer, kind, (error as { code?: string }).code])).toEqual([
      ["none", "failed", "f3/source-empty"],
      ["other", "lie", "f3/source-other-table"],
      ["garbage", "lie", "f3/source-garbage"],
    ]);
    expect(sources[3]?.asked).toEqual([{ first: 3, limit: 0, powerTable: true }]);
    expect(sources[4]?.asked).toEqual([]);
  });

  it("says so where nobody has it", async () => {
    await expect(findPowerTable([giving("none", undefined)], { instance: 0, cid: table.cid })).rejects.toMatchObject({
      code: "f3/table-not-found",
      facts: { asked: 1 },
    });
  });
});
