/** What this package counts. `label` values are few and fixed. */
export const blockstoreCounters: {
  readonly [Name in BlockstoreCounter]: { readonly help: string; readonly label?: string };
} = {
  copse_blockstore_cache_reads_total: { help: "Reads of a cache: hit, absent, joined or miss", label: "outcome" },
  copse_blockstore_cache_evicted_total: { help: "Blocks a cache dropped for want of room" },
  copse_blockstore_flushed_blocks_total: { help: "Blocks that write buffers gave to their base" },
  copse_blockstore_flushed_bytes_total: { help: "Bytes of these blocks" },
  copse_blockstore_remote_attempts_total: {
    help: "Questions to remote sources: block, absent, or what a failure says about the source",
    label: "outcome",
  },
  copse_blockstore_remote_received_bytes_total: { help: "Bytes of blocks from remote sources, verified" },
};

/** Names of {@link blockstoreCounters}. */
export type BlockstoreCounter =
  | "copse_blockstore_cache_reads_total"
  | "copse_blockstore_cache_evicted_total"
  | "copse_blockstore_flushed_blocks_total"
  | "copse_blockstore_flushed_bytes_total"
  | "copse_blockstore_remote_attempts_total"
  | "copse_blockstore_remote_received_bytes_total";

/** Where counts go; an app makes one over its metrics registry. Called on hot paths: it must be cheap. */
export interface BlockstoreMetrics {
  count(name: BlockstoreCounter, by: number, label?: string): void;
}

/** Counts nothing. */
export const noMetrics: BlockstoreMetrics = { count: () => {} };
