import { cidOf } from "@copse/ipld";
import { Address, type AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import { answers, call } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";
import { funds, target } from "./test-machine.ts";

const leaf = Uint8Array.of(0x82, 1, 2);

describe.each(generations)("self of network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("root and balance are told, and where there is no room the CID is not", () => {
    const body = `${answers(
      call("self.root", 512, 2048, 38),
      call("self.root", 516, 2100, 37),
      call("self.root", 516, 65_530, 38),
      call("self.current_balance", 600),
    )}
    (memory.copy (i32.const 1040) (i32.const 512) (i32.const 4))
    (memory.copy (i32.const 1044) (i32.const 600) (i32.const 16))
    (memory.copy (i32.const 1060) (i32.const 2048) (i32.const 38))
    (call $return (i32.const 74))`;
    const { receipt } = machineOf(
      generation,
      { body },
      { self: { head: cidOf(leaf), balance: 2n ** 64n + 5n } },
    ).send();
    expect(numbers(receipt.returnData.slice(0, 36))).toEqual([0, 12, 1, 0, 38, 5, 0, 1, 0]);
    expect(receipt.returnData.slice(36)).toEqual(cidOf(leaf));
  });

  test("a root that is set is the state's, and stays when the actor succeeds only", () => {
    const head = cidOf(Uint8Array.of(0x81, 9));
    for (const exitCode of [0, 33]) {
      const body = `
        (drop ${call("ipld.block_create", 512, 0x71n, 2048, 2)})
        (drop ${call("ipld.block_link", 516, "(i32.load (i32.const 512))", 0xb220n, 32, 3000, 38)})
        (drop ${call("self.set_root", 3000)})
        ${exitCode === 0 ? "" : `(drop (call $exit (i32.const ${exitCode})))`} (i32.const 0)`;
      const { send, state, store } = machineOf(generation, { body, data: { 2048: Uint8Array.of(0x81, 9) } });
      expect(send().receipt.exitCode).toBe(exitCode);
      const after = state().getActor(target);
      expect(after?.head).toEqual(exitCode === 0 ? head : cidOf(Uint8Array.of(0x80)));
      expect(store.getSync(head) !== undefined).toBe(exitCode === 0); // what is not reachable is not written
    }
  });

  test("an actor that destroys itself has no root, no balance, and may do it again", () => {
    const destroy = fvm === 4 ? call("self.self_destruct", 1) : call("self.self_destruct", 3000, 2);
    const body = `${answers(
      destroy,
      call("self.root", 512, 2048, 38),
      call("self.set_root", 3100),
      call("self.current_balance", 600),
      destroy,
      "(i32.load (i32.const 600))",
    )} (call $return (i32.const 24))`;
    const data = { 3000: Address.id(99), 3100: cidOf(Uint8Array.of(0x80)) };
    const { send, state } = machineOf(generation, { body, data });
    // in FVM 4, the root that is set must be reachable before it is asked whose it is
    expect(numbers(send({ value: 7n as AttoFil }).receipt.returnData)).toEqual([0, 2, fvm === 4 ? 6 : 2, 0, 0, 0]);
    const after = state();
    expect(after.getActor(target)).toBeUndefined();
    expect((after.getActor(99n)?.balance ?? 0n) >= funds + 7n).toBe(true);
  });

  test("what is left must go somewhere", () => {
    const calls =
      fvm === 4
        ? [call("self.self_destruct", 0)]
        : [
            call("self.self_destruct", 3000, 2), // itself
            call("self.self_destruct", 3100, 3), // nobody
            call("self.self_destruct", 3200, 3), // no address
          ];
    const data = { 3000: Address.id(target).slice(), 3100: Address.id(9999), 3200: Uint8Array.of(9, 9, 9) };
    if (fvm !== 4) calls[0] = call("self.self_destruct", 3000, data[3000].length);
    const body = `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`;
    const { send, state } = machineOf(generation, { body, data });
    expect(numbers(send().receipt.returnData)).toEqual(fvm === 4 ? [2] : [11, 6, 1]);
    expect(state().getActor(target)?.balance).toBe(funds);
  });
});

describe.each(laterGenerations)("read-only calls of network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("they change nothing, and say so", () => {
    // method 2 calls method 3 of itself, read-only
    const destroy = fvm === 4 ? call("self.self_destruct", 1) : call("self.self_destruct", 3000, 2);
    const emit = fvm === 4 ? call("event.emit_event", 0, 0, 0, 0, 0, 0) : call("event.emit_event", 3300, 1);
    const send = (to: number, length: number, value: bigint): string =>
      call("send.send", 700, to, length, 0n, 0, 0n, value, -1n, 0n);
    const inner = `${answers(
      call("self.set_root", 3100),
      destroy,
      emit,
      send(3000, 2, 5n), // value
      send(3400, 21, 0n), // a new account
      send(3000, 2, 0n),
      call("ipld.block_create", 512, 0x55n, 0, 1),
      "(i32.load (i32.const 2120))",
    )} (call $return (i32.const 32))`;
    const body = `
      (drop ${call("vm.message_context", 2048)})
      (if (result i32) (i64.eq (i64.load (i32.const 2080)) (i64.const 3)) (then ${inner}) (else
        (drop ${call("send.send", 2200, 3500, 3, 3n, 0, 0n, 0n, -1n, 1n)})
        (i32.load (i32.const 2204))))`;
    const data = {
      3000: Address.id(99),
      3100: cidOf(Uint8Array.of(0x80)),
      3300: Uint8Array.of(0x80),
      3400: Uint8Array.of(1, ...new Uint8Array(20).fill(5)),
      3500: Address.id(target),
    };
    const { receipt, failure } = machineOf(generation, { body, data }).send();
    expect(failure).toBeUndefined();
    expect(numbers(receipt.returnData)).toEqual([13, 13, 13, 13, 13, 0, 0, 1]);
  });
});
