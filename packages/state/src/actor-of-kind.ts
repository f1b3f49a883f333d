import { type Codec, decode, type Fetching, fromCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { Actor } from "./actor.ts";
import { type ActorKind, actorKind, actorsVersion } from "./actor-kind.ts";
import { StateError } from "./errors.ts";
import { getActor } from "./init.ts";
import { remember, type StateTree } from "./state-tree.ts";

/** The first version of the actors that runs as Wasm, and whose states are read in full. */
const leastVersion = 8;

/**
 * The actor of an address, which must be there and of a kind.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`
 */
export function* actorOfKind(tree: StateTree, address: Address, expected: ActorKind): Fetching<Actor> {
  const actor = yield* getActor(tree, address);
  if (actor === undefined) throw new StateError("state/actor-missing", { address: Address.format(address) });
  const kind = yield* actorKind(tree, actor.code);
  if (kind === expected) return actor;
  throw new StateError("state/actor-kind", { address: Address.format(address), found: kind ?? "unknown", expected });
}

/**
 * The state of an actor of a kind, of which there may be many.
 *
 * @throws {StateError} `state/actor-missing`, `state/actor-kind`, `state/actors-too-old`, `state/layout-unknown`
 */
export function* stateOfKind<T>(tree: StateTree, address: Address, kind: ActorKind, codec: Codec<T>): Fetching<T> {
  return yield* stateOf(yield* actorOfKind(tree, address, kind), codec);
}

/**
 * The state of an actor that is one of its kind, read once for each head it has.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 */
export function stateOfSingleton<T>(tree: StateTree, id: number, codec: Codec<T>): Fetching<T> {
  return remember(tree, id, (actor) => stateOf(actor, codec), codec);
}

/**
 * What an actor's head links to.
 *
 * @throws {StateError} `state/actors-too-old`, `state/layout-unknown`
 */
export function* stateOf<T>(actor: Actor, codec: Codec<T>): Fetching<T> {
  const version = actorsVersion(actor.code);
  if (version !== undefined) throw new StateError("state/actors-too-old", { version, least: leastVersion });
  return decode(codec, yield fromCid(actor.head));
}
