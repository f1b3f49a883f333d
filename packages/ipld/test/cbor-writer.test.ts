import { toHex } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { CborWriter, type Codec, encode } from "../src/index.ts";

describe("writers", () => {
  it("have their buffers for themselves, in whatever order they write and finish", () => {
    const random = seeded(7);
    const pick = (limit: number): number => Math.floor(random() * limit);
    const open: { writer: CborWriter; plain: number[] }[] = [];
    for (let step = 0; step < 3000; step++) {
      if (open.length < 6 && pick(3) === 0)
        open.push({ writer: new CborWriter([1, 16, 256, 4096][pick(4)]), plain: [] });
      const one = open[pick(open.length)];
      if (one === undefined) continue;
      const bytes = Uint8Array.from({ length: pick(2) === 0 ? pick(40) : pick(900) }, () => pick(256));
      one.writer.raw(bytes);
      one.plain.push(...bytes);
      if (pick(5) === 0) {
        expect(one.writer.length).toBe(one.plain.length);
        expect(toHex(one.writer.finish())).toBe(toHex(Uint8Array.from(one.plain)));
        one.plain.length = 0;
        if (pick(2) === 0) open.splice(open.indexOf(one), 1);
      }
    }
  });

  it("may be used within one another", () => {
    const nested: Codec<number> = {
      encode: (writer, depth) => {
        writer.array(2).uint(depth);
        writer.bytes(depth === 0 ? new Uint8Array() : encode(nested, depth - 1));
      },
      decode: () => 0,
    };
    expect(toHex(encode(nested, 3))).toBe("8203" + "49" + "8202" + "46" + "8201" + "43" + "8200" + "40");
  });

  it("give an array of its own, and start anew", () => {
    const writer = new CborWriter();
    const first = writer.uint(1).finish();
    const second = writer.uint(2).finish();
    const other = new CborWriter().uint(3).finish();
    expect([first, second, other].map(toHex)).toEqual(["01", "02", "03"]);
    expect(new Set([first, second, other].map(({ buffer }) => buffer)).size).toBe(3);
  });

  it("show what is written so far, and take parts of it", () => {
    const writer = new CborWriter(1).text("abc").uint(7);
    const copy = new CborWriter().part(writer.buffer, 4, 5).part(writer.buffer, 0, 4).finish();
    expect(toHex(copy)).toBe("0763616263");
    expect(toHex(writer.finish())).toBe("6361626307");
    const long = Uint8Array.from({ length: 500 }, (_, i) => i);
    expect(toHex(new CborWriter().part(long, 100, 400).finish())).toBe(toHex(long.subarray(100, 400)));
  });

  it("put a byte before a byte string", () => {
    for (const length of [0, 22, 23, 254, 255, 70_000]) {
      const value = new Uint8Array(length).fill(9);
      const joined = Uint8Array.of(7, ...value);
      expect(toHex(new CborWriter().bytes(value, 7).finish())).toBe(toHex(new CborWriter().bytes(joined).finish()));
    }
  });
});
