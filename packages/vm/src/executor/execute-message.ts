import type { Message } from "@copse/types";
import type { Block } from "../block-registry.ts";
import type { InvocationResult } from "../call-manager/call.ts";
import { CallManager } from "../call-manager/call-manager.ts";
import { blockCodecs } from "../cids.ts";
import { runActor } from "../engine/run-actor.ts";
import { exitCodes } from "../exit-codes.ts";
import { onChainReturnValue } from "../gas/prices.ts";
import type { MachineCore } from "../machine/core.ts";
import { type ErrorName, FatalError, OutOfGas, SyscallError } from "../syscall-error.ts";
import { type ApplyResult, type MessageReceipt, noOutputs } from "./apply-result.ts";
import { preflight } from "./preflight.ts";
import { settle } from "./settle.ts";

/** How a message came to be executed. */
export interface ApplyOptions {
  /** Explicit messages stand on chain, and pay. Implicit ones are the protocol's own: rewards, cron. */
  readonly kind: "explicit" | "implicit";
  /** Bytes of an explicit message as it stands on chain: signed, unless BLS signed it. */
  readonly rawLength: number;
}

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Executes a message on a machine's state.
 *
 * @throws {VmError} `vm/message-invalid`, `vm/settlement-failed`
 * @throws {HostFault} what is no fact of the chain; the state is not to be used any more
 * @see ref-fvm:fvm/src/executor/default.rs
 */
export function executeMessage(core: MachineCore, message: Message, options: ApplyOptions): ApplyResult {
  const isExplicit = options.kind === "explicit";
  const admitted = preflight(core, message, isExplicit ? options.rawLength : undefined);
  if ("exitCode" in admitted) {
    const { exitCode, reason, penalty } = admitted;
    const receipt = receiptOf(core, { exitCode, returnData: nothing, gasUsed: 0n, eventsRoot: null });
    const cause = { kind: "fatal", reason } as const;
    return { ...noOutputs, receipt, penalty, failure: { frames: [], cause } };
  }
  const { senderId, inclusion } = admitted;
  const calls = callsOf(core, message, senderId);
  if (inclusion > 0) calls.gas.charge("OnChainMessage", inclusion);
  const end = run(calls, message);
  const gasUsed = end.isFatal ? message.gasLimit : calls.gas.gasUsed();
  const { events, root } = calls.events.finish();
  const value = end.result?.value;
  const receipt = receiptOf(core, {
    exitCode: end.exitCode,
    returnData: value?.data ?? nothing,
    gasUsed,
    eventsRoot: root ?? null,
  });
  const outputs = isExplicit ? settle(core, message, senderId, gasUsed) : undefined;
  return {
    ...noOutputs,
    ...(outputs === undefined ? {} : { ...outputs, penalty: outputs.minerPenalty }),
    receipt,
    events,
    logs: calls.logs,
    failure: end.exitCode === exitCodes.OK ? undefined : calls.backtrace.failure,
    returnCodec: value?.codec,
    trace: calls.gas.trace,
  };
}

function callsOf(core: MachineCore, message: Message, senderId: bigint): CallManager {
  const { from, to, nonce, gasLimit, gasFeeCap, gasPremium } = message;
  const origin = {
    id: senderId,
    address: from,
    nonce,
    effectivePremium: effectivePremium(gasPremium, gasFeeCap - core.context.baseFee),
    gasLimit,
    receiver: core.rules.fvm === 2 ? undefined : core.tree.lookupId(to),
    receiverAddress: to,
  };
  return new CallManager(core, origin, runActor);
}

/** What is left of the premium when the fee is capped. Unit: attoFIL per gas. */
function effectivePremium(premium: bigint, left: bigint): bigint {
  const capped = left < premium ? left : premium;
  return capped > 0n ? capped : 0n;
}

/** How the calls of a message ended. */
interface End {
  readonly exitCode: number;
  readonly result?: InvocationResult;
  readonly isFatal?: boolean;
}

function run(calls: CallManager, message: Message): End {
  const { to, method, value } = message;
  const params = blockOf(calls, message);
  const call = { from: calls.origin.id, to, method, params, value, gasLimit: undefined, readOnly: false };
  try {
    const result = calls.transaction(() => {
      const ended = calls.call(call);
      chargeReturn(calls, ended);
      return ended;
    });
    return { exitCode: result.exitCode, result };
  } catch (error) {
    if (error instanceof OutOfGas) return { exitCode: exitCodes.SYS_OUT_OF_GAS };
    if (error instanceof SyscallError) {
      const { errorName, reason } = error;
      calls.backtrace.begin({ kind: "syscall", module: "send", name: "send", error: errorName, reason });
      return { exitCode: dispatchFailures[errorName] ?? exitCodes.SYS_ASSERTION_FAILED };
    }
    if (error instanceof FatalError) {
      calls.backtrace.setCause({ kind: "fatal", reason: error.reason });
      return { exitCode: exitCodes.SYS_ASSERTION_FAILED, isFatal: true };
    }
    throw error;
  }
}

/** Exit codes of messages that could not be handed to their receiver. */
const dispatchFailures: { readonly [E in ErrorName]?: number } = {
  InsufficientFunds: exitCodes.SYS_INSUFFICIENT_FUNDS,
  NotFound: exitCodes.SYS_INVALID_RECEIVER,
};

/** Parameters of a message: no links of theirs are followed since FVM 3. */
function blockOf({ core }: CallManager, { params, method }: Message): Block | undefined {
  if (params.length === 0) return undefined;
  const since3 = method === 0n ? blockCodecs.raw : blockCodecs.cbor;
  return { codec: core.rules.fvm === 2 ? blockCodecs.dagCbor : since3, data: params, links: [] };
}

/** FVM 2 charges for what a message returns here, also for nothing; those after it where the call ends. */
function chargeReturn({ core, gas }: CallManager, { exitCode, value }: InvocationResult): void {
  if (core.rules.fvm !== 2 || exitCode !== exitCodes.OK) return;
  gas.charge("OnChainReturnValue", onChainReturnValue(core.prices, value?.data.length ?? 0));
}

function receiptOf({ rules }: MachineCore, receipt: Required<MessageReceipt>): MessageReceipt {
  if (rules.fvm !== 2) return receipt;
  const { exitCode, returnData, gasUsed } = receipt;
  return { exitCode, returnData, gasUsed };
}
