import { equalBytes } from "@copse/primitives";
import type { ActorState } from "@copse/state";
import type { Message } from "@copse/types";
import { isEthereumAddress } from "../addresses.ts";
import { VmError } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { onChainMessage } from "../gas/prices.ts";
import type { MachineCore } from "../machine/core.ts";

const maxGasLimit = 2n ** 63n - 1n;

/** A message that may run. */
export interface Admitted {
  readonly senderId: bigint;
  /** Paid for being on chain: the first charge. Unit: milligas. */
  readonly inclusion: number;
}

/** A message that may not: it has a receipt, and the miner pays for having included it. */
export interface Refused {
  readonly exitCode: number;
  readonly reason: string;
  /** Unit: attoFIL. */
  readonly penalty: bigint;
}

/**
 * Checks what must hold before a message runs, and takes the sender's nonce and the most it may pay. What it takes stays
 * taken however the message ends.
 *
 * @param rawLength bytes of the message as it stands on chain; `undefined` for one that is implicit and is not checked
 * @throws {VmError} `vm/message-invalid`: no message that could be in a block
 * @see ref-fvm:fvm/src/executor/default.rs preflight_message
 */
export function preflight(core: MachineCore, message: Message, rawLength: number | undefined): Admitted | Refused {
  assertPossible(message);
  const { tree, context, prices } = core;
  const { gasLimit } = message;
  let inclusion = 0;
  if (rawLength !== undefined) {
    inclusion = onChainMessage(prices, rawLength);
    const gas = BigInt(Math.ceil(inclusion / 1000));
    if (gas > gasLimit) {
      const reason = `Out of gas (${gas} > ${gasLimit})`;
      return { exitCode: exitCodes.SYS_OUT_OF_GAS, reason, penalty: context.baseFee * gas };
    }
  }
  const penalty = rawLength === undefined ? 0n : context.baseFee * gasLimit;
  const invalidSender = (reason: string): Refused => ({ exitCode: exitCodes.SYS_SENDER_INVALID, reason, penalty });
  const senderId = tree.lookupId(message.from);
  if (senderId === undefined) return invalidSender("Sender invalid");
  if (rawLength === undefined) return { senderId, inclusion };
  const sender = tree.getActor(senderId);
  if (sender === undefined) return invalidSender("Sender invalid");
  const code = codeOfSender(core, sender);
  if (code === undefined) return invalidSender("Send not from valid sender");
  const wrongState = (reason: string): Refused => ({ exitCode: exitCodes.SYS_SENDER_STATE_INVALID, reason, penalty });
  if (message.nonce !== sender.sequence) {
    return wrongState(`Actor sequence invalid: ${message.nonce} != ${sender.sequence}`);
  }
  const cost = message.gasFeeCap * gasLimit;
  if (sender.balance < cost) return wrongState(`Actor balance less than needed: ${sender.balance} < ${cost}`);
  tree.setActor(senderId, { ...sender, code, sequence: sender.sequence + 1n, balance: sender.balance - cost });
  return { senderId, inclusion };
}

/** @throws {VmError} `vm/message-invalid` */
function assertPossible({ gasLimit }: Message): void {
  if (gasLimit <= 0n || gasLimit > maxGasLimit) {
    throw new VmError("vm/message-invalid", { why: `a gas limit of ${gasLimit}` });
  }
}

/** The code a sender has from now on, or `undefined` where it may not send. A placeholder's first message makes it an account. */
function codeOfSender({ manifest, rules }: MachineCore, sender: ActorState): Uint8Array | undefined {
  const { code } = sender;
  if (equalBytes(code, manifest.account)) return code;
  if (rules.fvm === 2 || manifest.ethAccount === undefined || manifest.placeholder === undefined) return undefined;
  if (equalBytes(code, manifest.ethAccount)) return code;
  const isUnused = equalBytes(code, manifest.placeholder) && sender.sequence === 0n;
  const isEthereum = sender.delegatedAddress !== null && isEthereumAddress(sender.delegatedAddress);
  return isUnused && isEthereum ? manifest.ethAccount : undefined;
}
