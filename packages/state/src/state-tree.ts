import { type Hamt, type HamtVersion, loadHamt } from "@copse/hamt";
import { CborReader, cidKey, type Fetching, fromCid, toCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { CID } from "multiformats/cid";
import { type Actor, actorCodec, type StateTreeVersion } from "./actor.ts";
import { StateError } from "./errors.ts";

const newestVersion = 5;

/** What has been read of a singleton, good while its actor has the same head. */
interface Remembered {
  readonly head: string;
  readonly value: unknown;
}

/** All actors at one moment of the chain. Reads keep the nodes they load, so one tree serves many questions. */
export interface StateTree {
  readonly root: CID;
  readonly version: StateTreeVersion;
  /** A field of the root that means nothing so far; absent where the root is the actors' tree itself. */
  readonly info: CID | undefined;
  /** ID address to actor. */
  readonly actors: Hamt<Actor>;
  /** @internal */
  readonly remembered: Map<object, Remembered>;
}

/**
 * Opens the state of a root, such as a header's `parentStateRoot`.
 *
 * Shape: `[version, actors, info]`, or the actors' HAMT itself up to nv3.
 *
 * @throws {StateError} `state/version-unknown`
 * @throws {HamtError} {CborError}
 * @see lotus:chain/state/statetree.go LoadStateTree
 * @example
 * const tree = runSync(loadStateTree(genesis.parentStateRoot), store);
 * runSync(networkName(tree), store) // => "calibrationnet"
 */
export function* loadStateTree(root: CID): Fetching<StateTree> {
  const reader = new CborReader((yield fromCid(root)).slice());
  const bare = reader.array() !== 3;
  const version = bare ? 0 : reader.safeUint();
  if (!isKnown(version)) throw new StateError("state/version-unknown", { version, limit: newestVersion });
  const actorsRoot = bare ? fromCid(root) : reader.link();
  const info = bare ? undefined : toCid(reader.link());
  if (!bare) reader.end();
  const hamtVersion: HamtVersion = version === 0 ? 0 : version === 1 ? 2 : 3;
  const actors = yield* loadHamt(actorsRoot, actorCodec(version), { version: hamtVersion });
  return { root, version, info, actors, remembered: new Map() };
}

function isKnown(version: number): version is StateTreeVersion {
  return version <= newestVersion;
}

/**
 * The actor of an ID, or `undefined`.
 *
 * @example
 * const power = runSync(actorOfId(tree, 4), store);
 */
export function* actorOfId(tree: StateTree, id: number | bigint): Fetching<Actor | undefined> {
  return yield* tree.actors.get(Address.id(id));
}

/**
 * The actor of an ID that every state has.
 *
 * @throws {StateError} `state/actor-missing`
 */
export function* singleton(tree: StateTree, id: number): Fetching<Actor> {
  const actor = yield* actorOfId(tree, id);
  if (actor === undefined) throw new StateError("state/actor-missing", { address: `f0${id}` });
  return actor;
}

/** Reads a singleton's state once for each head it has, and each reader, which is known by `by`. */
export function* remember<T>(
  tree: StateTree,
  id: number,
  read: (actor: Actor) => Fetching<T>,
  by: object = read,
): Fetching<T> {
  const actor = yield* singleton(tree, id);
  const head = cidKey(fromCid(actor.head));
  const known = tree.remembered.get(by);
  if (known?.head === head) return known.value as T;
  const value = yield* read(actor);
  tree.remembered.set(by, { head, value });
  return value;
}
