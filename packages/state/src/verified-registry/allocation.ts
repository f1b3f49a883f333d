import type { Codec } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import { cidField, numberField, uintField } from "../field-codecs.ts";
import { struct } from "../struct.ts";

/** Data cap that a client has set aside for a provider to store a piece. */
export interface Allocation {
  /** Actor ID. */
  readonly client: bigint;
  /** Actor ID of the miner. */
  readonly provider: bigint;
  readonly data: CID;
  /** Unit: bytes, padding included. */
  readonly size: bigint;
  /** Epochs that the piece must, and may, be stored. */
  readonly termMin: number;
  readonly termMax: number;
  /** The epoch after which it can no longer be claimed. */
  readonly expiration: number;
}

/** An allocation that a provider has claimed by storing the piece. */
export interface Claim {
  /** Actor ID of the miner. */
  readonly provider: bigint;
  /** Actor ID. */
  readonly client: bigint;
  readonly data: CID;
  /** Unit: bytes, padding included. */
  readonly size: bigint;
  readonly termMin: number;
  readonly termMax: number;
  readonly termStart: number;
  readonly sector: bigint;
}

/**
 * How the verified registry holds allocations. Shape: the fields in their order.
 *
 * @see builtin-actors:actors/verifreg/src/state.rs Allocation
 */
export const allocationCodec: Codec<Allocation> = struct<Allocation>(
  "allocation",
  {
    client: uintField,
    provider: uintField,
    data: cidField,
    size: uintField,
    termMin: numberField,
    termMax: numberField,
    expiration: numberField,
  },
  [{ actors: 9, lacks: [] }],
);

/**
 * How the verified registry holds claims. Shape: the fields in their order.
 *
 * @see builtin-actors:actors/verifreg/src/state.rs Claim
 */
export const claimCodec: Codec<Claim> = struct<Claim>(
  "claim",
  {
    provider: uintField,
    client: uintField,
    data: cidField,
    size: uintField,
    termMin: numberField,
    termMax: numberField,
    termStart: numberField,
    sector: uintField,
  },
  [{ actors: 9, lacks: [] }],
);
