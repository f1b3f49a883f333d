import { describe, expect, test } from "vitest";
import { actor, answers, call } from "../actors/compile.ts";
import { target, testMachine } from "./test-machine.ts";

describe.each([16, 18, 21, 28])("network version %i", (networkVersion) => {
  const fvm = networkVersion < 18 ? 2 : networkVersion < 21 ? 3 : 4;
  test("an actor returns a block", () => {
    const code = actor(fvm, { body: `${answers(call("ipld.block_stat", 2048, 77))} (call $return (i32.const 4))` });
    const { send, state } = testMachine({ networkVersion, actors: { [`${target}`]: { code } } });
    const { receipt, failure } = send();
    expect(failure).toBeUndefined();
    expect(receipt.exitCode).toBe(0);
    expect([...receipt.returnData]).toEqual([7, 0, 0, 0]);
    expect(receipt.gasUsed > 0n).toBe(true);
    expect(state().getActor(100n)?.sequence).toBe(1n);
  });
});
