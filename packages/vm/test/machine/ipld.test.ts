import { CborWriter, cidOf, makeCid } from "@copse/ipld";
import { describe, expect, test } from "vitest";
import { answers, call } from "../actors/compile.ts";
import { generations, laterGenerations, machineOf, numbers } from "./generations.ts";

const leaf = Uint8Array.of(0x82, 1, 2);
const linked = new CborWriter().array(2).link(cidOf(leaf)).uint(7).finish();
const dagCbor = 0x71n;

/** Runs calls one after another, and gives their error numbers. */
function errnos(generation: (typeof generations)[number], calls: readonly string[], options = {}, data = {}): number[] {
  const body = `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`;
  const { receipt, failure } = machineOf(generation, { body, data }, options).send();
  expect(failure).toBeUndefined();
  return numbers(receipt.returnData);
}

describe.each(generations)("ipld of network version $networkVersion", (generation) => {
  const { fvm } = generation;

  test("pointers that are out of bounds, or to no CID, are illegal arguments", () => {
    const calls = [
      call("ipld.block_open", 512, 65_536),
      call("ipld.block_open", 512, 65_530),
      call("ipld.block_open", 512, -1),
      call("ipld.block_open", 512, 4096), // zeros
      call("ipld.block_open", 65_530, 2048), // no room for the result
      call("ipld.block_create", 512, dagCbor, 65_530, 7),
      call("ipld.block_link", 512, 1, 0xb220n, 32, 65_530, 7),
      call("ipld.block_read", 512, 1, 0, 65_530, 7),
    ];
    expect(errnos(generation, calls)).toEqual(calls.map(() => 1));
  });

  test("handles that are none are invalid", () => {
    const calls = [0, 1, 2, -1].flatMap((id) => [
      call("ipld.block_stat", 512, id),
      call("ipld.block_read", 512, id, 0, 2048, 8),
      call("ipld.block_link", 512, id, 0xb220n, 32, 2048, 64),
    ]);
    expect(errnos(generation, calls)).toEqual(calls.map(() => 7));
  });

  test("codecs are those of the generation", () => {
    const calls = [0x71n, 0x55n, 0x51n, 0x70n, 0n, -1n].map((codec) => call("ipld.block_create", 512, codec, 2048, 1));
    expect(errnos(generation, calls, {}, { 2048: Uint8Array.of(0x80) })).toEqual(
      fvm === 2 ? [0, 9, 9, 9, 9, 9] : [0, 0, 0, 9, 9, 9],
    );
  });

  test("blocks have at most 1 MiB, since FVM 3", () => {
    const calls = [2 ** 20, 2 ** 20 + 1].map((size) =>
      call("ipld.block_create", 512, fvm === 2 ? 0x71n : 0x55n, 0, size),
    );
    const body = `${answers(...calls)} (call $return (i32.const 8))`;
    const { receipt } = machineOf(generation, { body, pages: "20" }).send();
    expect(numbers(receipt.returnData)).toEqual([0, fvm === 2 ? 0 : 3]);
  });

  test("only blake2b-256 of 32 bytes makes a CID, which needs 38 bytes", () => {
    const create = call("ipld.block_create", 512, dagCbor, 2048, 3);
    const calls = [
      create,
      call("ipld.block_link", 516, "(i32.load (i32.const 512))", 0xb220n, 32, 3000, 38),
      call("ipld.block_link", 516, "(i32.load (i32.const 512))", 0xb220n, 32, 3100, 37),
      call("ipld.block_link", 516, "(i32.load (i32.const 512))", 0xb220n, 31, 3000, 38),
      call("ipld.block_link", 516, "(i32.load (i32.const 512))", 0x12n, 32, 3000, 38),
    ];
    expect(errnos(generation, calls, {}, { 2048: leaf })).toEqual([0, 0, 12, 8, 8]);
  });

  test("a block that was linked is read back whole, in parts, and past its end", () => {
    const handle = "(i32.load (i32.const 512))";
    const body = `
      (drop ${call("ipld.block_create", 512, dagCbor, 2048, 3)})
      (drop ${call("ipld.block_link", 516, handle, 0xb220n, 32, 3000, 38)})
      (drop ${call("ipld.block_open", 600, 3000)})
      ${answers(
        call("ipld.block_read", 700, "(i32.load (i32.const 608))", 0, 3200, 3),
        call("ipld.block_read", 704, "(i32.load (i32.const 608))", 1, 3300, 1),
        call("ipld.block_read", 708, "(i32.load (i32.const 608))", 2, 3400, 100),
        call("ipld.block_read", 712, "(i32.load (i32.const 608))", 9, 3500, 4),
        call("ipld.block_read", 716, "(i32.load (i32.const 608))", 0x7fffffff, 3500, 1),
        call("ipld.block_stat", 720, "(i32.load (i32.const 608))"),
      )}
      (memory.copy (i32.const 1048) (i32.const 600) (i32.const 16))
      (memory.copy (i32.const 1064) (i32.const 700) (i32.const 32))
      (memory.copy (i32.const 1096) (i32.const 3200) (i32.const 4))
      (memory.copy (i32.const 1100) (i32.const 3300) (i32.const 4))
      (memory.copy (i32.const 1104) (i32.const 3400) (i32.const 4))
      (memory.copy (i32.const 1108) (i32.const 3500) (i32.const 4))
      (call $return (i32.const 88))`;
    const { receipt, failure } = machineOf(generation, { body, data: { 2048: leaf } }).send();
    expect(failure).toBeUndefined();
    const found = numbers(receipt.returnData);
    expect(found.slice(0, 6)).toEqual([0, 0, 0, 0, 1, 0]);
    expect(found.slice(6, 10)).toEqual([0x71, 0, 2, 3]); // codec, handle, size
    expect(found.slice(10, 14).map((n) => n | 0)).toEqual([0, 1, -99, -10]);
    expect(found.slice(15, 18)).toEqual([0x71, 0, 3]); // codec and size
    expect(found.slice(18)).toEqual([0x020182, 1, 2, 0]);
  });

  test("parameters are the first block, and there is none without them", () => {
    const body = `${answers(call("ipld.block_stat", 512, "(local.get $params)"))}
      (i32.store (i32.const 1028) (local.get $params))
      (memory.copy (i32.const 1032) (i32.const 512) (i32.const 12)) (call $return (i32.const 20))`;
    const { send } = machineOf(generation, { body });
    expect(numbers(send({ params: Uint8Array.of(0x81, 5) }).receipt.returnData)).toEqual([
      0,
      1,
      fvm === 2 ? 0x71 : 0x51,
      0,
      2,
    ]);
    expect(numbers(send().receipt.returnData)).toEqual([7, 0, 0, 0, 0]);
  });

  test("a block that is missing from the store is a fault, not a receipt", () => {
    const body = `(drop ${call("self.root", 512, 2048, 100)}) (drop ${call("ipld.block_open", 512, 2048)}) (i32.const 0)`;
    const head = cidOf(Uint8Array.of(0x83, 1, 2, 3));
    const { send } = machineOf(generation, { body }, { self: { head } });
    expect(() => send()).toThrow(expect.objectContaining({ code: "host/block-missing" }));
    expect(() => send()).toThrow(expect.objectContaining({ code: "vm/machine-stopped" }));
  });
});

