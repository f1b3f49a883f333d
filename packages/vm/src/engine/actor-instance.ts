import { HostFault } from "@copse/primitives";
import { ActorExit } from "../actor-exit.ts";
import type { BacktraceCause } from "../call-manager/backtrace.ts";
import type { CallManager } from "../call-manager/call-manager.ts";
import { FatalError, OutOfGas, SyscallError } from "../syscall-error.ts";
import { ActorMemory } from "../syscalls/memory.ts";
import type { Syscall } from "../syscalls/syscall.ts";
import type { PreparedModule } from "../wasm/prepare.ts";
import { ExecGas } from "./exec-gas.ts";
import type { WasmMemory } from "./web-assembly.ts";

const page = 65_536;
/** Pages of a memory that declares no maximum: all that 32 bits reach. */
const mostPages = 65_536;

/** What a run of an actor's code has to itself: memory, gas counter, the last error it was told of. */
export class ActorInstance {
  readonly exec: ExecGas;
  readonly memory: ActorMemory;
  /** The error of the last syscall; the next one that goes well clears it. */
  lastError: BacktraceCause | undefined;
  readonly #calls: CallManager;

  constructor(calls: CallManager) {
    this.#calls = calls;
    this.exec = new ExecGas(calls);
    this.memory = new ActorMemory(calls.core.rules.fvm);
  }

  /** Takes note of an error, and gives its number. */
  refuse({ module, name }: Syscall, error: SyscallError): number {
    this.lastError = { kind: "syscall", module, name, error: error.errorName, reason: error.reason };
    return error.number;
  }

  /** What a failed syscall does: answer a number, or end the actor. What neither is passes: it is no fact of the chain. */
  fail(row: Syscall, error: unknown): number {
    if (error instanceof SyscallError) return this.refuse(row, error);
    if (error instanceof ActorExit || error instanceof OutOfGas || error instanceof FatalError) this.exec.refresh();
    throw error;
  }

  /** What prepared code imports to grow its memory: 1 lets it. */
  growth(
    shape: Omit<PreparedModule, "bytes">,
    memoryOf: () => WasmMemory,
  ): {
    readonly grow: (pages: number) => number;
    readonly grow_failed: () => never;
  } {
    const most = shape.memory?.maxPages ?? mostPages;
    return {
      grow: (pages) => {
        const current = memoryOf().buffer.byteLength / page;
        const isAllowed = this.#calls.memory.grow(current, pages >>> 0, most);
        if (isAllowed) this.memory.growing();
        return isAllowed ? 1 : 0;
      },
      grow_failed: () => {
        throw new HostFault("host/worker-failed", { reason: "no memory is left for an actor" });
      },
    };
  }
}
