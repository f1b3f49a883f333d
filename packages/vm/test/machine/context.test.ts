import { blake2b256 } from "@copse/crypto";
import { cidOf } from "@copse/ipld";
import { HostFault, toHex } from "@copse/primitives";
import type { AttoFil } from "@copse/types";
import { describe, expect, test } from "vitest";
import { ExternError } from "../../src/externs.ts";
import { answers, call } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";

const tipset = cidOf(Uint8Array.of(0x41, 1));

describe.each(generations)("contexts of network version $networkVersion", (generation) => {
  const { fvm, networkVersion } = generation;

  test("circulating supply and logs", () => {
    const body = `${answers(
      call("network.total_fil_circ_supply", 512),
      call("debug.enabled", 528),
      call("debug.log", 65_530, 100), // not looked at
      call("debug.store_artifact", 65_530, 100, 0, 0),
      call("network.total_fil_circ_supply", 65_521),
    )} (memory.copy (i32.const 1044) (i32.const 512) (i32.const 20)) (call $return (i32.const 40))`;
    const { receipt } = machineOf(generation, { body }).send();
    const supply = 10n ** 27n;
    const words = [0n, 32n, 64n, 96n].map((shift) => Number((supply >> shift) & 0xffffffffn));
    expect(numbers(receipt.returnData)).toEqual([0, 0, 0, 0, 1, ...words, 0xffffffff]);
    const loud = {
      body: `(drop ${call("debug.log", 2048, 2)}) (i32.const 0)`,
      data: { 2048: Uint8Array.of(104, 105) },
    };
    expect(machineOf(generation, loud, { actorDebugging: true }).send().logs).toEqual(["hi"]);
    expect(machineOf(generation, loud).send().logs).toEqual([]);
  });

  test("gas that an actor charges itself", () => {
    const body = (amount: bigint): string =>
      `${answers(
        call("gas.charge", 2048, 3, amount),
        call("gas.charge", 2060, 1, 1n),
        call("gas.charge", 65_530, 9, 1n),
      )} (call $return (i32.const 12))`;
    const data = { 2048: new TextEncoder().encode("abc"), 2060: Uint8Array.of(0xff) };
    const used = [0n, 1_000_000n].map((amount) => {
      const { receipt } = machineOf(generation, { body: body(amount), data }).send();
      expect(numbers(receipt.returnData)).toEqual([0, 1, 1]);
      return receipt.gasUsed;
    });
    expect((used[1] as bigint) - (used[0] as bigint)).toBe(1_000_000n);
    const all = machineOf(generation, { body: body(-1n), data }).send();
    expect(all.receipt.exitCode).toBe(fvm === 2 ? 0 : 7); // FVM 2 takes it as given back
  });

  test("randomness, and epochs that have none", () => {
    const asked: [string, number][] = [];
    const digest = new Uint8Array(32).fill(5);
    const externs = {
      chainRandomness: (epoch: number) => {
        asked.push(["chain", epoch]);
        if (epoch > 900) throw new ExternError("not yet");
        return digest;
      },
      beaconRandomness: (epoch: number) => {
        asked.push(["beacon", epoch]);
        if (epoch > 900) throw new HostFault("host/store-failed", { operation: "read", reason: "disk" });
        return digest;
      },
    };
    const draw = (source: string, at: number, epoch: bigint): string =>
      fvm === 4
        ? call(`rand.get_${source}_randomness`, at, epoch)
        : call(`rand.get_${source}_randomness`, at, 7n, epoch, 2048, 3);
    const data = { 2048: Uint8Array.of(1, 2, 3) };
    const body = `${answers(draw("chain", 512, 800n), draw("beacon", 544, 801n), draw("chain", 512, 950n))}
      (memory.copy (i32.const 1036) (i32.const 512) (i32.const 64)) (call $return (i32.const 76))`;
    const { receipt } = machineOf(generation, { body, data }, { externs }).send();
    expect(numbers(receipt.returnData.slice(0, 12))).toEqual([0, 0, 1]);
    const expected = (epoch: number): string => {
      if (fvm === 4) return toHex(digest);
      const [tag, at] = [new Uint8Array(8), new Uint8Array(8)];
      new DataView(tag.buffer).setBigInt64(0, 7n);
      new DataView(at.buffer).setBigInt64(0, BigInt(epoch));
      return toHex(blake2b256(Uint8Array.of(...tag, ...digest, ...at, 1, 2, 3)));
    };
    expect(toHex(receipt.returnData.slice(12, 44))).toBe(expected(800));
    expect(toHex(receipt.returnData.slice(44))).toBe(expected(801));
    expect(asked).toEqual([
      ["chain", 800],
      ["beacon", 801],
      ["chain", 950],
    ]);
    const broken = `(drop ${draw("beacon", 512, 950n)}) (i32.const 0)`;
    expect(() => machineOf(generation, { body: broken, data }, { externs }).send()).toThrow(
      expect.objectContaining({ code: "host/store-failed" }),
    );
    // FVM 4 prices an epoch to come as one very long ago
    const future = machineOf(
      generation,
      { body: `${answers(draw("chain", 512, 1001n))} (call $return (i32.const 4))`, data },
      { externs },
    ).send();
    expect(future.receipt.exitCode).toBe(fvm === 4 ? 7 : 0);
  });

  test("consensus faults are the chain's word", () => {
    const externs = {
      verifyConsensusFault: (first: Uint8Array) => {
        if (first.length === 0) throw new ExternError("no header");
        return first[0] === 1 ? { target: 1234n, epoch: 77, type: 3 as const } : undefined;
      },
    };
    const verify = (at: number, length: number, out: number): string =>
      call("crypto.verify_consensus_fault", out, at, length, 2048, 1, 2048, 0);
    const body = `${answers(verify(2048, 1, 512), verify(2049, 1, 532), verify(2048, 0, 552))}
      (memory.copy (i32.const 1036) (i32.const 512) (i32.const 40)) (call $return (i32.const 52))`;
    const { receipt } = machineOf(generation, { body, data: { 2048: Uint8Array.of(1, 2) } }, { externs }).send();
    expect(numbers(receipt.returnData)).toEqual([0, 0, 1, 77, 0, 1234, 0, 3, 0, 0, 0, 0, 0]);
  });

  test("what the message and the network say", () => {
    const value = (2n ** 64n + 3n) as AttoFil;
    if (fvm === 2) {
      const body = `${answers(call("vm.context", 512), call("network.base_fee", 564))}
        (memory.copy (i32.const 1032) (i32.const 512) (i32.const 68)) (call $return (i32.const 76))`;
      const { receipt } = machineOf(generation, { body }).send({ value, method: 2n ** 40n + 1n });
      // biome-ignore format: fields
      expect(numbers(receipt.returnData)).toEqual([
        0, 0, 3, 0, 1, 0, 100, 0, 200, 0, 1, 256, 1000, 0, networkVersion, 100, 0, 0, 0,
      ]);
      return;
    }
    const body = `${answers(call("vm.message_context", 512), call("network.context", 600))}
      (memory.copy (i32.const 1032) (i32.const 512) (i32.const 80))
      (memory.copy (i32.const 1112) (i32.const 600) (i32.const 44)) (call $return (i32.const 132))`;
    const { receipt } = machineOf(generation, { body }).send({
      value,
      method: 2n ** 40n + 1n,
      gasPremium: 5n as AttoFil,
    });
    // biome-ignore format: fields
    expect(numbers(receipt.returnData)).toEqual([
      0, 0,
      100, 0, 0, 0, 100, 0, 200, 0, 1, 256, 3, 0, 1, 0, 5, 0, 0, 0, 0, 0,
      1000, 0, 30_000, 0, 100, 0, 0, 0, 31415926, 0, networkVersion,
    ]);
  });
});

