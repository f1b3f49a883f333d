import { toHex } from "@copse/primitives";
import { carBlocksOf, describeData, fvmVectors } from "@copse/testkit";
import { expect, it } from "vitest";
import * as BitField from "../../src/bitfield/index.ts";
import { fromBytes, toBytes, union, unionAll } from "../../src/bitfield/index.ts";
import { CborReader } from "../../src/index.ts";

/** Gives the five bit fields of each partition of a miner in a block: sectors, unproven, faulty, recovering, terminated. */
function partitionsIn(reader: CborReader, found: Uint8Array[][]): void {
  const major = reader.peekMajor();
  if (major !== 4 && major !== 5) {
    reader.skip();
    return;
  }
  let items = major === 4 ? reader.array() : 2 * reader.map();
  if (major === 4 && items === 11) {
    const inside = new CborReader(reader.source, reader.offset);
    const fields: Uint8Array[] = [];
    while (fields.length < 5 && inside.peekMajor() === 2) fields.push(inside.bytes());
    if (fields.length === 5) found.push(fields);
  }
  for (; items > 0; items--) partitionsIn(reader, found);
}

describeData("mainnet partitions of network versions 17 and 18", ["fvm-test-vectors/0001-shark-01"], () => {
  it("have bit fields that are written as they were read, each within the partition's sectors", {
    timeout: 120_000,
  }, () => {
    const seen = new Set<string>();
    let fields = 0;
    let bits = 0n;
    for (const { car } of fvmVectors()) {
      for (const [key, block] of carBlocksOf(car)) {
        if (seen.has(key) || key.charCodeAt(1) !== 0x71) continue;
        seen.add(key);
        const partitions: Uint8Array[][] = [];
        partitionsIn(new CborReader(block), partitions);
        for (const partition of partitions) {
          const [sectors = BitField.empty, ...others] = partition.map((bytes) => fromBytes(bytes));
          partition.forEach((bytes, i) => {
            const field = i === 0 ? sectors : (others[i - 1] as BitField.BitField);
            expect(toHex(toBytes(field))).toBe(toHex(bytes));
            expect(fromBytes(bytes, "go")).toEqual(field);
            expect(BitField.containsAll(sectors, field)).toBe(true);
            bits += BitField.count(field);
            fields++;
          });
          expect(unionAll(others)).toEqual(others.reduce(union));
        }
      }
    }
    expect([seen.size > 1000, fields, bits]).toEqual([true, 2610, 1306507n]);
  });
});
