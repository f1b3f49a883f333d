import type { AbortOptions } from "@copse/primitives";

/** How many threads check signatures. */
export interface F3PoolOptions extends AbortOptions {
  readonly workers?: number;
}
