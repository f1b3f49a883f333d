import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import type { ActorKind } from "../actor-kind.ts";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { cidField, listOf, textField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** State of the system actor, f00. */
export interface SystemState {
  /** List of the built-in actors' names and code CIDs. */
  readonly builtinActors: CID;
}

/** How the system actor holds its state. Shape: `[builtinActors]`. */
export const systemStateCodec: Codec<SystemState> = struct<SystemState>("system actor's state", {
  builtinActors: cidField,
});

interface ManifestEntry {
  readonly kind: string;
  readonly code: CID;
}

const manifestCodec = listOf(struct<ManifestEntry>("manifest entry", { kind: textField, code: cidField }));

/**
 * State of the system actor.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/system/src/lib.rs
 * @example
 * const { builtinActors } = runSync(systemState(tree), store);
 */
export function systemState(tree: StateTree): Fetching<SystemState> {
  return stateOfSingleton(tree, 0, systemStateCodec);
}

/**
 * The code CID of each kind of built-in actor in a state, in the manifest's order.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @example
 * const evm = runSync(actorCodes(tree), store).get("evm");
 */
export function* actorCodes(tree: StateTree): Fetching<ReadonlyMap<ActorKind, CID>> {
  const { builtinActors } = yield* systemState(tree);
  const entries = decode(manifestCodec, yield fromCid(builtinActors));
  return new Map(entries.map(({ kind, code }) => [kind as ActorKind, code]));
}
