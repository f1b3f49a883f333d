import { Address, type AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import { call } from "../actors/compile.ts";
import { generations, machineOf } from "./generations.ts";
import { funds, senderId, target } from "./test-machine.ts";

describe.each(generations)("before a message, network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const quiet = { body: "(i32.const 0)" };
  const inclusion = (length: number): bigint => BigInt((fvm === 2 ? 85_663 : 560_663) + 1300 * length);

  test("the message's place on chain must be paid for", () => {
    for (const [gasLimit, exitCode] of [
      [inclusion(100) - 1n, 7],
      [inclusion(100), fvm === 2 ? 7 : 0],
    ] as const) {
      const { send, state } = machineOf(generation, quiet);
      const result = send({ gasLimit, method: 0n });
      expect(result.receipt.exitCode).toBe(exitCode);
      if (gasLimit === inclusion(100)) continue;
      expect(result).toMatchObject({ penalty: 100n * inclusion(100), minerTip: 0n, baseFeeBurn: 0n, refund: 0n });
      expect(result.receipt).toMatchObject({ gasUsed: 0n, returnData: new Uint8Array(0) });
      expect(state().getActor(senderId)).toMatchObject({ sequence: 0n, balance: funds });
    }
  });

  test("who sends must be there, be an account, and have the nonce and the funds", () => {
    const gasLimit = 1_000_000_000n;
    const cases = [
      [{ from: Address.actor(Uint8Array.of(9)) }, 1],
      [{ from: Address.id(4711) }, 1],
      [{ from: Address.id(target) }, 1],
      [{ nonce: 1n }, 2],
      [{ gasFeeCap: funds as AttoFil }, 2],
    ] as const;
    for (const [message, exitCode] of cases) {
      const { send, state } = machineOf(generation, quiet);
      const result = send({ gasLimit, ...message });
      expect(result.receipt).toMatchObject({ exitCode, gasUsed: 0n });
      expect(result.penalty).toBe(100n * gasLimit);
      expect(state().getActor(senderId)?.sequence).toBe(0n);
    }
  });

  test("no block can hold a message without a gas limit", () => {
    for (const gasLimit of [0n, -1n, 2n ** 63n]) {
      const { send } = machineOf(generation, quiet);
      expect(() => send({ gasLimit })).toThrow(expect.objectContaining({ code: "vm/message-invalid" }));
      expect(send().receipt.exitCode).toBe(0); // the machine goes on
    }
  });

  test("receipts have an events root since FVM 3", () => {
    const { receipt } = machineOf(generation, quiet).send();
    expect("eventsRoot" in receipt).toBe(fvm !== 2);
    expect(receipt.eventsRoot).toBe(fvm === 2 ? undefined : null);
  });

  test("a fee cap below the base fee costs the miner", () => {
    const { send } = machineOf(generation, quiet);
    const result = send({ gasFeeCap: 40n as AttoFil });
    expect(result.minerTip).toBe(0n);
    expect(result.penalty).toBe(60n * (result.receipt.gasUsed + result.gasBurned));
  });

  test("implicit messages need neither nonce nor funds, and pay nothing", () => {
    const gasLimit = 2n ** 62n - 1n;
    const { machine, state } = machineOf(generation, quiet);
    const message = {
      version: 0,
      from: Address.id(0),
      to: Address.id(target),
      nonce: 99n,
      value: 0n as AttoFil,
      gasLimit,
      gasFeeCap: 0n as AttoFil,
      gasPremium: 0n as AttoFil,
      method: 5n,
      params: new Uint8Array(0),
    };
    const result = machine.execute(message, { kind: "implicit", rawLength: 0 });
    expect(result).toMatchObject({ penalty: 0n, minerTip: 0n, baseFeeBurn: 0n, refund: 0n, gasBurned: 0n });
    expect(result.receipt.exitCode).toBe(0);
    expect(result.receipt.gasUsed > 0n).toBe(true);
    expect(state().getActor(0n)?.sequence).toBe(0n);
    const unknown = machine.execute(
      { ...message, from: Address.actor(Uint8Array.of(1)) },
      { kind: "implicit", rawLength: 0 },
    );
    expect(unknown.receipt.exitCode).toBe(1);
    expect(unknown.penalty).toBe(0n);
  });

  test("an implicit message's gas is counted exactly, and capped", () => {
    if (fvm === 2) return;
    const body = `(drop ${call("gas.available", 1024)}) (call $return (i32.const 8))`;
    const { machine } = machineOf(generation, { body });
    const { receipt } = machine.execute(
      {
        version: 0,
        from: Address.id(0),
        to: Address.id(target),
        nonce: 0n,
        value: 0n as AttoFil,
        gasLimit: 2n ** 62n - 1n,
        gasFeeCap: 0n as AttoFil,
        gasPremium: 0n as AttoFil,
        method: 5n,
        params: new Uint8Array(0),
      },
      { kind: "implicit", rawLength: 0 },
    );
    const left = new DataView(receipt.returnData.slice().buffer).getBigUint64(0, true);
    expect(left < 9223372036854775n && left > 9223372036000000n).toBe(true);
  });
});
