import { NetworkError } from "./errors.ts";

/**
 * Cuts a stream of CBOR items that nothing frames. Follows structure alone: whoever decodes an item is the strict one.
 * Arrays are counted, not nested, so no depth can hurt; each byte is looked at once, however small the pieces.
 *
 * Bound: what it holds is one item's limit and one piece.
 */
export class ItemCutter {
  readonly #protocol: string;
  #buffer: Uint8Array = new Uint8Array(1024);
  #start = 0;
  #end = 0;
  /** How far the item under way was followed, from `#start`; it may be past what is here. */
  #at = 0;
  /** Items it still has. */
  #pending = 1;

  constructor(protocol: string) {
    this.#protocol = protocol;
  }

  /** Bytes held that are no whole item yet. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a piece; copied. */
  add(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) {
      const held = this.#buffer.subarray(this.#start, this.#end);
      const needed = held.length + piece.length;
      const target = needed > this.#buffer.length / 2 ? new Uint8Array(2 * needed) : this.#buffer;
      if (target === this.#buffer) target.copyWithin(0, this.#start, this.#end);
      else target.set(held);
      this.#buffer = target;
      this.#start = 0;
      this.#end = held.length;
    }
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /**
   * The next whole item, a copy; undefined when it is not there yet.
   *
   * @param limit most bytes of it
   * @throws {NetworkError} `network/message-too-long`, `network/message-malformed`: indefinite lengths, maps, text, floats
   */
  take(limit: number): Uint8Array | undefined {
    while (this.#pending > 0) if (!this.#step(limit)) return undefined;
    if (this.#at > this.length) return undefined;
    const item = this.#buffer.slice(this.#start, this.#start + this.#at);
    this.#start += this.#at;
    this.#at = 0;
    this.#pending = 1;
    return item;
  }

  /** Follows one head; false when its bytes are not here yet. */
  #step(limit: number): boolean {
    const from = this.#start + this.#at;
    if (from >= this.#end) return false;
    const head = this.#buffer[from] as number;
    const major = head >> 5;
    let value = head & 31;
    let size = 1;
    if (major === 7) {
      if (value < 20 || value > 22) throw this.#malformed(`head 0x${head.toString(16)}`);
    } else if (value >= 24) {
      if (value > 27) throw this.#malformed(`head 0x${head.toString(16)}`);
      const width = 1 << (value - 24);
      size += width;
      if (from + size > this.#end) {
        this.#assertFits(this.#at + size, limit);
        return false;
      }
      value = 0;
      for (let i = 1; i <= width; i++) value = value * 256 + (this.#buffer[from + i] as number);
    }
    this.#pending--;
    let length = size;
    if (major === 2) length += value;
    else if (major === 4) {
      this.#pending += value;
      this.#assertFits(this.#at + size + this.#pending, limit); // an item is a byte at least
    } else if (major === 6) this.#pending++;
    else if (major === 3 || major === 5) throw this.#malformed(major === 3 ? "text" : "a map");
    this.#at += length;
    this.#assertFits(this.#at, limit);
    return true;
  }

  #assertFits(received: number, limit: number): void {
    if (received <= limit) return;
    throw new NetworkError("network/message-too-long", { protocol: this.#protocol, received, limit });
  }

  #malformed(reason: string): NetworkError {
    return new NetworkError("network/message-malformed", {
      protocol: this.#protocol,
      what: `item, byte ${this.#at}`,
      reason,
    });
  }
}
