import type { CidBytes } from "@copse/ipld";
import { ExternError } from "../externs.ts";
import { onTipsetCid } from "../gas/prices.ts";
import { FatalError, SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

/** How far FVM 3 looks back. */
const finality = 900;

/** Of the message and the call. Amounts in attoFIL. */
export interface MessageContext {
  readonly origin: bigint;
  readonly nonce: bigint;
  readonly caller: bigint;
  readonly receiver: bigint;
  readonly method: bigint;
  readonly value: bigint;
  readonly premium: bigint;
  readonly readOnly: boolean;
}

/** Of the network. */
export interface NetworkContext {
  readonly epoch: number;
  readonly timestamp: bigint;
  /** Unit: attoFIL. */
  readonly baseFee: bigint;
  readonly chainId: bigint;
  readonly networkVersion: number;
}

/** What the message and the call say. Since FVM 3. */
export function messageContext(kernel: Kernel): MessageContext {
  kernel.gas.charge("OnMessageContext", 0);
  const { origin } = kernel.calls;
  const { from, method, value, readOnly } = kernel.invocation;
  return {
    origin: origin.id,
    nonce: origin.nonce,
    caller: from,
    receiver: kernel.self,
    method,
    value,
    premium: origin.effectivePremium,
    readOnly,
  };
}

/** What the network says. Since FVM 3. */
export function networkContext(kernel: Kernel): NetworkContext {
  kernel.gas.charge("OnNetworkContext", 0);
  return kernel.core.context;
}

/** The CID of an earlier tipset. Since FVM 3. */
export function tipsetCid({ core, gas }: Kernel, epoch: bigint): CidBytes {
  if (epoch < 0n) throw new SyscallError("IllegalArgument", "the epoch is negative");
  const lookback = BigInt(core.context.epoch) - epoch;
  if (lookback <= 0n) throw new SyscallError("IllegalArgument", "the epoch has no tipset before this one");
  if (core.rules.fvm === 3 && lookback >= finality) {
    throw new SyscallError("IllegalArgument", "the epoch is too far in the past");
  }
  gas.charge("OnTipsetCid", onTipsetCid(core.prices, Number(lookback)));
  try {
    return core.externs.tipsetCid(Number(epoch));
  } catch (error) {
    if (error instanceof ExternError) throw new FatalError(error.message);
    throw error;
  }
}
