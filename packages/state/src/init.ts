import { type Hamt, loadHamt } from "@copse/hamt";
import { type Codec, type Fetching, fromCid } from "@copse/ipld";
import { Address } from "@copse/types";
import type { Actor } from "./actor.ts";
import { hamtVersionOf } from "./actor-kind.ts";
import { openStruct } from "./fields.ts";
import { actorOfId, remember, type StateTree } from "./state-tree.ts";

const initActorId = 1;

/** State of the init actor, which gives addresses their IDs. */
interface Init {
  readonly addresses: Hamt<bigint>;
  readonly nextId: bigint;
  readonly networkName: string;
}

/** An actor ID as CBOR. */
export const idCodec: Codec<bigint> = {
  encode: (writer, id) => void writer.uint(id),
  decode: (reader) => reader.uint(),
};

function* readInit(actor: Actor): Fetching<Init> {
  const [reader] = openStruct((yield fromCid(actor.head)).slice(), "init actor's state", [3]);
  const root = reader.link();
  const nextId = reader.uint();
  const networkName = reader.text();
  reader.end();
  const addresses = yield* loadHamt(root, idCodec, { version: hamtVersionOf(actor.code) });
  return { addresses, nextId, networkName };
}

/**
 * The network's own name as its state has it. Mainnet's is `testnetnet` in its genesis
 * and `mainnet` in the states of later years.
 *
 * @throws {StateError} `state/actor-missing`, `state/layout-unknown`
 * @example
 * runSync(networkName(tree), store) // => "calibrationnet"
 */
export function* networkName(tree: StateTree): Fetching<string> {
  return (yield* remember(tree, initActorId, readInit)).networkName;
}

/**
 * The ID that the next new actor gets.
 *
 * @example
 * runSync(nextActorId(tree), store) // => 1001n
 */
export function* nextActorId(tree: StateTree): Fetching<bigint> {
  return (yield* remember(tree, initActorId, readInit)).nextId;
}

/**
 * The ID behind an address, or `undefined` where it has none here. An ID address is its own, whether or not an actor has
 * it.
 *
 * @throws {StateError} `state/actor-missing`, `state/layout-unknown`
 * @example
 * const id = runSync(resolveId(tree, Address.parse("f3…")), store);
 */
export function* resolveId(tree: StateTree, address: Address): Fetching<bigint | undefined> {
  if (Address.protocol(address) === 0) return Address.idOf(address);
  const { addresses } = yield* remember(tree, initActorId, readInit);
  return yield* addresses.get(address);
}

/**
 * The actor of any address, or `undefined`.
 *
 * @throws {StateError} `state/actor-missing` of the init actor
 * @example
 * const actor = runSync(getActor(tree, Address.parse("f099")), store);
 */
export function* getActor(tree: StateTree, address: Address): Fetching<Actor | undefined> {
  const id = yield* resolveId(tree, address);
  return id === undefined ? undefined : yield* actorOfId(tree, id);
}
