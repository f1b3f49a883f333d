import type { CidBytes } from "@copse/ipld";
import type { ThreadError } from "../vm/thread-error.ts";

/** What a thread that makes a local chain is told. Plain data. */
export interface DevnetTask {
  readonly networkVersion: number;
  readonly epochs: number;
  readonly seed: string;
  readonly miners: number | undefined;
  /** Folder of bundles. */
  readonly actors: string;
  /** Folder where prepared modules are kept, if anywhere. */
  readonly modules: string | undefined;
  /** Whose bundle. */
  readonly actorsNetwork: string;
}

/** A block with its messages. */
export interface DevnetBlock {
  /** The header's bytes. */
  readonly bytes: Uint8Array;
  readonly messages: { readonly bls: readonly Uint8Array[]; readonly secp: readonly Uint8Array[] };
}

/** How messages ended, by exit code; those of forks are counted too. */
export type ExitCounts = Readonly<Record<string, number>>;

/** What the thread says: progress, and everything at the end. */
export type DevnetAnswer =
  | { readonly kind: "epoch"; readonly height: number }
  | { readonly kind: "failed"; readonly error: ThreadError }
  | {
      readonly kind: "done";
      /** Of the head's tipset. */
      readonly roots: readonly CidBytes[];
      readonly genesis: CidBytes;
      /** The rules of the network, as `--network FILE` takes them. */
      readonly networkJson: string;
      /** Oldest first, genesis first; a null round is absent. */
      readonly tipsets: readonly (readonly DevnetBlock[])[];
      readonly forks: readonly (readonly DevnetBlock[])[];
      /** Every block of state and receipts, and the actors' code. */
      readonly state: readonly (readonly [CidBytes, Uint8Array])[];
      readonly exitCodes: ExitCounts;
    };
