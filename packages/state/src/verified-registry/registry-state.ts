import type { Codec, Fetching } from "@copse/ipld";
import type { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { addressField, cidField, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of the verified registry, f06. */
export interface VerifiedRegistryState {
  /** ID address of who makes verifiers. */
  readonly rootKey: Address;
  /** HAMT: verifier's ID address to the data cap it may give. */
  readonly verifiers: CID;
  /** HAMT: client's ID address to its data cap. In actors v8; since v9 the data cap actor has it. */
  readonly verifiedClients: CID | undefined;
  /** HAMT: verifier and client to the next proposal to take data cap away. */
  readonly removeDataCapProposalIds: CID;
  /** HAMT: client to HAMT of allocations by ID. Since actors v9. */
  readonly allocations: CID | undefined;
  readonly nextAllocationId: bigint | undefined;
  /** HAMT: provider to HAMT of claims by ID. Since actors v9. */
  readonly claims: CID | undefined;
}

/** How the verified registry holds its state. Shape: 4 fields in actors v8, 6 since v9. */
export const verifiedRegistryStateCodec: Codec<VerifiedRegistryState> = struct<VerifiedRegistryState>(
  "verified registry's state",
  {
    rootKey: addressField,
    verifiers: cidField,
    verifiedClients: cidField,
    removeDataCapProposalIds: cidField,
    allocations: cidField,
    nextAllocationId: uintField,
    claims: cidField,
  },
  [
    { actors: 8, lacks: ["allocations", "nextAllocationId", "claims"] },
    { actors: 9, lacks: ["verifiedClients"] },
  ],
);

/**
 * State of the verified registry.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/verifreg/src/state.rs
 * @example
 * const registry = runSync(verifiedRegistryState(tree), store);
 * const cap = runSync(verifiers(registry), store).getSync(verifier, store);
 */
export function verifiedRegistryState(tree: StateTree): Fetching<VerifiedRegistryState> {
  return stateOfSingleton(tree, 6, verifiedRegistryStateCodec);
}
