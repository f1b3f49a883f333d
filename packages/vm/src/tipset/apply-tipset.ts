import { type CidBytes, cidKey, cidOf, type SyncBlockStore, toCid } from "@copse/ipld";
import { assertNotAborted } from "@copse/primitives";
import { encodeMessage, type Message, type Receipt } from "@copse/types";
import type { ExecutableBlock, ExecutableTipset, ExecutedTipset } from "@copse/types/execution";
import { actorsOf } from "@copse/types/networks";
import type { Engine } from "../engine/engine.ts";
import { VmError } from "../errors.ts";
import type { ApplyResult } from "../executor/apply-result.ts";
import type { Externs } from "../externs.ts";
import { createMachine } from "../machine/create-machine.ts";
import type { Machine } from "../machine/machine.ts";
import type { ProofVerifier } from "../proofs.ts";
import { cronMessage, rewardMessage } from "./implicit-messages.ts";
import { receiptsRoot } from "./receipts-root.ts";

/** What a tipset is executed with: the chain around it, and this machine's means. */
export interface TipsetContext {
  /** Gets what is read, and every block that is made. */
  readonly store: SyncBlockStore;
  readonly networkVersion: (epoch: number) => number;
  readonly chainId: bigint;
  /** When an epoch without blocks was. Unit: seconds since 1970. */
  readonly timestampOf: (epoch: number) => number;
  /** What circulates at an epoch by the state it begins with. Unit: attoFIL. */
  readonly circulatingSupply: (stateRoot: CidBytes, epoch: number) => bigint;
  /** What a machine of an epoch asks of the chain; `stateRoot` is what it begins with. */
  readonly externs: (stateRoot: CidBytes, epoch: number) => Externs;
  readonly proofs?: ProofVerifier | undefined;
  readonly engine?: Engine | undefined;
  /** Turns the state of an upgrade's last epoch into that of the new actors. */
  readonly migrate?: ((stateRoot: CidBytes, epoch: number) => CidBytes) | undefined;
  /** Told of each message that was executed, implicit ones too. */
  readonly onApplied?: ((message: Message, result: ApplyResult) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a tipset, with what its messages did. */
export interface AppliedTipset extends ExecutedTipset {
  /** Of each executed message, in the receipts' order. */
  readonly results: readonly ApplyResult[];
}

/**
 * Executes a tipset: what the rounds without blocks before it left to do, its messages in order, the reward of each block,
 * and cron.
 *
 * The store holds every block of the new state and of the receipts when it returns; after an error, at most blocks that
 * nothing names.
 *
 * @throws {VmError} `vm/implicit-message-failed`: no valid tipset does that; `vm/migration-absent`
 * @throws {HostFault}
 * @see lotus:chain/consensus/compute_state.go ApplyBlocks
 * @example
 * const { stateRoot } = applyTipset(tipset, context);
 */
export function applyTipset(tipset: ExecutableTipset, context: TipsetContext): AppliedTipset {
  const { epoch } = tipset;
  const machine = machineOf(tipset, context, stateBefore(tipset, context), epoch, tipset.timestamp);
  const applied: ApplyResult[] = [];
  const done = new Set<string>();
  for (const block of tipset.blocks) applyBlock(machine, epoch, block, context, done, applied);
  applyImplicit(machine, "cron", cronMessage(epoch), epoch, context);
  const receipts = applied.map(receiptOf);
  const { root, blocks } = receiptsRoot(receipts);
  context.store.putManySync(blocks);
  return { stateRoot: machine.flush(), receiptsRoot: root, receipts, results: applied };
}

// Cron of each round without blocks, and the upgrades that fall between the parents and this epoch.
function stateBefore(tipset: ExecutableTipset, context: TipsetContext): CidBytes {
  const { networkVersion, migrate, timestampOf } = context;
  let root = tipset.parentStateRoot;
  for (let epoch = tipset.parentEpoch; epoch < tipset.epoch; epoch++) {
    if (epoch > tipset.parentEpoch) {
      const machine = machineOf(tipset, context, root, epoch, timestampOf(epoch));
      applyImplicit(machine, "cron", cronMessage(epoch), epoch, context);
      root = machine.flush();
    }
    if (migrate !== undefined) root = migrate(root, epoch);
    else if (actorsOf(networkVersion(epoch)) !== actorsOf(networkVersion(epoch + 1))) {
      throw new VmError("vm/migration-absent", { epoch, networkVersion: networkVersion(epoch + 1) });
    }
  }
  return root;
}

function machineOf(
  { baseFee }: ExecutableTipset,
  context: TipsetContext,
  stateRoot: CidBytes,
  epoch: number,
  timestamp: number,
): Machine {
  assertNotAborted(context.signal);
  return createMachine({
    networkVersion: context.networkVersion(epoch),
    chainId: context.chainId,
    epoch,
    timestamp: BigInt(timestamp),
    baseFee,
    circSupply: context.circulatingSupply(stateRoot, epoch),
    stateRoot,
    store: context.store,
    externs: context.externs(stateRoot, epoch),
    proofs: context.proofs,
    engine: context.engine,
  });
}

function applyBlock(
  machine: Machine,
  epoch: number,
  block: ExecutableBlock,
  context: TipsetContext,
  done: Set<string>,
  applied: ApplyResult[],
): void {
  let penalty = 0n;
  let gasReward = 0n;
  for (const { message, onChainLength } of block.messages) {
    const id = cidKey(cidOf(encodeMessage(message)));
    if (done.has(id)) continue;
    done.add(id);
    assertNotAborted(context.signal);
    const result = machine.execute(message, { kind: "explicit", rawLength: onChainLength });
    context.onApplied?.(message, result);
    applied.push(result);
    penalty += result.penalty;
    gasReward += result.minerTip;
  }
  const { miner, winCount } = block;
  applyImplicit(machine, "reward", rewardMessage(epoch, { miner, penalty, gasReward, winCount }), epoch, context);
}

function applyImplicit(
  machine: Machine,
  what: "cron" | "reward",
  message: Message,
  epoch: number,
  context: TipsetContext,
): void {
  const result = machine.execute(message, { kind: "implicit", rawLength: 0 });
  context.onApplied?.(message, result);
  const { exitCode } = result.receipt;
  if (exitCode !== 0) throw new VmError("vm/implicit-message-failed", { what, epoch, exitCode });
}

function receiptOf({ receipt }: ApplyResult): Receipt {
  const { exitCode, returnData, gasUsed, eventsRoot } = receipt;
  const fields = { exitCode, return: returnData, gasUsed };
  return eventsRoot === undefined ? fields : { ...fields, eventsRoot: eventsRoot === null ? null : toCid(eventsRoot) };
}
