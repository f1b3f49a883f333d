import { type CidBytes, type Fetching, toCid } from "@copse/ipld";
import { actorOfId, loadStateTree, StateError, type StateTree } from "@copse/state";
import { powerState, rewardState } from "@copse/state/actors";
import { marketState } from "@copse/state/market";
import type { SupplyRules } from "./supply-rules.ts";

/** Where what circulates came from, and where it went. Unit: attoFIL. */
export interface CirculatingSupply {
  /** Of the founding grants. */
  readonly vested: bigint;
  /** Paid as block rewards. */
  readonly mined: bigint;
  /** Paid out of the reserve; negative where more came in. */
  readonly reserveDisbursed: bigint;
  readonly burnt: bigint;
  /** Pledged by miners, and until nv23 held in the market. */
  readonly locked: bigint;
  /** What is left, never below 0: what actors are told. */
  readonly circulating: bigint;
}

const burntFunds = 99;
const reserve = 90;

/**
 * What circulates at an epoch by the state that it begins with, as machines are told it.
 *
 * @throws {StateError} {HamtError} {CborError} what is no state
 * @throws {HostFault} `host/block-missing`
 * @see lotus:chain/stmgr/supply.go GetVMCirculatingSupplyDetailed
 * @example
 * const { circulating } = runSync(circulatingSupply(root, epoch, supplyRules(mainnet)), store);
 */
export function* circulatingSupply(
  stateRoot: CidBytes,
  epoch: number,
  rules: SupplyRules,
): Fetching<CirculatingSupply> {
  const tree = yield* loadStateTree(toCid(stateRoot));
  const vested = rules.vested(epoch);
  const mined = (yield* rewardState(tree)).totalStoragePowerReward;
  const reserveDisbursed = rules.initialReserve(epoch) - (yield* balanceOf(tree, reserve));
  const burnt = yield* balanceOf(tree, burntFunds);
  const locked = (yield* powerState(tree)).totalPledgeCollateral + (yield* inMarket(tree, epoch, rules));
  const left = vested + mined + reserveDisbursed - burnt - locked;
  return { vested, mined, reserveDisbursed, burnt, locked, circulating: left < 0n ? 0n : left };
}

function* inMarket(tree: StateTree, epoch: number, rules: SupplyRules): Fetching<bigint> {
  if (!rules.countsMarket(epoch)) return 0n;
  const market = yield* marketState(tree);
  return market.totalClientLockedCollateral + market.totalProviderLockedCollateral + market.totalClientStorageFee;
}

function* balanceOf(tree: StateTree, id: number): Fetching<bigint> {
  const actor = yield* actorOfId(tree, id);
  if (actor === undefined) throw new StateError("state/actor-missing", { address: `f0${id}` });
  return actor.balance;
}
