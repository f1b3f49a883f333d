import { CopseError } from "./errors.ts";

/** Facts of each code the functions on bytes throw. */
export type BytesFacts = {
  "bytes/hex-malformed": { length: number; at: number };
};

/** Text that is not what a function on bytes takes. */
export class BytesError<Code extends keyof BytesFacts = keyof BytesFacts> extends CopseError<Code, BytesFacts[Code]> {
  override readonly name = "BytesError";
}

/**
 * Joins byte strings into a new one. Cost: one copy of each.
 *
 * @example
 * concatBytes(Uint8Array.of(1), Uint8Array.of(2, 3)) // => Uint8Array.of(1, 2, 3)
 */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts);
}

/**
 * Joins a list of byte strings, however long: what an outsider sends in millions of pieces is too much for arguments.
 * Cost: one copy of each.
 *
 * @example
 * joinBytes([Uint8Array.of(1), Uint8Array.of(2, 3)]) // => Uint8Array.of(1, 2, 3)
 */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Orders byte strings as Go's `bytes.Compare` and Rust's slices do: by byte, a prefix first.
 *
 * @returns a negative number, 0 or a positive one
 * @example
 * compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0)) // => -1
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/**
 * Tells whether two byte strings hold the same bytes. Not constant-time: for public data only.
 *
 * @example
 * equalBytes(Uint8Array.of(1), Uint8Array.of(1)) // => true
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Writes bytes as lower-case hex without a prefix.
 *
 * @example
 * toHex(Uint8Array.of(0, 255)) // => "00ff"
 */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/**
 * Reads hex of either case; a leading `0x` is allowed.
 *
 * @throws {BytesError} `bytes/hex-malformed` on an odd length or another character
 * @example
 * fromHex("0x00ff") // => Uint8Array.of(0, 255)
 */
export function fromHex(text: string): Uint8Array {
  const start = text.startsWith("0x") ? 2 : 0;
  const digits = text.length - start;
  if (digits % 2 !== 0) throw malformedHex(text, text.length);
  const bytes = new Uint8Array(digits / 2);
  for (let i = 0; i < bytes.length; i++) {
    const at = start + 2 * i;
    const high = nibble(text.charCodeAt(at));
    const low = nibble(text.charCodeAt(at + 1));
    if (high < 0 || low < 0) throw malformedHex(text, high < 0 ? at : at + 1);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function malformedHex(text: string, at: number): BytesError {
  return new BytesError("bytes/hex-malformed", `hex text of ${text.length} characters is malformed at ${at}`, {
    length: text.length,
    at,
  });
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

const chunk = 4096; // arguments a call may carry safely on every engine

/**
 * One character a byte: one-to-one with the bytes, so safe and cheap as a `Map` key. Not text for people.
 *
 * @example
 * latin1(Uint8Array.of(97, 98)) // => "ab"
 */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= chunk) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  let text = "";
  for (let at = 0; at < bytes.length; at += chunk) text += latin1(bytes.subarray(at, at + chunk));
  return text;
}

/**
 * The bytes behind a {@link latin1} key.
 *
 * @example
 * fromLatin1("ab") // => Uint8Array.of(97, 98)
 */
export function fromLatin1(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}

const encoder: TextEncoder = new TextEncoder();

/**
 * Text as UTF-8.
 *
 * @example
 * utf8("é") // => Uint8Array.of(0xc3, 0xa9)
 */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
