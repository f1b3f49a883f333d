import wabt from "wabt";
import type { FvmVersion } from "../../src/fvm-version.ts";
import { syscalls } from "../../src/syscalls/table.ts";

const toolkit = await wabt();

/** A text module as bytes. */
export function compile(text: string): Uint8Array {
  const module = toolkit.parseWat("actor.wat", text, {
    bulk_memory: true,
    reference_types: true,
    sign_extension: true,
  });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

/** Imports of every syscall of a generation, under names as `$self.root`. */
export function importsOf(fvm: FvmVersion): string {
  return syscalls
    .filter((row) => row.fvm.includes(fvm))
    .map(({ module, name, params, returns }) => {
      const types = [...(returns.size > 0 ? ["i32"] : []), ...params];
      const typed = types.length === 0 ? "" : ` (param ${types.join(" ")})`;
      return `(import "${module}" "${name}" (func $${module}.${name}${typed} (result i32)))`;
    })
    .join("\n");
}

/** What a test actor is made of. */
export interface ActorText {
  /** Runs with the handle of its parameters in `$params`, and locals `$i`, `$j`, `$k` (i32) and `$n` (i64). */
  readonly body: string;
  /** Bytes in memory by their offset. */
  readonly data?: Readonly<Record<number, Uint8Array>>;
  /** More of the module: functions, tables. */
  readonly more?: string;
  readonly pages?: string;
}

/** Where the body leaves what the actor returns. */
export const out = 1024;

/**
 * An actor that runs a body. Where the body leaves a handle, it is returned; `$return` makes one of the first bytes at 1024.
 */
export function actorText(fvm: FvmVersion, { body, data = {}, more = "", pages = "1" }: ActorText): string {
  const segments = Object.entries(data).map(
    ([at, bytes]) =>
      `(data (i32.const ${at}) "${Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}")`,
  );
  const codec = fvm === 2 ? 0x71 : 0x55;
  return `(module
    ${importsOf(fvm)}
    (memory (export "memory") ${pages})
    ${segments.join("\n")}
    (func $return (param $length i32) (result i32)
      (drop (call $ipld.block_create (i32.const 8) (i64.const ${codec}) (i32.const ${out}) (local.get $length)))
      (i32.load (i32.const 8)))
    (func $exit (param $code i32) (result i32)
      ${
        fvm === 2
          ? "(call $vm.abort (local.get $code) (i32.const 0) (i32.const 0))"
          : "(call $vm.exit (local.get $code) (i32.const 0) (i32.const 0) (i32.const 0))"
      })
    ${more}
    (func (export "invoke") (param $params i32) (result i32)
      (local $i i32) (local $j i32) (local $k i32) (local $n i64)
      ${body}))`;
}

/** An actor of a body, compiled. */
export function actor(fvm: FvmVersion, text: ActorText): Uint8Array {
  return compile(actorText(fvm, text));
}

/** Stores the error number of a call in the next of four bytes from 1024 on. */
export function answers(...calls: readonly string[]): string {
  return calls.map((call, index) => `(i32.store (i32.const ${out + 4 * index}) ${call})`).join("\n");
}

/** An i32 constant. */
export const i32 = (value: number): string => `(i32.const ${value})`;
/** An i64 constant. */
export const i64 = (value: number | bigint): string => `(i64.const ${value})`;
/** A call with constants: plain numbers are i32, bigints i64; text is what it says. */
export function call(name: string, ...args: readonly (number | bigint | string)[]): string {
  const constants = args.map((arg) => (typeof arg === "bigint" ? i64(arg) : typeof arg === "number" ? i32(arg) : arg));
  return `(call $${name} ${constants.join(" ")})`;
}
