import { fromHex, toHex } from "@copse/primitives";
import type { Player } from "@copse/testkit/histories";
import * as BitField from "../../src/bitfield/index.ts";

/** Plays histories `bits` on the bit fields of this package. */
export function bitsPlayer(): Player {
  const fields: BitField.BitField[] = Array.from({ length: 8 }, () => BitField.empty);
  const at = (word: string | undefined): BitField.BitField => fields[Number(word)] as BitField.BitField;
  const listed = (text = ""): bigint[] => text.split(",").filter(Boolean).map(BigInt);
  const binary = {
    or: BitField.union,
    and: BitField.intersection,
    sub: BitField.difference,
    xor: BitField.symmetricDifference,
    cut: BitField.cut,
  };
  const made = ([word, r, a = "", b = "", c = ""]: readonly string[]): BitField.BitField | undefined => {
    if (word === "bytes") return BitField.fromBytes(fromHex(a));
    if (word === "gobytes") return BitField.fromBytes(fromHex(a), "go");
    if (word === "bits") return BitField.fromBits(listed(a));
    if (word === "set") return BitField.set(at(r), listed(a));
    if (word === "unset") return BitField.unset(at(r), listed(a));
    if (word === "slice") return BitField.slice(at(a), BigInt(b), BigInt(c));
    if (word === "union") return BitField.unionAll(fields);
    return binary[word as keyof typeof binary]?.(at(a), at(b));
  };
  return {
    op: (words) => {
      const [word, r, a = "0"] = words;
      const field = made(words);
      if (field !== undefined) {
        fields[Number(r)] = field;
        return "ok";
      }
      if (word === "count") return String(BitField.count(at(r)));
      if (word === "first") return String(BitField.first(at(r)) ?? "-");
      if (word === "last") return String(BitField.last(at(r)) ?? "-");
      if (word === "isempty") return String(BitField.isEmpty(at(r)));
      if (word === "get") return String(BitField.has(at(r), BigInt(a)));
      if (word === "nth") return String(BitField.nth(at(r), BigInt(a)) ?? "-");
      if (word === "any") return String(BitField.containsAny(at(r), at(a)));
      if (word === "all") return String(BitField.containsAll(at(r), at(a)));
      if (word === "list") return [...BitField.boundedBits(at(r), BigInt(a))].join(",");
      return "?";
    },
    root: ([, r = "0"]) => toHex(BitField.toBytes(at(r))) || "-",
    kindOf: (error) => {
      if (!(error instanceof BitField.BitFieldError)) throw error;
      if (error.code === "bitfield/too-few") return "short";
      if (error.code === "bitfield/too-many") return "many";
      return "bad";
    },
  };
}
