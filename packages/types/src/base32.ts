const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const values: Int8Array = new Int8Array(128).fill(-1);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/**
 * Writes bytes as RFC 4648 base32, lower case, without padding.
 *
 * @example
 * encodeBase32(Uint8Array.of(255)) // => "74"
 */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5; ) {
      bits -= 5;
      text += alphabet[(held >> bits) & 31];
    }
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/**
 * Reads what {@link encodeBase32} writes and nothing else: no upper case, no padding, no stray bits at the end. Each
 * byte string has one text, so that an address has one too.
 *
 * @returns `undefined` for any other text
 * @see go-address:address.go (decodes, encodes again, compares)
 * @example
 * decodeBase32("74") // => Uint8Array.of(255)
 */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array((text.length * 5) >> 3);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? (values[code] as number) : -1;
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = held >> bits;
    }
  }
  // 5 or more bits left over are a character that stands for no byte
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? undefined : bytes;
}
