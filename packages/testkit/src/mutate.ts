/** A small seeded generator (mulberry32): the same seed gives the same bytes on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** What breaks decoders: heads of CBOR that claim much, varints that claim more, ends of ranges, links. */
const hostile = [
  "00",
  "7f",
  "80",
  "ff",
  "9bffffffffffffffff",
  "5bffffffffffffffff",
  "5b0000000080000000",
  "1bffffffffffffffff",
  "3bffffffffffffffff",
  "1b001fffffffffffff",
  "9a00100000",
  "bf",
  "9f",
  "f6",
  "f97e00",
  "fb7ff0000000000000",
  "d82a5827000171a0e40220",
  "d82a45000055000100",
  "818181818181818181818181",
  "ffffffffffffffffff01",
  "ffffffff0f",
  "8000",
].map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));

/** Damages one of the seeds, one to four times: flips, cuts, splices, repeats, lengthens, plants hostile bytes. */
export function mutate(seeds: readonly Uint8Array[], random: () => number): Uint8Array {
  const pick = (limit: number): number => Math.floor(random() * limit);
  let bytes: Uint8Array = Uint8Array.from(seeds[pick(seeds.length)] ?? []);
  for (let rounds = 1 + pick(4); rounds > 0; rounds--) {
    const at = pick(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = pick(9);
    if (kind === 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
    else if (kind === 1 && at < bytes.length) bytes[at] = pick(256);
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) bytes = joined(before, Uint8Array.of(pick(256)), after);
    else if (kind === 4) bytes = joined(before, after.subarray(1 + pick(8)));
    else if (kind === 5) bytes = joined(before, hostile[pick(hostile.length)] as Uint8Array, after);
    else if (kind === 6) {
      const planted = hostile[pick(hostile.length)] as Uint8Array;
      bytes = joined(before, planted, after.subarray(planted.length));
    } else if (kind === 7) bytes = joined(before, after.subarray(0, 1 + pick(40)), after);
    else {
      const other = seeds[pick(seeds.length)] ?? bytes;
      bytes = joined(before, other.subarray(pick(other.length + 1)));
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