describe.each(laterGenerations)("tipsets of network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const externs = {
    tipsetCid: (epoch: number) => {
      if (epoch === 500) throw new ExternError("pruned");
      return tipset;
    },
  };
  const ask = (epoch: bigint, room = 38): string => call("network.tipset_cid", 512, epoch, 3000, room);

  test("earlier ones have CIDs", () => {
    const body = `${answers(ask(999n), ask(1000n), ask(1001n), ask(-1n), ask(101n), ask(100n), ask(999n, 37))}
      (memory.copy (i32.const 1052) (i32.const 3000) (i32.const 38)) (call $return (i32.const 66))`;
    const { receipt } = machineOf(generation, { body }, { externs }).send();
    expect(numbers(receipt.returnData.slice(0, 28))).toEqual([0, 1, 1, 1, 0, fvm === 3 ? 1 : 0, 12]);
    expect(receipt.returnData.slice(28)).toEqual(tipset);
  });

  test("one that the chain does not know is fatal", () => {
    const body = `(drop ${ask(500n)}) (i32.const 0)`;
    const { receipt } = machineOf(generation, { body }, { externs }).send({ gasLimit: 10n ** 9n });
    expect(receipt).toMatchObject({ exitCode: 10, gasUsed: 10n ** 9n });
  });
});
