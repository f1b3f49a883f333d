import { describe, expect, it } from "vitest";
import * as BitField from "../../src/bitfield/index.ts";
import { CborReader, CborWriter, decode, encode } from "../../src/index.ts";

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

/** Bytes of bits from low to high, as the reference's tests list them; zeros at the end are kept. */
function bytesOfBits(bits: string): Uint8Array {
  const plain = bits.replaceAll(" ", "");
  const bytes = new Uint8Array(Math.ceil(plain.length / 8));
  [...plain].forEach((bit, i) => {
    (bytes[i >> 3] as number) |= Number(bit) << (i & 7);
  });
  return bytes;
}

describe("RLE+", () => {
  // the facts of ref-fvm:ipld/bitfield/src/rleplus/mod.rs test
  const read: [string, string, number[]][] = [
    ["nothing", "", []],
    ["eight bits in a short run", "00 1 01 0001", [0, 8]],
    ["short runs and a single one", "00 1 01 0010 1 01 1100", [0, 4, 5, 8]],
    ["a long run", "00 1 00 10011000", [0, 25]],
    ["the shortest long run but one", "00 1 00 10001000 000", [0, 17]],
  ];
  it.each(read)("reads %s", (_, bits, edges) => {
    expect(BitField.fromBytes(bytesOfBits(bits))).toEqual({ edges });
  });

  const refused: [string, string, string][] = [
    ["another version", "10 1 01 0001", "bitfield/version-unknown"],
    ["a short run of length 0", "00 1 1 01 0000 1", "bitfield/not-minimal"],
    ["a long run of length 0", "00 1 1 00 00000000 1", "bitfield/not-minimal"],
    ["a last byte of 0", "00 1 01 101 00000000", "bitfield/not-minimal"],
    ["a varint with a last byte of 0", "00 1 00 11000001 00000000 111", "bitfield/varint-malformed"],
    ["a long run of 3", "00 1 00 11000000 111", "bitfield/not-minimal"],
    ["a long run of 1", "00 1 00 10000000 111", "bitfield/not-minimal"],
    ["a short run of 1", "00 1 01 1000 1111111", "bitfield/not-minimal"],
    ["only unset bits", "00 0 1", "bitfield/not-minimal"],
    ["unset bits at the end", "00 1 01 0010 1", "bitfield/not-minimal"],
    ["a first bit without a run", "00 1", "bitfield/not-minimal"],
  ];
  it.each(refused)("refuses %s", (_, bits, code) => {
    expect(codeOf(() => BitField.fromBytes(bytesOfBits(bits)))).toBe(code);
  });

  it("reads as go-bitfield does, where that is asked for", () => {
    const go = (bits: string): unknown => BitField.fromBytes(bytesOfBits(bits), "go");
    expect(go("00 1 1 01 0000 1")).toEqual({ edges: [0, 1] });
    expect(go("00 1 00 11000000 111")).toEqual({ edges: [0, 3, 4, 5] });
    expect(go("00 1 01 0010 1")).toEqual({ edges: [0, 4] });
    expect(go("00 1")).toEqual({ edges: [] });
    expect(codeOf(() => go("00 1 01 101 00000000"))).toBe("bitfield/not-minimal");
    expect(codeOf(() => go("01 1 1"))).toBe("bitfield/version-unknown");
  });

  it("holds runs up to 2^64 - 1 bits, and none longer", () => {
    const most = BitField.fromRuns([{ start: 0n, end: 2n ** 64n - 1n }]);
    expect(BitField.fromBytes(BitField.toBytes(most))).toEqual(most);
    // a single bit more
    const over = bytesOfBits(`00 1 00 ${"11111111".repeat(9)}10000000 1 1`);
    expect(codeOf(() => BitField.fromBytes(over))).toBe("bitfield/overflow");
    const halves = `00 ${"11111111".repeat(8)}11111110`; // 2^63 - 1
    expect(codeOf(() => BitField.fromBytes(bytesOfBits(`00 1 ${halves} ${halves} 01 0100`)))).toBe("bitfield/overflow");
    expect(BitField.last(BitField.fromBytes(bytesOfBits(`00 1 ${halves} ${halves} 1`)))).toBe(2n ** 64n - 2n);
    const eleven = bytesOfBits(`00 1 00 ${"11111111".repeat(10)}10000000 1`);
    expect(codeOf(() => BitField.fromBytes(eleven))).toBe("bitfield/varint-malformed");
    const twoTo64 = bytesOfBits(`00 1 00 ${"00000001".repeat(9)}01000000 1`);
    expect(codeOf(() => BitField.fromBytes(twoTo64))).toBe("bitfield/varint-malformed");
  });

  it("finds the last of 2^64 - 2 bits at once", () => {
    // ref-fvm:ipld/bitfield/src/rleplus/mod.rs iter_last
    const bytes = Uint8Array.of(0xe4, ...new Array(8).fill(0xff), 0x2f, ...new Array(8).fill(0xff), 0x7f);
    expect(BitField.last(BitField.fromBytes(bytes))).toBe(18446744073709551614n);
  });

  it("gives runs before what is malformed", () => {
    const seen: BitField.Run[] = [];
    const code = codeOf(() => {
      for (const run of BitField.runsOfBytes(bytesOfBits("00 1 1 1 1 01 1000 1"))) seen.push(run);
    });
    expect(code).toBe("bitfield/not-minimal");
    expect(seen).toEqual([
      { start: 0n, end: 1n },
      { start: 2n, end: 3n },
    ]);
  });
});

