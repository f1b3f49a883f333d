/** Takes a stream apart: so many bytes at a time, then the rest as a stream. */
export class BytePuller {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes, without taking them; fewer where the stream ends. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#held.length < count) {
      const step = await this.#chunks.next();
      if (step.done === true) break;
      this.#held = Buffer.concat([this.#held, step.value]);
    }
    return this.#held.subarray(0, count);
  }

  /** Takes bytes; fewer where the stream ends. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = await this.peek(count);
    this.#held = this.#held.subarray(bytes.length);
    return bytes;
  }

  /** The next `count` bytes as they come; the source is ended with them. */
  async *stream(count: number = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
    try {
      for (let left = count; left > 0; ) {
        if (this.#held.length === 0) await this.peek(1);
        if (this.#held.length === 0) return;
        const chunk = this.#held.subarray(0, left);
        this.#held = this.#held.subarray(chunk.length);
        left -= chunk.length;
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
