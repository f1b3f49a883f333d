import { cidOf, toCid } from "@copse/ipld";
import { createTipset, type NetworkRules, type Tipset } from "@copse/types";
import { baseFeeHeights, blockGasLimit, computeBaseFee } from "../rules/base-fee.ts";
import { log2Power, tipsetWeight } from "../rules/weight.ts";
import { type BlockPlan, buildBlock, type Winner } from "./build-block.ts";
import type { MintMachine } from "./machine.ts";
import { type OfferedMessage, takeMessages } from "./messages.ts";
import type { AfterTipset, MintedBlock, MintedGrandparent, MintedParent } from "./parent.ts";

/** What is known of a chain wherever a tipset of it is built on. */
export interface ParentRules {
  readonly network: NetworkRules;
  readonly totalPower: bigint;
  readonly machine: Pick<MintMachine, "execute">;
}

/** What making a tipset needs of its chain. */
export interface TipsetPlan extends BlockPlan, ParentRules {
  /** Messages waiting on this parent. */
  readonly offered: readonly OfferedMessage[];
  readonly random: () => number;
}

/** The tipset of the winners of an epoch on one parent. */
export function buildTipset(plan: TipsetPlan, winners: readonly Winner[]): MintedParent {
  const made = winners.map((winner) => {
    const listed = takeMessages(plan.random, plan.offered, blockGasLimit);
    return { listed, ...buildBlock(plan, winner, listed) };
  });
  const cids = made.map(({ bytes }) => toCid(cidOf(bytes)));
  const tipset = createTipset(
    made.map(({ header }) => header),
    cids,
  );
  // createTipset sorts; what goes with each block follows it.
  const order = tipset.cids.map((cid) => made[cids.indexOf(cid)] as (typeof made)[number]);
  return asParent(
    plan,
    tipset,
    order.map(({ bytes, messages }) => ({ bytes, messages })),
    order.map(({ listed }) => listed),
    plan.parent,
  );
}

/** A tipset without one of its blocks: what a miner builds on that has not seen it. */
export function withoutBlock(chain: ParentRules, parent: MintedParent, index: number): MintedParent {
  const kept = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== index);
  return asParent(
    chain,
    createTipset(kept(parent.tipset.blocks), kept(parent.tipset.cids)),
    kept(parent.blocks),
    kept(parent.listed),
    parent.parents,
  );
}

/** What the children of a tipset must name. */
export function asParent(
  { network, totalPower, machine }: ParentRules,
  tipset: Tipset,
  blocks: readonly MintedBlock[],
  listed: readonly (readonly OfferedMessage[])[],
  parents: MintedGrandparent,
): MintedParent {
  const nonces = parents.nonces.slice();
  for (const { sender, signed } of listed.flat()) {
    const after = signed.message.nonce + 1n;
    if (after > (nonces[sender] as bigint)) nonces[sender] = after;
  }
  const [first] = tipset.blocks;
  const parentBaseFee = first?.parentBaseFee ?? 0n;
  const messages = listed.flatMap((ofBlock) => inListOrder(ofBlock).map(({ priced }) => priced));
  let after: AfterTipset | undefined;
  const priced = { height: tipset.height, parentBaseFee, blockCount: tipset.blocks.length, messages };
  return {
    tipset,
    blocks,
    listed,
    parents: { tipset: parents.tipset, nonces: parents.nonces },
    nonces,
    weight: tipsetWeight(first?.parentWeight ?? 0n, log2Power(totalPower) ?? 0, winCountOf(tipset)),
    baseFee: computeBaseFee(priced, baseFeeHeights(network)),
    after: () =>
      (after ??= machine.execute(
        tipset,
        parents.tipset,
        blocks.map((block) => block.messages),
      )),
  };
}

function inListOrder(listed: readonly OfferedMessage[]): readonly OfferedMessage[] {
  const isBls = ({ signed }: OfferedMessage): boolean => signed.signature.type === 2;
  return [...listed.filter(isBls), ...listed.filter((one) => !isBls(one))];
}

function winCountOf(tipset: Tipset): number {
  return tipset.blocks.reduce((sum, block) => sum + (block.electionProof?.winCount ?? 0), 0);
}
