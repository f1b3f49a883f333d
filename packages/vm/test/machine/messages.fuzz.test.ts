import { cidOf } from "@copse/ipld";
import { HostFault, isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { Address, type AttoFil, decodeMessage, encodeMessage, type Message } from "@copse/types";
import { describe, expect } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import type { MessageReceipt } from "../../src/executor/apply-result.ts";
import { fvmVersion } from "../../src/fvm-version.ts";
import { createMachine } from "../../src/machine/create-machine.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { actor } from "../actors/compile.ts";
import { sender, target, testMachine } from "./test-machine.ts";

/** Takes its parameters for everything that they may be: a block, a CID, an address, an event. */
const taker = `
  (drop (call $ipld.block_stat (i32.const 16) (local.get $params)))
  (local.set $i (i32.load (i32.const 24)))
  (if (i32.gt_u (local.get $i) (i32.const 2048)) (then (local.set $i (i32.const 2048))))
  (drop (call $ipld.block_read (i32.const 0) (local.get $params) (i32.const 0) (i32.const 4096) (local.get $i)))
  (drop (call $ipld.block_create (i32.const 32) (i64.const 0x71) (i32.const 4096) (local.get $i)))
  (drop (call $ipld.block_link (i32.const 40) (i32.load (i32.const 32)) (i64.const 0xb220) (i32.const 32) (i32.const 9000) (i32.const 100)))
  (drop (call $self.set_root (i32.const 9000)))
  (drop (call $self.set_root (i32.const 4096)))
  (drop (call $actor.resolve_address (i32.const 64) (i32.const 4096) (local.get $i)))
  (drop (call $crypto.compute_unsealed_sector_cid (i32.const 64) (i64.const 8) (i32.const 4096) (local.get $i) (i32.const 9000) (i32.const 100)))`;
const event: { readonly [F in 2 | 3 | 4]: string } = {
  2: "",
  3: "(drop (call $event.emit_event (i32.const 4096) (local.get $i)))",
  4: `(drop (call $ipld.block_open (i32.const 48) (i32.const 4096)))
      (drop (call $event.emit_event (i32.const 4096) (i32.const 1) (i32.const 4120) (i32.const 3) (i32.const 4123) (i32.const 5)))`,
};

describe.each([17, 18, 28])("nv%i", (networkVersion) => {
  const fvm = fvmVersion(networkVersion);
  const code = actor(fvm, { body: `${taker} ${event[fvm]} (i32.const 0)` });
  const { store, root } = testMachine({ networkVersion, actors: { [`${target}`]: { code } } });
  const engine = new Engine();
  const begin = (): Machine =>
    createMachine({
      networkVersion,
      chainId: 31415926n,
      epoch: 1000,
      timestamp: 30_000n,
      baseFee: 100n,
      circSupply: 10n ** 27n,
      stateRoot: root,
      store,
      engine,
      externs: {
        chainRandomness: () => new Uint8Array(32),
        beaconRandomness: () => new Uint8Array(32),
        tipsetCid: () => cidOf(Uint8Array.of(1)),
        verifyConsensusFault: () => undefined,
      },
    });
  const plain: Message = {
    version: 0,
    from: sender,
    to: Address.id(target),
    nonce: 0n,
    value: 0n as AttoFil,
    gasLimit: 200_000_000n,
    gasFeeCap: 200n as AttoFil,
    gasPremium: 1n as AttoFil,
    method: 2n,
    params: Uint8Array.of(0x83, 1, 2, 3),
  };
  /** What the plain message gives on a machine of its own, and the state after it. */
  const control = (): { readonly receipt: MessageReceipt; readonly root: Uint8Array } => {
    const machine = begin();
    const { receipt } = machine.execute(plain, { kind: "explicit", rawLength: 100 });
    return { receipt, root: machine.flush() };
  };
  const expected = control();

  const isAnswer = (error: unknown): boolean =>
    isCopseError(error, "vm/message-invalid") ||
    isCopseError(error, "cbor/") ||
    isCopseError(error, "message/") ||
    isCopseError(error, "address/") ||
    isCopseError(error, "amount/") ||
    isCopseError(error, "fields/") ||
    (error instanceof HostFault && error.code === "host/block-missing");

  fuzz(
    "any bytes as a message, and as parameters; what runs after it is as ever",
    [encodeMessage(plain), plain.params, cidOf(plain.params)],
    (bytes) => {
      const machine = begin();
      const run = (message: Message): void => {
        const { receipt } = machine.execute(message, { kind: "explicit", rawLength: bytes.length });
        expect(receipt.gasUsed).toBeLessThanOrEqual(message.gasLimit);
      };
      try {
        run({ ...plain, params: bytes });
        run(decodeMessage(bytes));
        machine.flush();
      } finally {
        expect(control()).toEqual(expected);
      }
    },
    isAnswer,
  );
});
