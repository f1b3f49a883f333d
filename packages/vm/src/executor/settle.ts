import type { AttoFil, Message } from "@copse/types";
import { actorIds } from "../addresses.ts";
import { VmError } from "../errors.ts";
import { type GasOutputs, gasOutputs } from "../gas/outputs.ts";
import type { MachineCore } from "../machine/core.ts";

/**
 * Pays out what the sender paid in advance, in the reference's order.
 *
 * @throws {VmError} `vm/settlement-failed`: an actor that is always there is not, or a sum is wrong. No receipt comes of it
 * @see ref-fvm:fvm/src/executor/default.rs finish_message
 */
export function settle(core: MachineCore, message: Message, senderId: bigint, gasUsed: bigint): GasOutputs {
  const { gasLimit, gasFeeCap: feeCap, gasPremium: premium } = message;
  const baseFee = core.context.baseFee as AttoFil;
  const outputs = gasOutputs({ gasUsed, gasLimit, baseFee, feeCap, premium });
  const { baseFeeBurn, minerTip, overEstimationBurn, refund } = outputs;
  deposit(core, actorIds.burntFunds, baseFeeBurn);
  deposit(core, actorIds.reward, minerTip);
  deposit(core, actorIds.burntFunds, overEstimationBurn);
  deposit(core, senderId, refund);
  if (baseFeeBurn + overEstimationBurn + refund + minerTip !== feeCap * gasLimit) {
    throw new VmError("vm/settlement-failed", { why: "the sums do not match" });
  }
  return outputs;
}

function deposit({ tree }: MachineCore, id: bigint, amount: bigint): void {
  if (amount < 0n) throw new VmError("vm/settlement-failed", { why: `a deposit of ${amount} to f0${id}` });
  if (amount === 0n) return;
  const actor = tree.getActor(id);
  if (actor === undefined) throw new VmError("vm/settlement-failed", { why: `f0${id} does not exist` });
  tree.setActor(id, { ...actor, balance: actor.balance + amount });
}
