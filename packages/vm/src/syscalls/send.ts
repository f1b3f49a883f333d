import { send } from "../kernel/send.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import { type Syscall, since3, syscall } from "./syscall.ts";

/** The limit that stands for none. */
const noLimit = -1n;
const readOnlyFlag = 1n;

/** Two halves of an amount. Unit: attoFIL. */
function amountOf(high: bigint, low: bigint): bigint {
  return (BigInt.asUintN(64, high) << 64n) | BigInt.asUintN(64, low);
}

/** Syscalls of module `send`. @see ref-fvm:fvm/src/syscalls/send.rs */
export const sendSyscalls: readonly Syscall[] = [
  syscall({
    module: "send",
    name: "send",
    fvm: [2],
    params: [
      ["recipient_off", "i32"],
      ["recipient_len", "i32"],
      ["method", "i64"],
      ["params_id", "i32"],
      ["value_hi", "i64"],
      ["value_lo", "i64"],
    ],
    returns: layout.sendResult,
    run: (kernel, memory, toAt, toLength, method, params, valueHigh, valueLow) =>
      send(kernel, {
        to: memory.readAddress(toAt, toLength),
        method: BigInt.asUintN(64, method),
        params: params >>> 0,
        value: amountOf(valueHigh, valueLow),
        gasLimit: undefined,
        readOnly: false,
      }),
  }),
  syscall({
    module: "send",
    name: "send",
    fvm: since3,
    params: [
      ["recipient_off", "i32"],
      ["recipient_len", "i32"],
      ["method", "i64"],
      ["params_id", "i32"],
      ["value_hi", "i64"],
      ["value_lo", "i64"],
      ["gas_limit", "i64"],
      ["flags", "i64"],
    ],
    returns: layout.sendResult,
    run(kernel, memory, toAt, toLength, method, params, valueHigh, valueLow, gasLimit, flags) {
      const to = memory.readAddress(toAt, toLength);
      if (flags !== 0n && flags !== readOnlyFlag) throw new SyscallError("IllegalArgument", `flags ${flags}`);
      return send(kernel, {
        to,
        method: BigInt.asUintN(64, method),
        params: params >>> 0,
        value: amountOf(valueHigh, valueLow),
        gasLimit: gasLimit === noLimit ? undefined : BigInt.asUintN(64, gasLimit),
        readOnly: flags === readOnlyFlag,
      });
    },
  }),
];