describe.each(laterGenerations.filter(({ fvm }) => fvm === 4))(
  "reachability in network version $networkVersion",
  (generation) => {
    const options = { blocks: [leaf, linked], self: { head: cidOf(linked) } };
    const openRoot = [call("self.root", 512, 2048, 100), call("ipld.block_open", 516, 2048)];

    test("a CID is reachable from the root on, through what is opened", () => {
      const data = { 3000: cidOf(leaf), 3100: cidOf(linked) };
      const calls = [
        call("ipld.block_open", 516, 3100),
        call("ipld.block_open", 516, 3000),
        openRoot[0] as string,
        call("ipld.block_open", 516, 3000),
        openRoot[1] as string,
        call("ipld.block_open", 516, 3000),
      ];
      expect(errnos(generation, calls, options, data)).toEqual([6, 6, 0, 6, 0, 0]);
    });

    test("a block may link only to what is reachable; piece commitments are passed over, other CIDs refused", () => {
      const toLeaf = new CborWriter().link(cidOf(leaf)).finish();
      const commitment = Uint8Array.of(0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20, ...new Uint8Array(32));
      const toCommitment = new CborWriter().link(commitment).finish();
      const toSha = new CborWriter().link(makeCid(leaf, { hash: 0x12 })).finish();
      const cut = Uint8Array.of(0x82, 1);
      const blocks = [toLeaf, toCommitment, toSha, cut];
      const data = Object.fromEntries(blocks.map((block, index) => [4000 + 100 * index, block]));
      const create = blocks.map((block, index) =>
        call("ipld.block_create", 520, dagCbor, 4000 + 100 * index, block.length),
      );
      const calls = [...create, ...openRoot, create[0] as string];
      expect(errnos(generation, calls, options, data)).toEqual([6, 0, 6, 10, 0, 0, 0]);
    });

    test("what the actor has linked is reachable, and may be its root", () => {
      const data = { 4000: Uint8Array.of(0x81, 9), 3000: cidOf(leaf) };
      const handle = "(i32.load (i32.const 512))";
      const calls = [
        call("self.set_root", 3000),
        call("ipld.block_create", 512, dagCbor, 4000, 2),
        call("ipld.block_link", 516, handle, 0xb220n, 32, 3100, 38),
        call("self.set_root", 3100),
      ];
      expect(errnos(generation, calls, options, data)).toEqual([6, 0, 0, 0]);
    });
  },
);