describe("huge runs", () => {
  const low = BitField.fromRuns([{ start: 0, end: 2n ** 63n }]);
  const high = BitField.fromRuns([{ start: 5, end: 2n ** 64n - 1n }]);

  it("cost what two edges cost", () => {
    expect(BitField.count(low)).toBe(2n ** 63n);
    expect(BitField.count(BitField.union(low, high))).toBe(2n ** 64n - 1n);
    expect(BitField.intersection(low, high)).toEqual({ edges: [5, 2n ** 63n] });
    expect(BitField.difference(high, low)).toEqual({ edges: [2n ** 63n, 2n ** 64n - 1n] });
    expect(BitField.symmetricDifference(low, high)).toEqual({ edges: [0, 5, 2n ** 63n, 2n ** 64n - 1n] });
    expect(BitField.cut(high, low)).toEqual({ edges: [0, 2n ** 63n - 1n] });
    expect(BitField.slice(high, 2n ** 62n, 3)).toEqual({ edges: [2n ** 62n + 5n, 2n ** 62n + 8n] });
    expect(BitField.nth(high, 2n ** 63n)).toBe(2n ** 63n + 5n);
    expect(BitField.unset(low, [2n ** 62n]).edges.length).toBe(4);
    expect(BitField.bits(low, 2n ** 62n).next().value).toBe(2n ** 62n);
    expect(codeOf(() => BitField.boundedBits(low, 1000))).toBe("bitfield/too-many");
  });
});

describe("a bit field", () => {
  it("refuses what is no bit", () => {
    for (const bit of [-1, 1.5, Number.NaN, 2 ** 53, -1n, 2n ** 64n - 1n]) {
      expect(codeOf(() => BitField.fromBits([bit]))).toBe("bitfield/bit-out-of-range");
      expect(BitField.has(BitField.fromRuns([{ start: 0, end: 2n ** 64n - 1n }]), -1)).toBe(false);
    }
    expect(codeOf(() => BitField.fromRuns([{ start: 4, end: 3 }]))).toBe("bitfield/run-malformed");
    expect(codeOf(() => BitField.fromRuns([{ start: 4, end: 2n ** 64n }]))).toBe("bitfield/bit-out-of-range");
    expect(codeOf(() => BitField.fromRuns([{ start: -4, end: 0 }]))).toBe("bitfield/bit-out-of-range");
    expect(BitField.fromRuns([{ start: 4, end: 4 }])).toEqual(BitField.empty);
    expect(
      BitField.fromRuns([
        { start: 3, end: 9 },
        { start: 1, end: 3n },
      ]),
    ).toEqual({ edges: [1, 9] });
  });

  it("tells when a slice is not to be had", () => {
    const field = BitField.fromBits([1, 2, 5]);
    expect(BitField.slice(field, 3, 0)).toEqual(BitField.empty);
    expect(codeOf(() => BitField.slice(field, 1, 3))).toBe("bitfield/too-few");
  });

  it("gives numbers as far as they are exact", () => {
    const field = BitField.fromRuns([{ start: 2 ** 53 - 2, end: 2n ** 53n + 2n }]);
    const seen: number[] = [];
    const code = codeOf(() => {
      for (const bit of BitField.numbers(field)) seen.push(bit);
    });
    expect(code).toBe("bitfield/bit-out-of-range");
    expect(seen).toEqual([2 ** 53 - 2, 2 ** 53 - 1]);
    expect([...BitField.numbers(BitField.fromBits([3, 1, 2n]))]).toEqual([1, 2, 3]);
    expect(codeOf(() => [...BitField.numbers(BitField.fromBits([2n ** 60n]))])).toBe("bitfield/bit-out-of-range");
  });

  it("stands in CBOR as bytes of at most 32 KiB", () => {
    const field = BitField.fromBits([0, 2, 3]);
    expect(decode(BitField.bitFieldCodec, encode(BitField.bitFieldCodec, field))).toEqual(field);
    expect(encode(BitField.bitFieldCodec, BitField.empty)).toEqual(Uint8Array.of(0x40));
    const sparse = BitField.fromBits(Array.from({ length: 15_000 }, (_, i) => i * 1000));
    expect(BitField.toBytes(sparse).length).toBeGreaterThan(BitField.maxEncodedBytes);
    expect(codeOf(() => encode(BitField.bitFieldCodec, sparse))).toBe("bitfield/too-large");
    const long = new CborWriter().bytes(BitField.toBytes(sparse)).finish();
    expect(codeOf(() => decode(BitField.bitFieldCodec, long))).toBe("cbor/too-long");
    expect(codeOf(() => decode(BitField.bitFieldBytesCodec, long))).toBe("cbor/too-long");
    const loose = new CborWriter().bytes(bytesOfBits("00 1 00 11000000 111")).finish();
    expect(codeOf(() => decode(BitField.bitFieldCodec, loose))).toBe("bitfield/not-minimal");
    expect(decode(BitField.goBitFieldCodec, loose)).toEqual({ edges: [0, 3, 4, 5] });
    expect(BitField.bitFieldBytesCodec.decode(new CborReader(loose))).toEqual(bytesOfBits("00 1 00 11000000 111"));
  });

  it("is lengths of runs in JSON", () => {
    expect(BitField.toLengths(BitField.fromBits([2, 3, 4, 5, 9, 10]))).toEqual([2n, 4n, 3n, 2n]);
    expect(BitField.toLengths(BitField.fromBits([0, 1]))).toEqual([0n, 2n]);
    expect(BitField.toLengths(BitField.empty)).toEqual([0n]);
    expect(BitField.fromLengths([0, 3, 5, 2])).toEqual(BitField.fromBits([0, 1, 2, 8, 9]));
    expect(BitField.fromLengths([3, 2, 7])).toEqual(BitField.fromBits([3, 4]));
    expect(codeOf(() => BitField.fromLengths([1, 0, 3]))).toBe("bitfield/run-malformed");
    expect(codeOf(() => BitField.fromLengths([1, 1.5]))).toBe("bitfield/bit-out-of-range");
    expect(codeOf(() => BitField.fromLengths([1, 2n ** 64n - 1n]))).toBe("bitfield/bit-out-of-range");
  });

  it("is plain data", () => {
    const field = BitField.fromBits([1, 2, 2n ** 60n]);
    expect(structuredClone(field)).toEqual(field);
  });
});

