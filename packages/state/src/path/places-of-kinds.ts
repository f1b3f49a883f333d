import { loadAmt } from "@copse/amt";
import { loadHamt, uintKeys } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { accountKey } from "../account.ts";
import type { Actor } from "../actor.ts";
import { actorKind, actorsVersion } from "../actor-kind.ts";
import { type AnyActorState, actorState } from "../actors/any.ts";
import { type DataCapState, dataCapAllowances, dataCapBalances } from "../actors/data-cap.ts";
import { type EvmState, evmBytecode, evmSlots } from "../actors/evm.ts";
import { initAddresses } from "../actors/init.ts";
import { pendingTransactions } from "../actors/multisig.ts";
import { paymentLanes } from "../actors/payment-channel.ts";
import { cronEpochs, cronEventCodec, type PowerState, powerClaims } from "../actors/power.ts";
import { StateError } from "../errors.ts";
import { networkName, nextActorId, resolveId } from "../init.ts";
import { minerState } from "../miner/miner-state.ts";
import { powerClaim, powerTotals } from "../power.ts";
import type { StateTree } from "../state-tree.ts";
import { allocationCodec, claimCodec } from "../verified-registry/allocation.ts";
import { allocationClients, claimProviders, verifiedClients, verifiers } from "../verified-registry/data-caps.ts";
import type { VerifiedRegistryState } from "../verified-registry/registry-state.ts";
import { marketPlace } from "./market-place.ts";
import { minerPlace } from "./miner-place.ts";
import {
  addressKey,
  byKey,
  idAddressKey,
  idKey,
  intKey,
  mapPlace,
  type Place,
  placeOf,
  structPlace,
  uintKey,
  wordKey,
} from "./place.ts";

/**
 * The state of an actor as a place of paths: its fields, and what its maps hold.
 *
 * @throws {StateError} `state/actor-kind` of a code that the manifest does not name, `state/actors-too-old` where this
 * version's state is not read by names
 */
export function* actorPlace(tree: StateTree, address: Address, actor: Actor): Fetching<Place> {
  const version = actorsVersion(actor.code);
  if (version !== undefined) return yield* oldPlace(tree, address, actor, version);
  const found = yield* actorState(tree, address);
  if (found === undefined) throw new StateError("state/actor-missing", { address: Address.format(address) });
  return placeOfKind(tree, address, found);
}

function placeOfKind(tree: StateTree, address: Address, found: AnyActorState): Place {
  const { state } = found;
  switch (found.kind) {
    case "init": {
      const { state } = found;
      const open = () => initAddresses(state);
      return structPlace(state, { addressMap: mapPlace(state.addressMap, open, addressKey) });
    }
    case "storagepower":
      return powerPlace(found.state);
    case "storageminer":
      return minerPlace(tree, address, found.state);
    case "storagemarket":
      return marketPlace(found.state, found.actor.code);
    case "paymentchannel": {
      const { state } = found;
      return structPlace(state, { lanes: mapPlace(state.lanes, () => paymentLanes(state), uintKey) });
    }
    case "multisig": {
      const { state } = found;
      const open = () => pendingTransactions(state);
      return structPlace(state, { pendingTransactions: mapPlace(state.pendingTransactions, open, intKey) });
    }
    case "verifiedregistry":
      return registryPlace(found.state);
    case "datacap":
      return dataCapPlace(found.state);
    case "evm":
      return evmPlace(found.state);
    default:
      return placeOf(state);
  }
}

function powerPlace(state: PowerState): Place {
  // each epoch of the queue has an array of its own
  const calls = (root: CID): Place =>
    mapPlace(root, () => loadAmt(fromCid(root), cronEventCodec, { version: 3 }), uintKey);
  return structPlace(state, {
    claims: mapPlace(state.claims, () => powerClaims(state), idAddressKey),
    cronEventQueue: mapPlace(state.cronEventQueue, () => cronEpochs(state), intKey, calls),
  });
}

function registryPlace(state: VerifiedRegistryState): Place {
  const inner =
    <T>(codec: Codec<T>) =>
    (root: CID): Place =>
      mapPlace(root, () => loadHamt(fromCid(root), codec, { version: 3, keys: uintKeys }), uintKey);
  return structPlace(state, {
    verifiers: mapPlace(state.verifiers, () => verifiers(state), idAddressKey),
    verifiedClients: mapPlace(state.verifiedClients, () => verifiedClients(state), idAddressKey),
    allocations: mapPlace(state.allocations, () => allocationClients(state), idKey, inner(allocationCodec)),
    claims: mapPlace(state.claims, () => claimProviders(state), idKey, inner(claimCodec)),
  });
}

function dataCapPlace(state: DataCapState): Place {
  const { token } = state;
  return structPlace(state, {
    token: structPlace(token, {
      balances: mapPlace(token.balances, () => dataCapBalances(state), idKey),
      allowances: byKey(token.allowances, idKey, function* (owner) {
        const own = yield* dataCapAllowances(state, owner);
        return own === undefined ? undefined : byKey(undefined, idKey, (operator) => placed(own.get(operator)));
      }),
    }),
  });
}

function* placed(get: Fetching<unknown>): Fetching<Place | undefined> {
  const value = yield* get;
  return value === undefined ? undefined : placeOf(value);
}

function evmPlace(state: EvmState): Place {
  return structPlace(state, {
    bytecode: () => placed(evmBytecode(state)),
    contractState: mapPlace(state.contractState, () => evmSlots(state), wordKey),
  });
}

/** Actors before v8: what their readers read of them. */
function* oldPlace(tree: StateTree, address: Address, actor: Actor, version: number): Fetching<Place> {
  switch (yield* actorKind(tree, actor.code)) {
    case "account":
      return structPlace({ address: yield* accountKey(tree, address) });
    case "init":
      return structPlace(
        { nextId: yield* nextActorId(tree), networkName: yield* networkName(tree) },
        {
          addressMap: byKey(undefined, addressKey, (key) => placed(resolveId(tree, key))),
        },
      );
    case "storagepower":
      return structPlace(yield* powerTotals(tree), {
        claims: byKey(undefined, idAddressKey, (miner) => placed(powerClaim(tree, miner))),
      });
    case "storageminer":
      return minerPlace(tree, address, yield* minerState(tree, address));
    default:
      throw new StateError("state/actors-too-old", { version, least: 8 });
  }
}
