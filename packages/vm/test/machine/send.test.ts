import { CborWriter, cidOf } from "@copse/ipld";
import { Address, type AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import type { FvmVersion } from "../../src/fvm-version.ts";
import { actor, answers, call } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";
import { funds, senderId, target } from "./test-machine.ts";

const other = 201n;

/** A send with constants: result at 512. */
function send(
  fvm: FvmVersion,
  to: number,
  toLength: number,
  {
    method = 2n,
    params = 0 as number | string,
    value = 0n,
    gasLimit = -1n,
    flags = 0n,
    result = 512,
  }: {
    method?: bigint;
    params?: number | string;
    value?: bigint;
    gasLimit?: bigint;
    flags?: bigint;
    result?: number;
  } = {},
): string {
  const args = [result, to, toLength, method, params, 0n, value] as const;
  return fvm === 2 ? call("send.send", ...args) : call("send.send", ...args, gasLimit, flags);
}

const key = Address.fromSecp256k1(new Uint8Array(65).fill(9));
const bls = Address.fromBls(new Uint8Array(48).fill(9));
const zeroBls = Address.fromBls(Uint8Array.of(0xc0, ...new Uint8Array(47)));
const ethereum = Address.delegated(10, new Uint8Array(20).fill(7));
const elsewhere = Address.delegated(11, new Uint8Array(20).fill(7));
const actorAddress = Address.actor(Uint8Array.of(1));

describe.each(generations)("messages of network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const quiet = { body: "(i32.const 0)" };

  test("value alone runs no code, whatever the receiver", () => {
    const { send: apply, state } = machineOf(generation, { body: "(unreachable)" });
    const result = apply({ method: 0n, value: 12n as AttoFil, params: Uint8Array.of(255) });
    expect(result.receipt).toMatchObject({ exitCode: 0, returnData: new Uint8Array(0) });
    expect(state().getActor(target)?.balance).toBe(funds + 12n);
  });

  test("addresses of keys get accounts; those of Ethereum placeholders, since FVM 3", () => {
    for (const to of [key, bls, ethereum]) {
      const { send: apply, state } = machineOf(generation, quiet);
      const { receipt } = apply({ to, method: 0n, value: 5n as AttoFil });
      if (to === ethereum && fvm === 2) {
        expect(receipt.exitCode).toBe(5);
        continue;
      }
      expect(receipt.exitCode).toBe(0);
      const after = state();
      expect(after.lookupId(to)).toBe(1000n);
      expect(after.getActor(1000n)).toMatchObject({
        balance: 5n,
        sequence: 0n,
        delegatedAddress: to === ethereum ? ethereum : null,
      });
    }
  });

  test("an account's constructor gets its address, and its failure is nobody's concern", () => {
    const storing = actor(fvm, {
      body: `
        (drop ${call("ipld.block_read", 512, "(local.get $params)", 0, 2048, 100)})
        (drop ${call("ipld.block_create", 516, 0x71n, 2048, 22)})
        (drop ${call("ipld.block_link", 520, "(i32.load (i32.const 516))", 0xb220n, 32, 3000, 38)})
        (drop ${call("self.set_root", 3000)}) (i32.const 0)`,
    });
    const failing = actor(fvm, { body: call("exit", 99) });
    const state = new CborWriter().bytes(key).finish();
    for (const [code, head] of [
      [storing, cidOf(state)],
      [failing, undefined],
    ] as const) {
      const { send: apply, state: stateOf } = machineOf(generation, quiet, { builtin: { account: code } });
      expect(apply({ to: key, method: 0n }).receipt.exitCode).toBe(0);
      const after = stateOf().getActor(1000n);
      expect(after).toBeDefined();
      if (head !== undefined) expect(after?.head).toEqual(head);
    }
  });

  test("other addresses have no receiver; the zero BLS address may have none", () => {
    for (const to of [Address.id(9999), actorAddress, elsewhere]) {
      expect(machineOf(generation, quiet).send({ to }).receipt.exitCode).toBe(5);
    }
    expect(machineOf(generation, quiet).send({ to: zeroBls }).receipt.exitCode).toBe(10);
  });

  test("what one does not have cannot be sent, not even to oneself", () => {
    const { send: apply, state } = machineOf(generation, quiet);
    expect(apply({ method: 0n, value: (2n * funds) as AttoFil }).receipt.exitCode).toBe(6);
    expect(apply({ to: Address.id(senderId), method: 0n, value: (2n * funds) as AttoFil }).receipt.exitCode).toBe(6);
    expect(apply({ to: Address.id(senderId), method: 0n, value: 5n as AttoFil }).receipt.exitCode).toBe(0);
    expect(state().getActor(senderId)?.sequence).toBe(3n);
  });
});

