import { ActorExit } from "../actor-exit.ts";
import { exitCodes, firstUserExitCode } from "../exit-codes.ts";
import { messageContext } from "../kernel/context.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import type { ActorMemory } from "./memory.ts";
import { type Syscall, since3, syscall } from "./syscall.ts";

/** Bytes of a message that are kept: its start and its end, half each. */
const maxMessage = 1024;
const lossy: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The actor's own end. Only users' codes are an actor's to give; 0 as well, since FVM 3. */
function exit(
  memory: ActorMemory,
  code: number,
  block: number,
  isCode0Free: boolean,
  at: number,
  length: number,
): never {
  const exitCode = code >>> 0;
  if (exitCode < firstUserExitCode && !(isCode0Free && exitCode === exitCodes.OK)) {
    throw new ActorExit(exitCodes.SYS_ILLEGAL_EXIT_CODE, block, `actor aborted with code ${exitCode}`);
  }
  throw new ActorExit(exitCode, block, messageAt(memory, at, length));
}

function messageAt(memory: ActorMemory, at: number, length: number): string {
  if (length === 0) return "actor aborted";
  let bytes: Uint8Array;
  try {
    bytes = memory.slice(at, length);
  } catch (error) {
    if (error instanceof SyscallError) return `failed to extract error message: ${error.reason}`;
    throw error;
  }
  if (bytes.length <= maxMessage) return lossy.decode(bytes);
  const [start, end] = [bytes.subarray(0, maxMessage / 2), bytes.subarray(bytes.length - maxMessage / 2)];
  return `${lossy.decode(start)} ... (skipped ${bytes.length - maxMessage} bytes) ... ${lossy.decode(end)}`;
}

function invocationContext({ core, invocation, self }: Kernel): layout.InvocationContext {
  return {
    value: layout.fitting(invocation.value),
    caller: invocation.from,
    receiver: self,
    method: invocation.method,
    epoch: core.context.epoch,
    networkVersion: core.context.networkVersion,
  };
}

/** Syscalls of module `vm`. @see ref-fvm:fvm/src/syscalls/vm.rs */
export const vmSyscalls: readonly Syscall[] = [
  syscall({
    module: "vm",
    name: "abort",
    fvm: [2],
    params: [["code", "i32"], ["message_off", "i32"], ["message_len", "i32"]], // biome-ignore format: a row
    returns: layout.nothing,
    run: (_, memory, code, at, length): void => exit(memory, code, 0, false, at, length),
  }),
  syscall({
    module: "vm",
    name: "exit",
    fvm: since3,
    params: [
      ["code", "i32"],
      ["block_id", "i32"],
      ["message_off", "i32"],
      ["message_len", "i32"],
    ],
    returns: layout.nothing,
    run: (_, memory, code, block, at, length): void => exit(memory, code, block >>> 0, true, at, length),
  }),
  syscall({
    module: "vm",
    name: "context",
    fvm: [2],
    params: [],
    returns: layout.invocationContext,
    run: (kernel) => invocationContext(kernel),
  }),
  syscall({
    module: "vm",
    name: "message_context",
    fvm: since3,
    params: [],
    returns: layout.messageContext,
    run(kernel) {
      const context = messageContext(kernel);
      layout.fitting(context.value);
      layout.fitting(context.premium);
      return context;
    },
  }),
];
