import type { Tipset } from "@copse/types";
import type { CID } from "multiformats/cid";
import type { BlockMessages } from "../validate/read-messages.ts";
import type { OfferedMessage } from "./messages.ts";

/** One block of a minted chain with everything to store or send. */
export interface MintedBlock {
  /** The header's bytes. */
  readonly bytes: Uint8Array;
  readonly messages: BlockMessages;
}

/** What children name of a tipset's execution. */
export interface AfterTipset {
  readonly stateRoot: CID;
  readonly receipts: CID;
}

/** What a tipset that is built on stands on. */
export interface MintedGrandparent {
  /** `undefined` below genesis. */
  readonly tipset: Tipset | undefined;
  /** Next nonce of each sender after it. */
  readonly nonces: readonly bigint[];
}

/** A tipset to build on, with what its children must name. */
export interface MintedParent {
  readonly tipset: Tipset;
  /** Bytes and messages of each block, in the tipset's order. */
  readonly blocks: readonly MintedBlock[];
  /** What each block lists, in the tipset's order. */
  readonly listed: readonly (readonly OfferedMessage[])[];
  /** What it stands on itself. */
  readonly parents: MintedGrandparent;
  /** And after it. */
  readonly nonces: readonly bigint[];
  /** Weight of this tipset: its children's `parentWeight`. */
  readonly weight: bigint;
  /** Its children's `parentBaseFee`. */
  readonly baseFee: bigint;
  /** Executes it, once: not every tipset has children. */
  after(): AfterTipset;
}

/** One epoch of a minted chain. */
export interface MintedEpoch {
  readonly height: number;
  /** The tipset of the heaviest chain; `undefined` in a null round. */
  readonly tipset: Tipset | undefined;
  /** Its blocks, in canonical order: bytes and messages. */
  readonly blocks: readonly MintedBlock[];
  /** A tipset of a fork that is lighter at every epoch: valid, and never on the heaviest chain. */
  readonly fork: { readonly tipset: Tipset; readonly blocks: readonly MintedBlock[] } | undefined;
}
