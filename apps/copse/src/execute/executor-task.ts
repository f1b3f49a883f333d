import type { ThreadError } from "../vm/thread-error.ts";

/** What the thread that executes is started with. Plain data. */
export interface ExecutorStart {
  /** Folder of the database. */
  readonly database: string;
  /** The rules of the network, as `networkJson` writes them. */
  readonly networkJson: string;
  /** Folder of bundles of actors, and whose. */
  readonly actors: string;
  readonly actorsNetwork: string;
  /** Folder where prepared modules are kept, if anywhere. */
  readonly modules: string | undefined;
  /** Blocks of state kept in memory. Unit: bytes. */
  readonly cacheBytes: number;
  /** One number; other than 0: stop before the next message. */
  readonly stop: Int32Array;
}

/** What the thread is told: execute a tipset, or that the blocks of an answer are in the database. */
export type ExecutorTask =
  | { readonly kind: "execute"; readonly id: number; readonly key: Uint8Array }
  | { readonly kind: "stored"; readonly id: number }
  | { readonly kind: "end" };

/** What executing a tipset gave. */
export interface Executed {
  /** CIDs. */
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** What children name as their parents' base fee. Unit: attoFIL per gas. */
  readonly nextBaseFee: bigint;
  /** Of its messages, implicit ones aside. */
  readonly messages: number;
  readonly gasUsed: bigint;
}

/** What the thread says of a tipset. */
export type ExecutorAnswer =
  | {
      readonly id: number;
      readonly executed: Executed;
      /** New blocks of state and receipts, by `packBlocks`. */
      readonly blocks: Uint8Array;
      /** How long it took. Unit: ms. */
      readonly tookMs: number;
    }
  | { readonly id: number; readonly error: ThreadError };
