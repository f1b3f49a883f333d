import { joinBytes } from "@copse/primitives";

/** Takes pieces of any length from chunks as they come. */
export class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, perhaps a view; `undefined` where fewer are left. */
  async take(length: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length < length && !(await this.#fill(length))) return undefined;
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return piece;
  }

  /** Whether there is another byte. */
  async more(): Promise<boolean> {
    return this.#rest.length > 0 || this.#fill(1);
  }

  /** A varint as CAR files have it; `undefined` where it is cut, or past `limit`. */
  async varint(limit: number): Promise<number | undefined> {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = (await this.take(1))?.[0];
      if (byte === undefined) return undefined;
      value += (byte & 127) * scale;
      if (value > limit || scale > limit) return undefined;
      if (byte < 128) return value;
    }
  }

  /** Lets the source go. */
  async end(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(length: number): Promise<boolean> {
    const parts = [this.#rest];
    for (let have = this.#rest.length; have < length; ) {
      const { done, value } = await this.#chunks.next();
      if (done === true) {
        this.#rest = joinBytes(parts);
        return false;
      }
      parts.push(value);
      have += value.length;
    }
    this.#rest = joinBytes(parts);
    return true;
  }
}