/** The cases of ref-fvm:ipld/bitfield/src/iter/mod.rs test_combinators, as runs from and to. */
describe("set algebra", () => {
  const of = (...edges: number[]): BitField.BitField => ({ edges });
  it.each([
    [of(2, 5), of(), of(2, 5), of(), of(2, 5), of(2, 5), of(2, 5)],
    [
      of(0, 3, 10, 13),
      of(5, 8),
      of(0, 3, 5, 8, 10, 13),
      of(),
      of(0, 3, 10, 13),
      of(0, 3, 5, 8, 10, 13),
      of(0, 3, 7, 10),
    ],
    [of(0, 3, 8, 11), of(2, 5), of(0, 5, 8, 11), of(2, 3), of(0, 2, 8, 11), of(0, 2, 3, 5, 8, 11), of(0, 2, 5, 8)],
    [
      of(0, 3, 4, 7, 8, 11),
      of(2, 5, 6, 9, 10, 13),
      of(0, 13),
      of(2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
      of(0, 2, 5, 6, 9, 10),
      of(0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13),
      of(0, 4),
    ],
    [of(0, 6), of(1, 3), of(0, 6), of(1, 3), of(0, 1, 3, 6), of(0, 1, 3, 6), of(0, 4)],
    [
      of(0, 6),
      of(1, 3, 5, 7, 9, 11),
      of(0, 7, 9, 11),
      of(1, 3, 5, 6),
      of(0, 1, 3, 5),
      of(0, 1, 3, 5, 6, 7, 9, 11),
      of(0, 3),
    ],
    [
      of(3, 6),
      of(0, 2, 4, 5, 8, 10),
      of(0, 2, 3, 6, 8, 10),
      of(4, 5),
      of(3, 4, 5, 6),
      of(0, 2, 3, 4, 5, 6, 8, 10),
      of(1, 3),
    ],
    [of(3, 6, 8, 10), of(2, 7, 8, 11), of(2, 7, 8, 11), of(3, 6, 8, 10), of(), of(2, 3, 6, 7, 10, 11), of()],
    [of(3, 6, 8, 10), of(2, 4), of(2, 6, 8, 10), of(3, 4), of(4, 6, 8, 10), of(2, 3, 4, 6, 8, 10), of(2, 4, 6, 8)],
  ])("of %j and %j", (a, b, union, intersection, difference, symmetric, cut) => {
    expect(BitField.union(a, b)).toEqual(union);
    expect(BitField.union(b, a)).toEqual(union);
    expect(BitField.intersection(a, b)).toEqual(intersection);
    expect(BitField.intersection(b, a)).toEqual(intersection);
    expect(BitField.difference(a, b)).toEqual(difference);
    expect(BitField.symmetricDifference(a, b)).toEqual(symmetric);
    expect(BitField.symmetricDifference(b, a)).toEqual(symmetric);
    expect(BitField.cut(a, b)).toEqual(cut);
  });
});
