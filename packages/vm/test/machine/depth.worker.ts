import { parentPort } from "node:worker_threads";
import { Address } from "@copse/types";
import { actor, call } from "../actors/compile.ts";
import { generations, machineOf, numbers } from "./generations.ts";

// Runs where the stack is deep: an actor sends to itself as often as its method says, and returns the depth it came to or,
// where a send could not begin, the depth and the error number.

const to = Address.id(200);

function run(index: number, method: bigint, gasLimit: bigint) {
  const generation = generations[index] as (typeof generations)[number];
  const { fvm } = generation;
  const limited = gasLimit === -1n ? [-1n, 0n] : [gasLimit, 0n];
  const context = fvm === 2 ? call("vm.context", 2048) : call("vm.message_context", 2048);
  const methodAt = fvm === 2 ? 2048 + 32 : 2048 + 32;
  const again = `(call $send.send (i32.const 512) (i32.const 3000) (i32.const ${to.length})
    (i64.sub (local.get $n) (i64.const 1)) (i32.const 0) (i64.const 0) (i64.const 0)
    ${fvm === 2 ? "" : limited.map((value) => `(i64.const ${value})`).join(" ")})`;
  const body = `
    (drop ${context})
    (local.set $n (i64.load (i32.const ${methodAt})))
    (if (i64.le_u (local.get $n) (i64.const 1)) (then (i32.store (i32.const 1024) (i32.const 1)) (return (call $return (i32.const 8)))))
    (local.set $i ${again})
    (if (local.get $i) (then
      (i32.store (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) (local.get $i))
      (return (call $return (i32.const 8)))))
    (if (i32.load (i32.const 512)) (then (drop (call $exit (i32.load (i32.const 512))))))
    (drop (call $ipld.block_read (i32.const 600) (i32.load (i32.const 516)) (i32.const 0) (i32.const 1024) (i32.const 8)))
    (i32.store (i32.const 1024) (i32.add (i32.const 1) (i32.load (i32.const 1024))))
    (call $return (i32.const 8))`;
  const { receipt } = machineOf(generation, actor(fvm, { body, data: { 3000: to } })).send({ method });
  return { exitCode: receipt.exitCode, returned: numbers(receipt.returnData), gasUsed: receipt.gasUsed };
}

parentPort?.on("message", ({ index, method, gasLimit }: { index: number; method: bigint; gasLimit: bigint }) => {
  parentPort?.postMessage(run(index, method, gasLimit));
});
