import type { HamtVersion } from "@copse/hamt";
import { CborReader, cidKey, type Fetching, fromCid, hashes } from "@copse/ipld";
import type { CID } from "multiformats/cid";
import type { Actor } from "./actor.ts";
import { openStruct } from "./fields.ts";
import { remember, type StateTree } from "./state-tree.ts";

const systemActorId = 0;

/**
 * Names of the built-in actors' kinds, as code CIDs and manifests have them. `datacap` came with actors v9;
 * `placeholder`, `evm`, `eam` and `ethaccount` with v10.
 */
export type ActorKind =
  | "system"
  | "init"
  | "cron"
  | "account"
  | "storagepower"
  | "storageminer"
  | "storagemarket"
  | "paymentchannel"
  | "multisig"
  | "reward"
  | "verifiedregistry"
  | "datacap"
  | "placeholder"
  | "evm"
  | "eam"
  | "ethaccount"
  | "_manifest";

/**
 * The kind of actor that a code CID stands for, or `undefined` for none of this state's.
 *
 * Before actors v8 the CID holds its name, as `fil/7/account`; since then the system actor points to the list of names
 * and CIDs. Cost: the list is read once a tree.
 *
 * @throws {StateError} `state/actor-missing`, `state/layout-unknown`
 * @see ref-fvm:fvm/src/machine/manifest.rs, specs-actors:actors/builtin/codes.go
 * @example
 * runSync(actorKind(tree, actor.code), store) // => "account"
 */
export function* actorKind(tree: StateTree, code: CID): Fetching<ActorKind | undefined> {
  const named = nameInCode(code);
  if (named !== undefined) return named.kind as ActorKind;
  const kinds = yield* remember(tree, systemActorId, manifest);
  return kinds.get(cidKey(fromCid(code)));
}

function* manifest(system: Actor): Fetching<ReadonlyMap<string, ActorKind>> {
  if (nameInCode(system.code) !== undefined) return new Map(); // before actors v8 there is none
  const [state] = openStruct(yield fromCid(system.head), "system actor's state", [1]);
  const list = new CborReader((yield state.link().slice()).slice());
  const kinds = new Map<string, ActorKind>();
  for (let left = list.array(); left > 0; left--) {
    list.array(2);
    const kind = list.text() as ActorKind;
    kinds.set(cidKey(list.link()), kind);
  }
  list.end();
  return kinds;
}

/**
 * The version of the actors that a code CID names: 0, then 2 to 7; `undefined` since actors v8, where it is a hash.
 *
 * @example
 * actorsVersion(code) // => 0, of `fil/1/account`
 */
export function actorsVersion(code: CID): number | undefined {
  return nameInCode(code)?.version;
}

function nameInCode(code: CID): { readonly version: number; readonly kind: string } | undefined {
  if (code.multihash.code !== hashes.identity) return undefined;
  const name = /^fil\/([1-7])\/([a-z]+)$/.exec(String.fromCharCode(...code.multihash.digest));
  if (name === null) return undefined;
  const version = Number(name[1]);
  return { version: version === 1 ? 0 : version, kind: name[2] as string }; // the first actors called themselves 1
}

/** Form of the HAMTs of an actor with this code. */
export function hamtVersionOf(code: CID): HamtVersion {
  const version = actorsVersion(code);
  return version === 0 || version === 2 ? version : 3;
}
