import type { Codec, Fetching } from "@copse/ipld";
import { Address } from "@copse/types";
import type { Actor } from "../actor.ts";
import { type ActorKind, actorKind } from "../actor-kind.ts";
import { stateOf } from "../actor-of-kind.ts";
import { StateError } from "../errors.ts";
import { getActor } from "../init.ts";
import { type MarketState, marketStateCodec } from "../market/market-state.ts";
import { type MinerState, minerStateCodec } from "../miner/miner-state.ts";
import type { StateTree } from "../state-tree.ts";
import { type VerifiedRegistryState, verifiedRegistryStateCodec } from "../verified-registry/registry-state.ts";
import { type AccountState, accountStateCodec } from "./account.ts";
import { type CronState, cronStateCodec } from "./cron.ts";
import { type DataCapState, dataCapStateCodec } from "./data-cap.ts";
import { type EvmState, evmStateCodec } from "./evm.ts";
import { type InitState, initStateCodec } from "./init.ts";
import { type MultisigState, multisigStateCodec } from "./multisig.ts";
import { type PaymentChannelState, paymentChannelStateCodec } from "./payment-channel.ts";
import { type PowerState, powerStateCodec } from "./power.ts";
import { type RewardState, rewardStateCodec } from "./reward.ts";
import { type SystemState, systemStateCodec } from "./system.ts";

/** What the state of each kind of built-in actor says; `null` of those that have none. */
export interface StateByKind {
  readonly system: SystemState;
  readonly init: InitState;
  readonly cron: CronState;
  readonly account: AccountState;
  readonly storagepower: PowerState;
  readonly storageminer: MinerState;
  readonly storagemarket: MarketState;
  readonly paymentchannel: PaymentChannelState;
  readonly multisig: MultisigState;
  readonly reward: RewardState;
  readonly verifiedregistry: VerifiedRegistryState;
  readonly datacap: DataCapState;
  readonly evm: EvmState;
  readonly placeholder: null;
  readonly eam: null;
  readonly ethaccount: null;
}

/** An actor with its kind and its state. */
export type AnyActorState = {
  readonly [Kind in keyof StateByKind]: {
    readonly kind: Kind;
    readonly actor: Actor;
    readonly state: StateByKind[Kind];
  };
}[keyof StateByKind];

const codecs: { readonly [Kind in keyof StateByKind]: Codec<StateByKind[Kind]> | null } = {
  system: systemStateCodec,
  init: initStateCodec,
  cron: cronStateCodec,
  account: accountStateCodec,
  storagepower: powerStateCodec,
  storageminer: minerStateCodec,
  storagemarket: marketStateCodec,
  paymentchannel: paymentChannelStateCodec,
  multisig: multisigStateCodec,
  reward: rewardStateCodec,
  verifiedregistry: verifiedRegistryStateCodec,
  datacap: dataCapStateCodec,
  evm: evmStateCodec,
  placeholder: null,
  eam: null,
  ethaccount: null,
};

/**
 * The state of any built-in actor, by its kind; `undefined` where there is no actor.
 *
 * @throws {StateError} `state/actor-kind` of a code that the manifest does not name, `state/actors-too-old`,
 * `state/layout-unknown`
 * @example
 * const found = runSync(actorState(tree, address), store);
 * if (found?.kind === "multisig") show(found.state.signers);
 */
export function* actorState(tree: StateTree, address: Address): Fetching<AnyActorState | undefined> {
  const actor = yield* getActor(tree, address);
  if (actor === undefined) return undefined;
  const kind = yield* actorKind(tree, actor.code);
  if (!isKnown(kind)) {
    const facts = { address: Address.format(address), found: kind ?? "unknown", expected: "a built-in actor" };
    throw new StateError("state/actor-kind", facts);
  }
  const codec = codecs[kind] as Codec<unknown> | null;
  const state = codec === null ? null : yield* stateOf(actor, codec);
  return { kind, actor, state } as AnyActorState;
}

function isKnown(kind: ActorKind | undefined): kind is keyof StateByKind {
  return kind !== undefined && Object.hasOwn(codecs, kind);
}
