import type { Address } from "@copse/types";
import type { Block } from "../block-registry.ts";
import { FatalError, SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

/** How a send ended; the block it returned is one of the sender's now. */
export interface SendResult {
  readonly exitCode: number;
  /** Its handle; 0 for none, and codec and size with it. */
  readonly blockId: number;
  readonly codec: number;
  readonly size: number;
}

/** What an actor sends. */
export interface SendRequest {
  readonly to: Address;
  readonly method: bigint;
  /** Handle of the parameters, 0 for none. */
  readonly params: number;
  /** Unit: attoFIL. */
  readonly value: bigint;
  /** Unit: gas; all there is when absent. */
  readonly gasLimit: bigint | undefined;
  readonly readOnly: boolean;
}

/** Calls another actor. A call that fails with an exit code is an answer; one that could not begin is an error. */
export function send(kernel: Kernel, request: SendRequest): SendResult {
  const { blocks, calls, self } = kernel;
  const { to, method, value, gasLimit } = request;
  const readOnly = kernel.invocation.readOnly || request.readOnly;
  if (readOnly && value !== 0n) throw new SyscallError("ReadOnly", "value is sent while read-only");
  const params = request.params === 0 ? undefined : blocks.get(request.params);
  if (blocks.isFull) throw new SyscallError("LimitExceeded", "no handle is left for what is returned");
  const result = calls.transaction(() => calls.call({ from: self, to, method, params, value, gasLimit, readOnly }));
  const { exitCode, value: returned } = result;
  // FVM 2 keeps what a failed actor says from its caller, as it has no way to say it
  if (returned === undefined) return { exitCode, blockId: 0, codec: 0, size: 0 };
  return { exitCode, blockId: keep(kernel, returned), codec: returned.codec, size: returned.data.length };
}

/** Cannot fail: there is room, and who returned the block has checked it. */
function keep(kernel: Kernel, block: Block): number {
  try {
    return kernel.blocks.putReachable(block);
  } catch (error) {
    if (error instanceof SyscallError) throw new FatalError(`a valid return value is refused: ${error.reason}`);
    throw error;
  }
}
