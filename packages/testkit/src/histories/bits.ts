import { type Dice, diceOf } from "./dice.ts";
import type { History } from "./history.ts";
import type { HistorySize } from "./keyed.ts";

/** A random history of bit fields in eight registers: set algebra, slices, counts, and RLE+ bytes, some malformed. */
export function bitsHistory(seed: number, size: HistorySize = {}): History {
  const dice = diceOf(seed);
  const steps = Math.max(5, Math.floor((size.steps ?? 300) ** (0.3 + 0.7 * (dice.below(1000) / 1000))));
  const reach = dice.one([12, 80, 600, 100_000]);
  const isFar = dice.chance(0.4);
  // Go reads encodings that are not minimal, the crate that the actors use does not
  const isGo = dice.chance(0.2);
  const lines: string[] = [];
  const near = (): bigint => BigInt(dice.below(reach));
  const bit = (): bigint => (isFar && dice.chance(0.1) ? top(dice.wide(64)) : near());
  const top = (wide: bigint): bigint => (dice.chance(0.1) ? 2n ** 64n - 2n - near() : wide);
  const bits = (): string => Array.from({ length: 1 + dice.below(dice.chance(0.1) ? 200 : 8) }, bit).join(",");
  const row = (): string => {
    const start = dice.below(reach);
    return Array.from({ length: 1 + dice.below(40) }, (_, i) => start + i).join(",");
  };
  const register = (): number => dice.below(8);
  while (lines.length < steps) {
    const action = dice.below(100);
    const r = register();
    if (action < 12) lines.push(`bits ${r} ${dice.chance(0.5) ? bits() : row()}`);
    else if (action < 24) lines.push(`set ${r} ${dice.chance(0.5) ? bits() : row()}`);
    else if (action < 32) lines.push(`unset ${r} ${dice.chance(0.5) ? bits() : row()}`);
    else if (action < 42) lines.push(`${isGo ? "gobytes" : "bytes"} ${r} ${runLengths(dice, isFar)}`.trimEnd());
    else if (action < 66)
      lines.push(`${dice.one(["or", "and", "sub", "xor", "cut"])} ${r} ${register()} ${register()}`);
    else if (action < 74)
      lines.push(`slice ${r} ${register()} ${dice.below(dice.one([5, 60]))} ${dice.below(dice.one([5, 60]))}`);
    else if (action < 75) lines.push(`union ${r}`);
    else if (action < 87) lines.push(`${dice.one(["count", "first", "last", "isempty"])} ${r}`);
    else if (action < 91) lines.push(`get ${r} ${bit()}`);
    else if (action < 94) lines.push(`nth ${r} ${dice.below(dice.one([5, 200]))}`);
    else if (action < 97) lines.push(`${dice.one(["any", "all"])} ${r} ${register()}`);
    else lines.push(`list ${r} ${dice.below(500)}`);
  }
  for (let r = 0; r < 8; r++) lines.push(`root ${r}`);
  return { seed, start: "bits", mode: "every", lines, judges: isGo ? ["go"] : ["rust", "go"] };
}

/** RLE+ bytes in hex: well formed mostly, else not minimal, cut, overlong or any bytes. */
function runLengths(dice: Dice, isFar: boolean): string {
  const kind = dice.below(20);
  if (kind === 0) return Buffer.from(dice.bytes(dice.below(12))).toString("hex");
  const isLoose = kind < 5;
  let written = dice.chance(0.03) ? dice.one(["01", "10", "11"]) : "00";
  written += dice.below(2);
  for (let left = dice.below(12); left > 0; left--) written += runOf(dice, isLoose, isFar);
  if (isLoose && dice.chance(0.3)) written += "0".repeat(dice.below(20));
  if (isLoose && dice.chance(0.2)) written = written.slice(0, dice.below(written.length + 1));
  let hex = "";
  for (let at = 0; at < written.length; at += 8) {
    // the lowest bit of a byte comes first
    const byte = [...written.slice(at, at + 8)].reduce((sum, digit, i) => sum + (Number(digit) << i), 0);
    hex += byte.toString(16).padStart(2, "0");
  }
  return hex;
}

function runOf(dice: Dice, isLoose: boolean, isFar: boolean): string {
  const length = dice.chance(0.3)
    ? 1n
    : isFar && dice.chance(0.05)
      ? dice.wide(64)
      : dice.wide(dice.one([4, 6, 10, 17]));
  const form = isLoose && dice.chance(0.1) ? dice.below(3) : length === 1n ? 0 : length < 16n ? 1 : 2;
  if (form === 0) return "1";
  if (form === 1) return `01${lowFirst(length & 15n, 4)}`;
  let varint = "";
  let rest = length;
  for (; rest > 127n; rest >>= 7n) varint += `${lowFirst(rest & 127n, 7)}1`;
  varint += `${lowFirst(rest, 7)}0`;
  if (isLoose && dice.chance(0.05)) varint = `${varint.slice(0, -1)}100000000`;
  return `00${varint}`;
}

function lowFirst(value: bigint, bits: number): string {
  return [...value.toString(2).padStart(bits, "0")].reverse().join("");
}
