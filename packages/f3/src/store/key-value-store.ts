/** Any key-value store with atomic batches. */
export interface KeyValueStore {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** All or nothing. No `value` removes the key. */
  batch(operations: readonly { readonly key: Uint8Array; readonly value?: Uint8Array }[]): Promise<void>;
}
