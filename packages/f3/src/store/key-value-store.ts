/** One change: `value` absent removes the key. */
export interface KeyValueChange {
  readonly key: Uint8Array;
  readonly value?: Uint8Array | undefined;
}

/**
 * Any key-value store with atomic batches: all that a certificate store needs of one.
 *
 * Keys are ASCII of at most 64 B, such as `/0/certs/00000000000005A0`. A store belongs to one certificate store at a time.
 *
 * @example
 * const store: KeyValueStore = rowsAsStore(createMemoryDatabase(), "f3");
 */
export interface KeyValueStore {
  /** The value under `key`, or `undefined`. The reader does not change it. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Applies changes, later ones over earlier ones of the same key. All or nothing, whatever moment the process dies at;
   * durable when the promise resolves.
   */
  batch(changes: readonly KeyValueChange[]): Promise<void>;
}
