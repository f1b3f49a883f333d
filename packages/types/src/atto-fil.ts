import { bytesToBigint } from "@copse/primitives";
import { TypesError } from "./errors.ts";

declare const unit: unique symbol;

/** Native tokens. Unit: attoFIL (1 FIL = 10^18). May be negative: debts and deltas are amounts too. */
export type AttoFil = bigint & { readonly [unit]: "attoFIL" };

/** attoFIL in one FIL. */
export const perFil: bigint = 10n ** 18n;

/** No tokens. */
export const zero: AttoFil = 0n as AttoFil;

/** All FIL there may ever be: 2 000 000 000. No message moves more. @see lotus:build/buildconstants/params_shared_vals.go */
export const totalSupply: AttoFil = (2_000_000_000n * perFil) as AttoFil;

/** Bytes of the chain form, at most, sign included. @see go-state-types:big/int.go */
export const maxAmountLength: number = 128;

/** An amount given in attoFIL. */
export const from = (atto: bigint | number): AttoFil => BigInt(atto) as AttoFil;

/** An amount given in whole FIL. */
export const fromFil = (whole: bigint | number): AttoFil => (BigInt(whole) * perFil) as AttoFil;

/** Sum. The unit survives. */
export const add = (a: AttoFil, b: AttoFil): AttoFil => (a + b) as AttoFil;

/** Difference, which may be negative. */
export const sub = (a: AttoFil, b: AttoFil): AttoFil => (a - b) as AttoFil;

/** `amount` times a plain number, as gas times price. */
export const mul = (amount: AttoFil, times: bigint): AttoFil => (amount * times) as AttoFil;

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Writes an integer in the chain form of amounts and weights: see {@link decodeBigInt}.
 *
 * @throws {TypesError} `amount/too-long`
 * @example
 * AttoFil.encodeBigInt(-256n) // => Uint8Array.of(1, 1, 0)
 */
export function encodeBigInt(value: bigint): Uint8Array {
  if (value === 0n) return nothing;
  const magnitude = value < 0n ? -value : value;
  if (magnitude <= wordMask) return withSign(value, 0, [Number(magnitude)]);
  const words: number[] = [];
  for (let rest = magnitude; rest > 0n; rest >>= 48n) words.push(Number(rest & wordMask));
  return withSign(value, words.length - 1, words);
}

const wordMask = 0xffffffffffffn; // 48 bits are exact as numbers, and all that most fees have

/** Writes words of 48 bits, the lowest first, big-endian behind the sign byte. */
function withSign(value: bigint, last: number, words: readonly number[]): Uint8Array {
  const top = words[last] as number;
  const topBits = top < 0x100000000 ? 32 - Math.clz32(top) : 64 - Math.clz32(top / 0x100000000);
  const length = 6 * last + 1 + Math.ceil(topBits / 8); // sign, whole words, the bytes of the highest
  if (length > maxAmountLength) throw new TypesError("amount/too-long", { length, limit: maxAmountLength });
  const bytes = new Uint8Array(length);
  bytes[0] = value < 0n ? 1 : 0;
  let at = length;
  for (let i = 0; i <= last; i++) {
    const word = words[i] as number;
    // halves of 24 bits: shifts are of small integers, divisions would not be
    const high = Math.floor(word / 0x1000000);
    const low = word - high * 0x1000000;
    for (let shift = 0; shift < 24 && at > 1; shift += 8) bytes[--at] = low >>> shift;
    for (let shift = 0; shift < 24 && at > 1; shift += 8) bytes[--at] = high >>> shift;
  }
  return bytes;
}

/**
 * Reads an integer from the chain form of amounts and weights.
 *
 * Shape: empty is 0; otherwise a sign byte, 0 (plus) or 1 (minus), and a big-endian magnitude. Leading zeros and minus
 * zero are accepted, as Go and Rust accept them; they do not re-encode to the same bytes. Size: at most 128 B.
 *
 * @throws {TypesError} `amount/sign-unknown`, `amount/too-long`
 * @see go-state-types:big/int.go, ref-fvm:shared/src/bigint/bigint_ser.rs
 * @example
 * AttoFil.decodeBigInt(Uint8Array.of(1, 1, 0)) // => -256n
 */
export function decodeBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  if (bytes.length > maxAmountLength) {
    throw new TypesError("amount/too-long", { length: bytes.length, limit: maxAmountLength });
  }
  const sign = bytes[0] as number;
  if (sign > 1) throw new TypesError("amount/sign-unknown", { sign });
  const magnitude = bytesToBigint(bytes.subarray(1));
  return sign === 1 ? -magnitude : magnitude;
}

/**
 * Writes an amount in its chain form.
 *
 * @throws {TypesError} `amount/too-long`
 * @example
 * AttoFil.encode(AttoFil.from(256)) // => Uint8Array.of(0, 1, 0)
 */
export function encode(amount: AttoFil): Uint8Array {
  return encodeBigInt(amount);
}

/**
 * Reads an amount from its chain form; for its shape and bounds see {@link decodeBigInt}.
 *
 * @throws {TypesError} `amount/sign-unknown`, `amount/too-long`
 * @example
 * AttoFil.decode(Uint8Array.of(0, 1, 0)) // => 256n
 */
export function decode(bytes: Uint8Array): AttoFil {
  return decodeBigInt(bytes) as AttoFil;
}

/**
 * The amount in whole FIL, exact, without needless zeros.
 *
 * @example
 * AttoFil.format(AttoFil.from(1_500_000_000_000_000_000n)) // => "1.5 FIL"
 */
export function format(amount: AttoFil): string {
  const magnitude = amount < 0n ? -amount : amount;
  const fraction = (magnitude % perFil).toString().padStart(18, "0").replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${magnitude / perFil}${fraction === "" ? "" : `.${fraction}`} FIL`;
}

const maxTextLength = 64; // Lotus: 50 for the number alone
const written: RegExp = /^(-?)(\d*)\.?(\d*)\s*([a-z]*)\s*$/i;

/**
 * Reads an amount as people write it: FIL with up to 18 decimals, or attoFIL (`aFIL`, `attoFIL`) without a fraction.
 *
 * Bound: 64 characters in all.
 *
 * @throws {TypesError} `amount/text-malformed`
 * @see lotus:chain/types/fil.go ParseFIL
 * @example
 * AttoFil.parse("1.5 FIL") // => 1500000000000000000n
 * AttoFil.parse("7 afil") // => 7n
 */
export function parse(text: string): AttoFil {
  if (text.length > maxTextLength) throw malformed(text, `more than ${maxTextLength} characters`);
  const match = written.exec(text);
  const [, sign, whole = "", fraction = "", name = ""] = match ?? [];
  if (match === null || whole + fraction === "") throw malformed(text, "wanted a number and a unit");
  const decimals = unitDecimals(name.toLowerCase());
  if (decimals === undefined) throw malformed(text, `unit ${name} is none of FIL, attoFIL, aFIL`);
  const digits = fraction.replace(/0+$/, "");
  if (digits.length > decimals) throw malformed(text, "smaller than 1 attoFIL");
  const atto = BigInt(whole + digits.padEnd(decimals, "0"));
  return (sign === "-" ? -atto : atto) as AttoFil;
}

function unitDecimals(name: string): number | undefined {
  if (name === "" || name === "fil") return 18;
  return name === "attofil" || name === "afil" ? 0 : undefined;
}

function malformed(text: string, reason: string): TypesError {
  return new TypesError("amount/text-malformed", { length: text.length, reason });
}
