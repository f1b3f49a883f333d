import { createHash } from "node:crypto";
import { type Dice, diceOf, itemOf } from "./dice.ts";
import type { History } from "./history.ts";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Limits of a history. */
export interface HistorySize {
  /** Lines at most, 300 if not said. */
  readonly steps?: number;
  /** Bytes of a value at most, 1024 if not said. */
  readonly value?: number;
}

/** A random history of a HAMT: any version, bit width and hash, with keys that collide deep down. */
export function hamtHistory(seed: number, size: HistorySize = {}): History {
  const dice = diceOf(seed);
  const version = dice.one([0, 2, 3, 3]);
  const bits = dice.chance(0.4) ? 5 : 1 + dice.below(8);
  const identity = dice.chance(0.5);
  // depth of the first data and size of a bucket, which the Rust crate alone can be told
  const wide = version !== 0 && dice.chance(0.15) ? ` ${dice.below(4)} ${1 + dice.below(8)}` : "";
  // a hash of 64 bits, which the Go module alone can be given
  const short = wide === "" && !identity && dice.chance(0.15);
  // keys that agree beyond the last whole level, or in all 32 bytes: go-hamt-ipld and the Rust crate differ in depth there
  const full = identity && version !== 0 && dice.chance(0.15);
  const fresh = identity ? near(dice, full ? 33 : 32, full ? 256 : 240) : hashed(dice);
  const { mode, lines } = keyedLines(dice, fresh, size, { from: version === 3 || version === 2, errors: full });
  return {
    seed,
    start: `hamt ${version} ${bits} ${identity ? "identity" : short ? "sha64" : "sha256"}${wide}`,
    mode,
    lines,
    judges: version === 0 || short ? ["go"] : full || wide !== "" ? ["rust"] : ["rust", "go"],
  };
}

/** A random history of a KAMT: any bit width, least depth of data and bucket size, with keys as the EVM's. */
export function kamtHistory(seed: number, size: HistorySize = {}): History {
  const dice = diceOf(seed);
  const bits = dice.chance(0.3) ? 5 : 1 + dice.below(8);
  const depth = dice.chance(0.5) ? 0 : dice.below(5);
  const bucket = dice.chance(0.4) ? 1 : 1 + dice.below(8);
  const keys = near(dice, 32, 256);
  const small = (): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, i) => (i < 30 ? 0 : dice.below(i === 30 ? 2 : 256)));
  const fresh = (known: readonly Uint8Array[]): Uint8Array => (dice.chance(0.2) ? small() : keys(known));
  const { mode, lines } = keyedLines(dice, fresh, size, { from: true, errors: false });
  return {
    seed,
    start: `kamt ${bits} ${depth} ${bucket} ${dice.chance(0.5) ? "u256" : "bytes"}`,
    mode,
    lines,
    judges: ["rust"],
  };
}

type Fresh = (known: readonly Uint8Array[]) => Uint8Array;

/** Keys near known ones: equal up to some bit, so that identity hashes part there. */
function near(dice: Dice, length: number, deepest: number): Fresh {
  return (known) => {
    if (known.length === 0 || dice.chance(0.25)) return dice.bytes(length);
    const key = dice.one(known).slice();
    const bit = Math.floor(deepest * dice.one([0.05, 0.2, 0.5, 1, 1]) * (dice.below(1000) / 1000));
    (key[bit >> 3] as number) ^= 0x80 >> (bit & 7);
    if (dice.chance(0.5)) key.set(dice.bytes(length - (bit >> 3) - 1), (bit >> 3) + 1);
    return key;
  };
}

/** Keys whose SHA-256 agrees in more bits than chance gives, beside plain ones. */
function hashed(dice: Dice): Fresh {
  const slots = new Map<number, Uint8Array[]>();
  for (let i = 0; i < 400; i++) {
    const key = dice.bytes(dice.chance(0.9) ? 1 + dice.below(12) : dice.below(80));
    const slot = createHash("sha256").update(key).digest().readUInt16BE() >> 7;
    const held = slots.get(slot);
    if (held === undefined) slots.set(slot, [key]);
    else held.push(key);
  }
  const crowded = [...slots.values()].sort((a, b) => b.length - a.length).flat();
  const reach = dice.one([12, 40, 120, 400]);
  return () => crowded[dice.below(reach)] as Uint8Array;
}

function keyedLines(
  dice: Dice,
  fresh: Fresh,
  size: HistorySize,
  has: { from: boolean; errors: boolean },
): { mode: History["mode"]; lines: string[] } {
  const steps = Math.max(5, Math.floor((size.steps ?? 300) ** (0.3 + 0.7 * (dice.below(1000) / 1000))));
  const longest = dice.chance(0.2) ? (size.value ?? 1024) : Math.min(12, size.value ?? 12);
  const mode = has.errors || dice.chance(0.75) ? "every" : "sparse";
  const ends = dice.chance(0.4); // the last steps take everything away
  const held = new Map<string, string>();
  const lines: string[] = [];
  let shrinking = false;
  const known = (): string | undefined => (held.size === 0 ? undefined : dice.one([...held.keys()]));
  const keys = (): Uint8Array[] => [...held.keys()].map((key) => new Uint8Array(Buffer.from(key, "hex")));
  const any = (): string => (dice.chance(0.7) ? known() : undefined) ?? hexOf(fresh(keys()));
  while (lines.length < steps) {
    if (dice.chance(0.05)) shrinking = !shrinking;
    if (ends && lines.length > steps * 0.8 - held.size) shrinking = true;
    const action = dice.below(100);
    if (action < (shrinking ? 5 : 48)) {
      const key = dice.chance(0.8) ? hexOf(fresh(keys())) : any();
      const value = dice.chance(0.1) ? (held.get(key) ?? "00") : itemOf(dice, longest);
      lines.push(`set ${key} ${value}`);
      held.set(key, value);
    } else if (action < (shrinking ? 8 : 56)) {
      const key = any();
      const value = itemOf(dice, longest);
      lines.push(`setnew ${key} ${value}`);
      if (!held.has(key)) held.set(key, value);
    } else if (action < (shrinking ? 78 : 74)) {
      const key = (dice.chance(0.93) ? known() : undefined) ?? hexOf(fresh(keys()));
      lines.push(`del ${key}`);
      held.delete(key);
    } else if (action < 76) {
      const all = new Set(Array.from({ length: 1 + dice.below(6) }, any));
      lines.push(`delmany ${[...all].join(",")}`);
      for (const key of all) held.delete(key);
    } else if (action < 77 && dice.chance(0.1)) {
      lines.push("clear");
      held.clear();
    } else if (action < 84) lines.push(`${dice.one(["get", "has"])} ${any()}`);
    else if (action < 87) lines.push("each");
    else if (action < 89) lines.push(has.from ? `from ${any()} ${dice.below(held.size + 3)}` : "each");
    else if (action < 92) lines.push("reload");
    else if (action < 94) lines.push("mark");
    else if (action < 97) lines.push(dice.chance(0.2) ? "pardiff" : "diff");
    else lines.push("root");
  }
  lines.push("each", "diff", "root");
  return { mode, lines };
}
