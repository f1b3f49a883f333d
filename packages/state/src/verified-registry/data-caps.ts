import { type Hamt, type KeyCodec, loadHamt, uintKeys } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import { concatBytes, readUvarint } from "@copse/primitives";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { addressKeys, bigIntField, cidField, uintField } from "../field-codecs.ts";
import { type Allocation, allocationCodec, type Claim, claimCodec } from "./allocation.ts";
import type { VerifiedRegistryState } from "./registry-state.ts";

const byUint = { version: 3, keys: uintKeys } as const;
const byAddress = { version: 3, keys: addressKeys } as const;

/** Who proposes to take whose data cap away. Both are ID addresses. */
export interface RemovalPair {
  readonly verifier: Address;
  readonly client: Address;
}

const removalKeys: KeyCodec<RemovalPair> = {
  encode: ({ verifier, client }) => concatBytes(verifier, client),
  decode(bytes) {
    const { end } = readUvarint(bytes, 1); // an ID address ends where its varint does
    return { verifier: Address.view(bytes.slice(0, end)), client: Address.view(bytes.slice(end)) };
  },
};

/** ID of the next proposal, since actors v9. Shape: `[number]`; in v8 it is the number alone. */
const proposalIdField: Codec<bigint> = {
  encode: (writer, id) => void writer.array(1).uint(id),
  decode(reader) {
    reader.array(1);
    return reader.uint();
  },
};

/**
 * The data cap that each verifier may still give, by its ID address. Unit: bytes.
 *
 * @throws {HamtError} its node is none
 * @example
 * for (const [verifier, cap] of runSync(verifiers(registry), store).entries(store)) show(verifier, cap);
 */
export function verifiers(registry: VerifiedRegistryState): Fetching<Hamt<bigint, Address>> {
  return loadHamt(fromCid(registry.verifiers), bigIntField, byAddress);
}

/**
 * The data cap of each client, by its ID address, in actors v8; `undefined` since v9, where `dataCapBalances` tells it.
 * Unit: bytes.
 *
 * @throws {HamtError} its node is none
 * @example
 * const cap = runSync(verifiedClients(registry), store)?.getSync(client, store);
 */
export function* verifiedClients(registry: VerifiedRegistryState): Fetching<Hamt<bigint, Address> | undefined> {
  const root = registry.verifiedClients;
  return root === undefined ? undefined : yield* loadHamt(fromCid(root), bigIntField, byAddress);
}

/**
 * ID of the next proposal to take data cap away, by verifier and client.
 *
 * @throws {HamtError} its node is none
 * @example
 * const next = runSync(removalProposals(registry), store).getSync({ verifier, client }, store) ?? 0n;
 */
export function removalProposals(registry: VerifiedRegistryState): Fetching<Hamt<bigint, RemovalPair>> {
  const codec = registry.verifiedClients === undefined ? proposalIdField : uintField;
  return loadHamt(fromCid(registry.removeDataCapProposalIds), codec, { version: 3, keys: removalKeys });
}

/**
 * The clients that have allocations, each with its HAMT of them; `undefined` in actors v8. See {@link allocations}.
 *
 * @throws {HamtError} its node is none
 * @example
 * const clients = [...(runSync(allocationClients(registry), store)?.keys(store) ?? [])];
 */
export function allocationClients(registry: VerifiedRegistryState): Fetching<Hamt<CID, bigint> | undefined> {
  return outer(registry.allocations);
}

/**
 * The allocations of a client, by ID; `undefined` where it has none.
 *
 * @param client its actor ID
 * @throws {HamtError} a node is none
 * @example
 * const allocation = runSync(allocations(registry, 1234n), store)?.getSync(7n, store);
 */
export function allocations(
  registry: VerifiedRegistryState,
  client: bigint,
): Fetching<Hamt<Allocation, bigint> | undefined> {
  return inner(registry.allocations, client, allocationCodec);
}

/**
 * The providers that have claims, each with its HAMT of them; `undefined` in actors v8. See {@link claims}.
 *
 * @throws {HamtError} its node is none
 * @example
 * const providers = [...(runSync(claimProviders(registry), store)?.keys(store) ?? [])];
 */
export function claimProviders(registry: VerifiedRegistryState): Fetching<Hamt<CID, bigint> | undefined> {
  return outer(registry.claims);
}

/**
 * The claims of a provider, by ID, which is that of the allocation they came from; `undefined` where it has none.
 *
 * @param provider actor ID of the miner
 * @throws {HamtError} a node is none
 * @example
 * const claim = runSync(claims(registry, 1000n), store)?.getSync(7n, store);
 */
export function claims(registry: VerifiedRegistryState, provider: bigint): Fetching<Hamt<Claim, bigint> | undefined> {
  return inner(registry.claims, provider, claimCodec);
}

function* outer(root: CID | undefined): Fetching<Hamt<CID, bigint> | undefined> {
  return root === undefined ? undefined : yield* loadHamt(fromCid(root), cidField, byUint);
}

function* inner<T>(root: CID | undefined, id: bigint, codec: Codec<T>): Fetching<Hamt<T, bigint> | undefined> {
  const owners = yield* outer(root);
  const owned = owners === undefined ? undefined : yield* owners.get(id);
  return owned === undefined ? undefined : yield* loadHamt(fromCid(owned), codec, byUint);
}
