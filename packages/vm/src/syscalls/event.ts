import { type EventHeader, emitEncodedEvent, emitEvent } from "../kernel/event.ts";
import { SyscallError } from "../syscall-error.ts";
import * as layout from "./layouts.ts";
import { type Syscall, syscall } from "./syscall.ts";

/** Bytes of an entry's header. */
const headerSize = 24;

/** Shape: flags u64, codec u64, key length u32, value length u32, little-endian. */
function headerOf(view: DataView, at: number): EventHeader {
  return {
    flags: view.getBigUint64(at, true),
    codec: view.getBigUint64(at + 8, true),
    keyLength: view.getUint32(at + 16, true),
    valueLength: view.getUint32(at + 20, true),
  };
}

/** Syscalls of module `event`. @see ref-fvm:fvm/src/syscalls/event.rs */
export const eventSyscalls: readonly Syscall[] = [
  syscall({
    module: "event",
    name: "emit_event",
    fvm: [3],
    params: [
      ["event_off", "i32"],
      ["event_len", "i32"],
    ],
    returns: layout.nothing,
    run: (kernel, memory, at, length) => emitEncodedEvent(kernel, memory.slice(at, length)),
  }),
  syscall({
    module: "event",
    name: "emit_event",
    fvm: [4],
    params: [
      ["entries_off", "i32"],
      ["entries_count", "i32"],
      ["key_off", "i32"],
      ["key_len", "i32"],
      ["value_off", "i32"],
      ["value_len", "i32"],
    ],
    returns: layout.nothing,
    run(kernel, memory, at, count, keysAt, keysLength, valuesAt, valuesLength) {
      const entries = count >>> 0;
      const size = entries * headerSize;
      if (size > 0xffffffff) throw new SyscallError("IllegalArgument", `${entries} entries`);
      memory.assertBounds(at, size);
      const keys = memory.slice(keysAt, keysLength);
      const values = memory.slice(valuesAt, valuesLength);
      const start = at >>> 0;
      emitEvent(kernel, entries, (index) => headerOf(memory.view, start + index * headerSize), keys, values);
    },
  }),
];
