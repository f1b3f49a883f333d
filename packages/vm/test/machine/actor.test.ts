import { CborWriter, rawCidOf } from "@copse/ipld";
import { Address, type AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import type { FvmVersion } from "../../src/fvm-version.ts";
import { actor, answers, call } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";
import { funds, sender, senderId, target, testMachine } from "./test-machine.ts";

const code = (fvm: FvmVersion, mark: number): Uint8Array =>
  actor(fvm, { body: `(drop (i32.const ${7000 + mark})) (i32.const 0)` });

describe.each(generations)("actor of network version $networkVersion", (generation) => {
  /** Type of code that a test brings: FVM 2 runs none that is not built in. */
  const testType = generation.fvm === 2 ? 13 : 0;

  test("addresses are resolved; those of IDs without a look", () => {
    const data = {
      3000: sender,
      3100: Address.id(424242),
      3200: Address.actor(Uint8Array.of(1)),
      3300: Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), // 2^64 - 1
      3400: Uint8Array.of(0, 0x80, 0x00), // longer than need be
    };
    const body = `${answers(
      call("actor.resolve_address", 512, 3000, 21),
      call("actor.resolve_address", 520, 3100, 4),
      call("actor.resolve_address", 528, 3200, 21),
      call("actor.resolve_address", 536, 3300, 11),
      call("actor.resolve_address", 544, 3400, 3),
      call("actor.resolve_address", 544, 3000, 20),
    )}
    (memory.copy (i32.const 1048) (i32.const 512) (i32.const 32)) (call $return (i32.const 56))`;
    const { receipt } = machineOf(generation, { body, data }).send();
    expect(numbers(receipt.returnData)).toEqual([
      0, 0, 6, 0, 1, 1,
      100, 0, 424242, 0, 0, 0, 0xffffffff, 0xffffffff,
    ]); // biome-ignore format: pairs
  });

  test("code of an actor, type of code, code of a type", () => {
    const body = `${answers(
      call("actor.get_actor_code_cid", 512, senderId, 2048, 38),
      call("actor.get_builtin_actor_type", 516, 2048),
      call("actor.get_actor_code_cid", 520, target, 2100, 38),
      call("actor.get_builtin_actor_type", 524, 2100),
      call("actor.get_code_cid_for_type", 528, 4, 2200, 38),
      call("actor.get_builtin_actor_type", 532, 2200),
      call("actor.get_actor_code_cid", 536, 9999n, 2048, 38),
      call("actor.get_actor_code_cid", 536, -1n, 2048, 38),
      call("actor.get_actor_code_cid", 536, senderId, 2048, 37),
      call("actor.get_code_cid_for_type", 536, 0, 2200, 38),
      call("actor.get_code_cid_for_type", 536, 99, 2200, 38),
      call("actor.get_builtin_actor_type", 536, 60_000),
    )}
    (memory.copy (i32.const 1072) (i32.const 512) (i32.const 24)) (call $return (i32.const 72))`;
    const { receipt } = machineOf(generation, { body }).send();
    expect(numbers(receipt.returnData)).toEqual([0, 0, 0, 0, 0, 0, 6, 6, 12, 1, 1, 1, 38, 4, 38, testType, 38, 4]);
  });
});

describe("actors that FVM 2 makes", () => {
  const generation = generations[0] as (typeof generations)[number];

  test("only of built-in code that is no singleton, and under an ID that is free", () => {
    const system = code(2, 1);
    const miner = code(2, 6);
    const data = { 3000: rawCidOf(system), 3100: rawCidOf(miner), 3200: rawCidOf(code(2, 99)) };
    const body = `${answers(
      call("actor.create_actor", 3001n, 3000),
      call("actor.create_actor", 3001n, 3200),
      call("actor.create_actor", senderId, 3100),
      call("actor.create_actor", 3001n, 3100),
      call("actor.create_actor", 3001n, 3100),
      call("actor.new_actor_address", 512, 2048, 20),
      call("actor.new_actor_address", 512, 2048, 21),
      call("actor.new_actor_address", 516, 2100, 30),
    )}
    (memory.copy (i32.const 1056) (i32.const 512) (i32.const 8))
    (memory.copy (i32.const 1064) (i32.const 2048) (i32.const 21))
    (memory.copy (i32.const 1085) (i32.const 2100) (i32.const 21)) (call $return (i32.const 82))`;
    const { send, state } = machineOf(generation, { body, data }, { builtin: { system, storageminer: miner } });
    const { receipt } = send({ from: Address.id(senderId) });
    expect(numbers(receipt.returnData.slice(0, 40))).toEqual([11, 11, 11, 0, 11, 12, 0, 0, 21, 21]);
    const nonce = new Uint8Array(8);
    const index = (n: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, n);
    const key = new CborWriter().bytes(sender).finish(); // not as the message names it
    expect(receipt.returnData.slice(40, 61)).toEqual(Address.actor(Uint8Array.of(...key, ...nonce, ...index(0))));
    expect(receipt.returnData.slice(61)).toEqual(Address.actor(Uint8Array.of(...key, ...nonce, ...index(1))));
    expect(state().getActor(3001n)).toMatchObject({ code: rawCidOf(miner), balance: 0n, sequence: 0n });
  });
});

