import { CborWriter, cidKey, cidOf, rawCidOf } from "@copse/ipld";
import { MutableStateTree } from "@copse/state";
import { describe, expect, test } from "vitest";
import { newActor } from "../../src/call-manager/new-actor.ts";
import { Engine, type ModuleCache } from "../../src/engine/engine.ts";
import { createMachine, type MachineOptions } from "../../src/machine/create-machine.ts";
import { Manifest } from "../../src/machine/manifest.ts";
import { FatalError } from "../../src/syscall-error.ts";
import type { PreparedModule } from "../../src/wasm/prepare.ts";
import { actor } from "../actors/compile.ts";
import { generations, machineOf } from "./generations.ts";
import { MemoryStore, target, testMachine } from "./test-machine.ts";

const externs = {
  chainRandomness: () => new Uint8Array(32),
  beaconRandomness: () => new Uint8Array(32),
  tipsetCid: () => cidOf(Uint8Array.of(1)),
  verifyConsensusFault: () => undefined,
};

const optionsOf = (rest: Pick<MachineOptions, "networkVersion" | "stateRoot" | "store">): MachineOptions => ({
  chainId: 0n,
  epoch: 1,
  timestamp: 30n,
  baseFee: 0n,
  circSupply: 0n,
  externs,
  ...rest,
});

describe("a machine", () => {
  test("is for network versions 16 to 28", () => {
    for (const networkVersion of [15, 29, Number.NaN]) {
      const make = () =>
        createMachine(optionsOf({ networkVersion, stateRoot: cidOf(Uint8Array.of(0)), store: new MemoryStore() }));
      expect(make).toThrow(expect.objectContaining({ code: "vm/network-version-unsupported" }));
    }
  });

  test("wants its state in the store, and of its version", () => {
    const store = new MemoryStore();
    const missing = () => createMachine(optionsOf({ networkVersion: 18, stateRoot: cidOf(Uint8Array.of(0)), store }));
    expect(missing).toThrow(expect.objectContaining({ code: "host/block-missing" }));
    for (const [version, networkVersion] of [
      [4, 18],
      [5, 17],
    ] as const) {
      const stateRoot = MutableStateTree.create(store, version).flush();
      const make = () => createMachine(optionsOf({ networkVersion, stateRoot, store }));
      expect(make).toThrow(expect.objectContaining({ code: "vm/state-unfit" }));
    }
  });

  test("wants the list of built-in actors, and the few it knows by name in it", () => {
    const store = new MemoryStore();
    const put = (block: Uint8Array): Uint8Array => {
      store.putSync(cidOf(block), block);
      return cidOf(block);
    };
    const stateRoot = MutableStateTree.create(store, 5).flush();
    expect(() => createMachine(optionsOf({ networkVersion: 18, stateRoot, store }))).toThrow(
      expect.objectContaining({ code: "vm/manifest-incomplete" }),
    );
    const list = new CborWriter()
      .array(1)
      .array(2)
      .text("account")
      .link(rawCidOf(Uint8Array.of(1)))
      .finish();
    const tree = MutableStateTree.create(store, 5);
    const head = put(new CborWriter().array(1).link(put(list)).finish());
    tree.setActor(0n, { ...newActor(rawCidOf(Uint8Array.of(2)), null), head });
    const root = tree.flush();
    expect(() => createMachine(optionsOf({ networkVersion: 18, stateRoot: root, store }))).toThrow(
      expect.objectContaining({ code: "vm/manifest-incomplete", facts: { name: "system" } }),
    );
  });

  test("puts the state of actors that have none into the store, since FVM 3", () => {
    for (const generation of generations) {
      const { machine, store } = machineOf(generation, { body: "(i32.const 0)" });
      expect(machine.context.networkVersion).toBe(generation.networkVersion);
      expect(machine.manifest.typeOf(machine.manifest.account)).toBe(4);
      expect(store.blocks.has(cidKey(cidOf(Uint8Array.of(0x80))))).toBe(true);
    }
  });

  test("executes after a flush, on what it flushed", () => {
    const { send, machine, state } = machineOf({ networkVersion: 28, fvm: 4 }, { body: "(i32.const 0)" });
    send();
    const first = machine.flush();
    expect(machine.flush()).toEqual(first);
    send();
    expect(machine.flush()).not.toEqual(first);
    expect(state().getActor(100n)?.sequence).toBe(2n);
  });

  test("code that is missing from the store is a fault", () => {
    const { send, store } = machineOf(
      { networkVersion: 28, fvm: 4 },
      { body: "(drop (i32.const 424242)) (i32.const 0)" },
      { engine: new Engine() },
    );
    const code = rawCidOf(actor(4, { body: "(drop (i32.const 424242)) (i32.const 0)" }));
    store.blocks.delete(cidKey(code));
    expect(() => send()).toThrow(expect.objectContaining({ code: "host/block-missing" }));
  });
});

describe("a manifest", () => {
  test("numbers types from 1, and knows singletons", () => {
    const code = (mark: number) => rawCidOf(Uint8Array.of(mark));
    const manifest = new Manifest(
      ["system", "init", "account", "storageminer"].map((name, mark) => ({ name, code: code(mark) })),
      2,
    );
    expect([0, 3, 9].map((mark) => manifest.typeOf(code(mark)))).toEqual([1, 4, 0]);
    expect([0, 1, 4, 5].map((type) => manifest.codeOf(type))).toEqual([undefined, code(0), code(3), undefined]);
    expect([0, 1, 2, 3].map((mark) => manifest.isSingleton(code(mark)))).toEqual([true, true, false, false]);
  });
});

describe("an engine", () => {
  test("asks its cache before it prepares code, and tells it what it made", () => {
    const kept = new Map<string, PreparedModule>();
    const asked: string[] = [];
    const cache: ModuleCache = {
      get(code, rules) {
        asked.push(rules);
        return kept.get(cidKey(code) + rules);
      },
      set: (code, rules, module) => void kept.set(cidKey(code) + rules, module),
    };
    const code = actor(4, { body: "(i32.const 0)" });
    const run = () =>
      testMachine({ networkVersion: 28, engine: new Engine({ cache }), actors: { [`${target}`]: { code } } }).send();
    const first = run();
    expect(kept.size).toBe(1);
    expect(run().receipt).toEqual(first.receipt);
    expect(asked).toEqual(["0.4.0", "0.4.0"]);
    const store = { getSync: () => undefined };
    expect(new Engine({ cache }).load(rawCidOf(code), 4, store).shape.exports.has("invoke")).toBe(true);
  });

  test("remembers code that is none", () => {
    const engine = new Engine();
    const bytes = Uint8Array.of(1, 2, 3);
    let reads = 0;
    const store = {
      getSync: () => {
        reads++;
        return bytes;
      },
    };
    for (let i = 0; i < 2; i++) expect(() => engine.load(rawCidOf(bytes), 4, store)).toThrow(FatalError as never);
    expect(reads).toBe(1);
  });
});
