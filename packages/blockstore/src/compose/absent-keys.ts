/** How a cache remembers that a base lacks a block. */
export interface AbsentOptions {
  /** Most keys remembered; the oldest go first. Each takes some 160 B. */
  readonly maxKeys: number;
  /** How long one is believed: for a base that others write to. Needs `now`. Default: until a put through the cache. */
  readonly forMs?: number | undefined;
  /** Milliseconds since any fixed moment. */
  readonly now?: (() => number) | undefined;
}

const keyOverhead = 120;

/** Keys of blocks that are not there, oldest first. */
export class AbsentKeys {
  readonly #since = new Map<string, number>();
  readonly #maxKeys: number;
  readonly #forMs: number;
  readonly #now: () => number;
  bytes = 0;

  constructor(options: AbsentOptions | undefined) {
    this.#maxKeys = options?.maxKeys ?? 0;
    this.#forMs = options?.now === undefined ? Number.POSITIVE_INFINITY : (options.forMs ?? Number.POSITIVE_INFINITY);
    this.#now = options?.now ?? (() => 0);
  }

  has(key: string): boolean {
    const since = this.#since.get(key);
    if (since === undefined) return false;
    if (this.#now() - since < this.#forMs) return true;
    this.remove(key);
    return false;
  }

  add(key: string): void {
    if (this.#maxKeys === 0) return;
    this.remove(key);
    this.#since.set(key, this.#now());
    this.bytes += key.length + keyOverhead;
    if (this.#since.size > this.#maxKeys) this.remove(this.#since.keys().next().value ?? "");
  }

  remove(key: string): void {
    if (this.#since.delete(key)) this.bytes -= key.length + keyOverhead;
  }

  clear(): void {
    this.#since.clear();
    this.bytes = 0;
  }
}
