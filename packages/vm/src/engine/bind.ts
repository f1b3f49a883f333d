import type { Kernel } from "../kernel/kernel.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Syscall } from "../syscalls/syscall.ts";
import type { ActorInstance } from "./actor-instance.ts";

type Value = number | bigint;
/** A function as WebAssembly calls it: those it has fewer parameters than this are `undefined`. */
type ImportedFunction = (
  a: Value,
  b: Value,
  c: Value,
  d: Value,
  e: Value,
  f: Value,
  g: Value,
  h: Value,
  i: Value,
) => number;

/**
 * A syscall as one instance imports it: what every syscall does before and after, once.
 *
 * Order: what ran until here is charged, then the call itself; room for the result; the call; the result; what is left is
 * told to the instance, also when the call ends the actor. Where there is no room for the result, nothing is told: the
 * instance goes on with what it knew, and from FVM 3 on pays again for what it ran before.
 *
 * @see ref-fvm:fvm/src/syscalls/linker.rs
 */
export function bind(row: Syscall, instance: ActorInstance, kernel: Kernel): ImportedFunction {
  const { exec, memory } = instance;
  const { gas } = kernel;
  const price = kernel.core.prices.syscall;
  const { size } = row.returns;
  const write = row.returns.write as (view: DataView, at: number, value: unknown) => void;
  const { trace } = gas;
  if (size === 0) {
    return (a, b, c, d, e, f, g, h, i) => {
      trace?.push({ kind: "syscall", name: `${row.module}.${row.name}` });
      exec.charge();
      gas.charge("OnSyscall", price);
      let errno = 0;
      try {
        row.run(kernel, memory, a, b, c, d, e, f, g, h, i);
        instance.lastError = undefined;
      } catch (error) {
        errno = instance.fail(row, error);
      }
      exec.refresh();
      trace?.push({ kind: "answer", errno });
      return errno;
    };
  }
  return (out, a, b, c, d, e, f, g, h) => {
    trace?.push({ kind: "syscall", name: `${row.module}.${row.name}` });
    exec.charge();
    gas.charge("OnSyscall", price);
    const at = (out as number) >>> 0;
    if (!memory.has(at, size)) return instance.refuse(row, noRoom);
    let errno = 0;
    try {
      const value = row.run(kernel, memory, a, b, c, d, e, f, g, h);
      write(memory.view, at, value);
      instance.lastError = undefined;
    } catch (error) {
      errno = instance.fail(row, error);
    }
    exec.refresh();
    trace?.push({ kind: "answer", errno });
    return errno;
  };
}

const noRoom: SyscallError = new SyscallError("IllegalArgument", "no space for return value");
