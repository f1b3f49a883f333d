/** Where a kernel's input begins; its state and digest lie below. */
export const inputAt = 1024;
/** What fits in before a kernel has to run; a multiple of every block size. */
const inputBytes = 65_536;

/**
 * Copies a message into a kernel's memory, part by part; `take` runs after each. Every part but the last is full, and the
 * last one is empty only where the message is.
 */
export function feed(
  memory: Uint8Array,
  bytes: Uint8Array,
  take: (length: number, before: number, isLast: boolean) => void,
): void {
  let at = 0;
  for (; bytes.length - at > inputBytes; at += inputBytes) {
    memory.set(bytes.subarray(at, at + inputBytes), inputAt);
    take(inputBytes, at, false);
  }
  const rest = bytes.length - at;
  if (rest > 48) memory.set(at === 0 ? bytes : bytes.subarray(at), inputAt);
  else for (let i = 0; i < rest; i++) memory[inputAt + i] = bytes[at + i] as number; // `set` costs more than a few bytes
  take(rest, at, true);
}
