/** One change: `value` absent removes the key. */
export interface KeyValueChange {
  readonly key: Uint8Array;
  readonly value?: Uint8Array | undefined;
}

/**
 * Any key-value store with atomic batches: all that a certificate store needs of one.
 *
 * Keys are ASCII of at most 64 B, such as `/0/certs/00000000000005A0`.
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
  /**
   * {@link batch} where the rows are still as `expected` says (`value` absent: the key is not there), in one step with that
   * look; else nothing changes. Expected are two rows at most.
   *
   * May be left out: then it is `get` and `batch`, in turn among those who share the object. Where several handles or
   * processes write the same rows, leave it out and two that write at the same moment may both believe that they have.
   *
   * @returns whether the changes were applied
   */
  readonly batchIf?:
    | ((expected: readonly KeyValueChange[], changes: readonly KeyValueChange[]) => Promise<boolean>)
    | undefined;
}