describe.each(laterGenerations)("actors that network version $networkVersion makes", (generation) => {
  const { fvm, networkVersion } = generation;
  const delegated = Address.delegated(10, new Uint8Array(20).fill(3));
  const another = Address.delegated(10, new Uint8Array(20).fill(4));
  const placeholder = code(fvm, 13);
  const data = {
    3000: rawCidOf(code(fvm, 50)),
    3100: rawCidOf(placeholder),
    3200: delegated,
    3300: another,
    3400: Uint8Array.of(9),
  };
  const calls = [
    call("actor.create_actor", 3001n, 3100, 0, 0), // a placeholder
    call("actor.create_actor", senderId, 3000, 0, 0), // exists
    call("actor.create_actor", 300n, 3000, 3300, 22), // a placeholder of another address
    call("actor.create_actor", 300n, 3000, 0, 0),
    call("actor.create_actor", 300n, 3000, 3200, 22),
    call("actor.create_actor", 3001n, 3000, 3400, 1), // no address
    call("actor.create_actor", 3001n, 3000, 0, 0),
    call("actor.create_actor", 3002n, 3000, 3300, 22),
    call("actor.next_actor_address", 512, 2048, 20),
    call("actor.next_actor_address", 512, 2048, 21),
  ];
  const body = `${answers(...calls)} (memory.copy (i32.const 1064) (i32.const 2048) (i32.const 21)) (call $return (i32.const 61))`;

  test("only the init actor makes them", () => {
    expect(numbers(machineOf(generation, { body, data }).send().receipt.returnData.slice(0, 8))).toEqual([11, 11]);
  });

  test("of any code, or in place of a placeholder of the same address", () => {
    const { send, state } = testMachine({
      networkVersion,
      builtin: { init: actor(fvm, { body, data }), placeholder },
      actors: { 300: { code: placeholder, delegated, balance: 77n } },
    });
    const { receipt } = send({ to: Address.id(1) });
    expect(numbers(receipt.returnData.slice(0, 40))).toEqual([11, 11, 11, 11, 0, 1, 0, 0, 12, 0]);
    const after = state();
    const made = rawCidOf(code(fvm, 50));
    expect(after.getActor(300n)).toMatchObject({ code: made, balance: 77n, delegatedAddress: delegated });
    expect(after.getActor(3001n)).toMatchObject({ code: made, balance: 0n, delegatedAddress: null });
    expect(after.getActor(3002n)).toMatchObject({ code: made, delegatedAddress: another });
    // three were made; the address is of the sender as the message has it
    const origin = new CborWriter().bytes(sender).finish();
    const tail = Uint8Array.of(...new Uint8Array(15), 3);
    expect(receipt.returnData.slice(40)).toEqual(Address.actor(Uint8Array.of(...origin, ...tail)));
  });

  test("balances and delegated addresses of others", () => {
    const text = `${answers(
      call("actor.balance_of", 512, senderId),
      call("actor.balance_of", 512, 9999n),
      call("actor.balance_of", 512, 300n),
      call("actor.lookup_delegated_address", 528, 300n, 2048, 22),
      call("actor.lookup_delegated_address", 532, 300n, 2048, 21),
      call("actor.lookup_delegated_address", 532, senderId, 2048, 21),
      call("actor.lookup_delegated_address", 536, 9999n, 2048, 21),
    )}
    (memory.copy (i32.const 1052) (i32.const 512) (i32.const 24)) (call $return (i32.const 52))`;
    const actors = { 300: { code: placeholder, delegated, balance: 77n } };
    const { receipt } = machineOf(generation, { body: text }, { actors }).send();
    expect(numbers(receipt.returnData)).toEqual([0, 6, 0, 0, 12, 0, 6, 77, 0, 0, 0, 22, 0]);
  });

  test("a placeholder's first message makes it an Ethereum account, though the message fail", () => {
    const ethaccount = code(fvm, 16);
    const machine = (sequence = 0n, address = delegated) =>
      testMachine({
        networkVersion,
        builtin: { placeholder, ethaccount },
        actors: { 300: { code: placeholder, delegated: address, balance: funds, sequence } },
      });
    const { send, state } = machine();
    const from = Address.id(300);
    expect(send({ from, to: Address.id(9999), nonce: 0n }).receipt.exitCode).toBe(5);
    expect(send({ from, to: Address.id(99), method: 0n, nonce: 1n }).receipt.exitCode).toBe(0);
    expect(state().getActor(300n)).toMatchObject({
      code: rawCidOf(ethaccount),
      sequence: 2n,
      delegatedAddress: delegated,
    });
    expect(machine(1n).send({ from, nonce: 1n }).receipt.exitCode).toBe(1);
    const elsewhere = Address.delegated(11, new Uint8Array(20));
    expect(machine(0n, elsewhere).send({ from, nonce: 0n, value: 0n as AttoFil }).receipt.exitCode).toBe(1);
  });
});