describe.each(generations)("sends of network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const data = { 3000: Address.id(other), 3100: Address.id(9999), 3200: key, 3300: Uint8Array.of(7, 7) };

  /** The target runs a body, the other actor another. */
  function run(body: string, otherBody: string, gasLimit = 10_000_000_000n) {
    const code = actor(fvm, { body: otherBody, data: { 2048: Uint8Array.of(7, 8, 9), 3000: Address.id(target) } });
    const machine = machineOf(generation, { body, data }, { actors: { [`${other}`]: { code } } });
    return { ...machine, result: machine.send({ gasLimit }) };
  }

  const returning = `(drop ${call("ipld.block_create", 512, fvm === 2 ? 0x71n : 0x55n, 2048, 3)}) (i32.load (i32.const 512))`;

  test("what is returned is a block of the sender", () => {
    const body = `${answers(send(fvm, 3000, 3), call("ipld.block_read", 600, "(i32.load (i32.const 516))", 0, 2048, 3))}
      (memory.copy (i32.const 1032) (i32.const 512) (i32.const 20))
      (memory.copy (i32.const 1052) (i32.const 2048) (i32.const 4)) (call $return (i32.const 32))`;
    const { result } = run(body, returning);
    expect(numbers(result.receipt.returnData)).toEqual([0, 0, 0, 1, fvm === 2 ? 0x71 : 0x55, 0, 3, 0x090807]);
  });

  test("an exit code is an answer, and what the callee did is taken back", () => {
    const body = `${answers(send(fvm, 3000, 3, { value: 5n }))}
      (memory.copy (i32.const 1028) (i32.const 512) (i32.const 20)) (call $return (i32.const 24))`;
    const { result, state } = run(body, call("exit", 55));
    expect(numbers(result.receipt.returnData)).toEqual([0, 55, 0, 0, 0, 0]);
    const after = state();
    expect(after.getActor(other)?.balance).toBe(funds);
    expect(after.getActor(target)?.balance).toBe(funds);
  });

  test("a trap of the callee is exit code 4", () => {
    const body = `(drop ${send(fvm, 3000, 3)}) (drop (call $exit (i32.add (i32.const 100) (i32.load (i32.const 512))))) (i32.const 0)`;
    expect(run(body, "(unreachable)").result.receipt.exitCode).toBe(104);
  });

  test("sends that cannot begin are errors", () => {
    const calls = [
      send(fvm, 3100, 3), // nobody
      send(fvm, 3300, 2), // no address
      send(fvm, 65_530, 30),
      send(fvm, 3000, 3, { params: 5 }),
      send(fvm, 3000, 3, { value: -1n }), // 2^64 - 1, with a high half of 0, is affordable
      ...(fvm === 2 ? [] : [send(fvm, 3000, 3, { flags: 2n })]),
    ];
    const body = `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`;
    const { result } = run(body, "(i32.const 0)");
    expect(numbers(result.receipt.returnData)).toEqual(fvm === 2 ? [6, 1, 1, 7, 0] : [6, 1, 1, 7, 0, 1]);
    const poor = `${answers(call("send.send", 512, 3000, 3, 0n, 0, 99_999_999n, 0n, ...(fvm === 2 ? [] : [-1n, 0n])))} (call $return (i32.const 4))`;
    expect(numbers(run(poor, "(i32.const 0)").result.receipt.returnData)).toEqual([5]);
  });

  test("a send makes an account", () => {
    const body = `${answers(send(fvm, 3200, 21, { method: 0n, value: 9n }))} (call $return (i32.const 4))`;
    const { result, state } = run(body, "(i32.const 0)");
    expect(numbers(result.receipt.returnData)).toEqual([0]);
    expect(state().getActor(1000n)?.balance).toBe(9n);
  });

  test("gas that runs out in a send without a limit runs out of all", () => {
    const { result } = run(
      `(drop ${send(fvm, 3000, 3)}) (i32.const 0)`,
      "(loop $on (br $on)) (i32.const 0)",
      50_000_000n,
    );
    expect(result.receipt).toMatchObject({ exitCode: 7, gasUsed: 50_000_000n });
  });

  test("a fatal error of a callee is one of the whole message", () => {
    const { result } = run(
      `(drop ${send(fvm, 3000, 3)}) (i32.const 0)`,
      fvm === 2 ? "(unreachable)" : call("vm.exit", 0, 9, 0, 0),
      50_000_000n,
    );
    if (fvm === 2) expect(result.receipt.exitCode).toBe(0);
    else expect(result.receipt).toMatchObject({ exitCode: 10, gasUsed: 50_000_000n });
  });
});

describe.each(laterGenerations)("gas limits of sends, network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const data = { 3000: Address.id(other) };

  function run(limit: bigint, otherBody: string) {
    const body = `${answers(send(fvm, 3000, 3, { gasLimit: limit, value: 5n }))}
      (i32.store (i32.const 1028) (i32.load (i32.const 512))) (call $return (i32.const 8))`;
    const code = actor(fvm, { body: otherBody });
    const machine = machineOf(generation, { body, data }, { actors: { [`${other}`]: { code } } });
    return { ...machine, result: machine.send() };
  }

  test("what runs out of its own limit ends with exit code 7, and is taken back", () => {
    const { result, state } = run(10_000_000n, "(loop $on (br $on)) (i32.const 0)");
    expect(numbers(result.receipt.returnData)).toEqual([0, 7]);
    expect(result.receipt.gasUsed > 10_000_000n).toBe(true);
    expect(state().getActor(other)?.balance).toBe(funds);
  });

  test("a limit of more than there is is none", () => {
    const { result } = run(10n ** 15n, "(i32.const 0)");
    expect(numbers(result.receipt.returnData)).toEqual([0, 0]);
  });

  test("what the callee is told is left is within its limit", () => {
    const { result } = run(
      10_000_000n,
      `(drop ${call("gas.available", 512)})
      (drop (call $exit (i32.add (i32.const 1000) (i32.div_u (i32.load (i32.const 512)) (i32.const 1000000))))) (i32.const 0)`,
    );
    const [errno, exitCode] = numbers(result.receipt.returnData) as [number, number];
    expect(errno).toBe(0);
    expect(exitCode).toBeGreaterThan(1007);
    expect(exitCode).toBeLessThanOrEqual(1009);
  });
});
