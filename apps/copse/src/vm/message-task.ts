import type { Message } from "@copse/types";
import type { GasTrace } from "@copse/vm";
import type { ThreadError } from "./thread-error.ts";

/** A message to be tried on a state, for the thread that does it. */
export interface MessageTask {
  /** A CAR file, a folder of LMDB, or the repository of a node. */
  readonly store: string;
  /** Index of a plain CAR file, in a file of its own. */
  readonly index: string | undefined;
  readonly stateRoot: Uint8Array;
  /** Folder of bundles, and which one; code that the store holds needs none. */
  readonly actors: string;
  /** Folder where prepared modules are kept, if anywhere. */
  readonly modules: string | undefined;
  readonly bundleNetwork: string;
  readonly networkVersion: number;
  readonly chainId: bigint;
  readonly epoch: number;
  readonly timestamp: bigint;
  readonly baseFee: bigint;
  readonly circSupply: bigint;
  /** Without a nonce, the next one of the sender is taken. */
  readonly message: Omit<Message, "nonce"> & { readonly nonce: bigint | undefined };
  readonly kind: "explicit" | "implicit";
  /** Told where the signed message was given. Unit: bytes. */
  readonly rawLength: number | undefined;
  readonly fakesProofs: boolean;
  /** What every draw of randomness answers. Size: 32 B. */
  readonly randomness: Uint8Array | undefined;
  readonly trace: boolean;
}

/** What came of it. Amounts in attoFIL. */
export interface MessageOutcome {
  readonly exitCode: number;
  readonly returnData: Uint8Array;
  readonly gasUsed: bigint;
  readonly eventsRoot: Uint8Array | null | undefined;
  readonly events: readonly {
    readonly emitter: bigint;
    readonly entries: readonly {
      readonly flags: bigint;
      readonly key: string;
      readonly codec: bigint;
      readonly value: Uint8Array;
    }[];
  }[];
  readonly penalty: bigint;
  readonly minerTip: bigint;
  readonly baseFeeBurn: bigint;
  readonly overEstimationBurn: bigint;
  readonly refund: bigint;
  readonly gasBurned: bigint;
  readonly failure: string | undefined;
  readonly nonce: bigint;
  readonly stateRoot: Uint8Array;
  /** Blocks that the state after has and the store does not. */
  readonly blocks: readonly (readonly [cid: Uint8Array, bytes: Uint8Array])[];
  readonly trace: GasTrace | undefined;
}

/** The thread's answer. */
export type MessageAnswer = { readonly outcome: MessageOutcome } | { readonly error: ThreadError };
