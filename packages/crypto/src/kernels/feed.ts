/** Where a kernel's input begins; its state and digest lie below. */
export const inputAt = 1024;
/** What fits in before a kernel has to run; a multiple of every block size. */
const inputBytes = 65_536;
/** The largest block of a kernel, and so the most that has to be kept back until it is known whether more follows. */
const heldBytes = 128;
/** Room of the largest state, which lies at the start of a kernel's memory. */
const stateBytes = 64;

/** A hash function as a Wasm instance. It holds one message at a time. */
export interface HashKernel {
  readonly memory: Uint8Array;
  /** Where the digest lies once the last part was taken. */
  readonly digestAt: number;
  /**
   * Takes `length` bytes of the input buffer, which follow `before` others. All parts but the last are whole blocks, and
   * the last one is empty only where the message is.
   *
   * @param size of the digest, where there is a choice
   */
  readonly take: (length: number, before: number, isLast: boolean, size: number) => void;
}

/** Hashes a message, copying it into the kernel's memory part by part; the digest is then in there. */
export function feed({ memory, take }: HashKernel, bytes: Uint8Array, size: number): void {
  let at = 0;
  for (; bytes.length - at > inputBytes; at += inputBytes) {
    memory.set(bytes.subarray(at, at + inputBytes), inputAt);
    take(inputBytes, at, false, size);
  }
  const rest = bytes.length - at;
  if (rest > 48) memory.set(at === 0 ? bytes : bytes.subarray(at), inputAt);
  else for (let i = 0; i < rest; i++) memory[inputAt + i] = bytes[at + i] as number; // `set` costs more than a few bytes
  take(rest, at, true, size);
}

/**
 * A message that a kernel is fed as it comes. Between two calls the kernel is free for others: what it needs to go on is
 * kept here, 192 B.
 */
export class KernelFeed {
  readonly #kernel: HashKernel;
  readonly #size: number;
  readonly #state = new Uint8Array(stateBytes);
  /** The end of what has come, at least a byte of it: it may be the last part. */
  readonly #held = new Uint8Array(heldBytes);
  #heldLength = 0;
  #taken = 0;

  constructor(kernel: HashKernel, size: number) {
    this.#kernel = kernel;
    this.#size = size;
  }

  update(bytes: Uint8Array): void {
    let at = 0;
    if (this.#heldLength + bytes.length > heldBytes) {
      const { memory, take } = this.#kernel;
      memory.set(this.#state);
      for (;;) {
        const there = this.#heldLength + bytes.length - at;
        if (there <= heldBytes) break;
        const whole = there - 1 - ((there - 1) % heldBytes);
        const length = Math.min(inputBytes, whole);
        const next = at + length - this.#heldLength;
        memory.set(this.#held.subarray(0, this.#heldLength), inputAt);
        memory.set(bytes.subarray(at, next), inputAt + this.#heldLength);
        take(length, this.#taken, false, this.#size);
        this.#taken += length;
        this.#heldLength = 0;
        at = next;
      }
      this.#state.set(memory.subarray(0, stateBytes));
    }
    this.#held.set(bytes.subarray(at), this.#heldLength);
    this.#heldLength += bytes.length - at;
  }

  digest(): Uint8Array {
    const { memory, take, digestAt } = this.#kernel;
    memory.set(this.#state);
    memory.set(this.#held.subarray(0, this.#heldLength), inputAt);
    take(this.#heldLength, this.#taken, true, this.#size);
    return memory.slice(digestAt, digestAt + this.#size);
  }
}
