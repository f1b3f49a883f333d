import { CborWriter, toCid } from "@copse/ipld";
import { Address } from "@copse/types";
import { describe, expect, test } from "vitest";
import { eventsRoot } from "../../src/events.ts";
import { actor, answers, call } from "../actors/compile.ts";
import { generations, machineOf, numbers } from "./generations.ts";

const utf8 = new TextEncoder();

/** An entry in the form of a test. */
interface Entry {
  readonly flags?: bigint;
  readonly key: string | Uint8Array;
  readonly codec?: bigint;
  readonly value: Uint8Array;
}

const bytesOf = (key: string | Uint8Array): Uint8Array => (typeof key === "string" ? utf8.encode(key) : key);

/** As FVM 3 takes it. */
function encoded(entries: readonly Entry[]): Uint8Array {
  const writer = new CborWriter().array(entries.length);
  for (const { flags = 3n, key, codec = 0x55n, value } of entries) {
    writer.array(4).uint(flags);
    const text = bytesOf(key);
    if (text.length < 24) writer.raw(Uint8Array.of(0x60 + text.length, ...text));
    else writer.raw(Uint8Array.of(0x78, text.length, ...text));
    writer.uint(codec).bytes(value);
  }
  return writer.finish();
}

/** As FVM 4 takes it: headers, keys, values. */
function split(entries: readonly Entry[]): { headers: Uint8Array; keys: Uint8Array; values: Uint8Array } {
  const headers = new DataView(new ArrayBuffer(entries.length * 24));
  const keys: number[] = [];
  const values: number[] = [];
  for (const [index, { flags = 3n, key, codec = 0x55n, value }] of entries.entries()) {
    headers.setBigUint64(index * 24, flags, true);
    headers.setBigUint64(index * 24 + 8, codec, true);
    headers.setUint32(index * 24 + 16, bytesOf(key).length, true);
    headers.setUint32(index * 24 + 20, value.length, true);
    keys.push(...bytesOf(key));
    values.push(...value);
  }
  return { headers: new Uint8Array(headers.buffer), keys: Uint8Array.from(keys), values: Uint8Array.from(values) };
}

const value = Uint8Array.of(1, 2, 3);

describe("events of FVM 3", () => {
  const generation = generations[1] as (typeof generations)[number];
  const emitted = (...events: readonly Uint8Array[]) => {
    let at = 4000;
    const data: Record<number, Uint8Array> = {};
    const calls = events.map((event) => {
      data[at] = event;
      const text = call("event.emit_event", at, event.length);
      at += event.length;
      return text;
    });
    return { body: `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`, data, pages: "4" };
  };

  test("what is emitted is in the result, and its root in the receipt", () => {
    const entry = { key: "foo", value: utf8.encode("abc") };
    const { receipt, events } = machineOf(generation, emitted(encoded([entry]), encoded([]))).send();
    const entries = [{ flags: 3n, key: "foo", codec: 0x55n, value: entry.value }];
    expect(events).toEqual([
      { emitter: 200n, entries },
      { emitter: 200n, entries: [] },
    ]);
    expect(receipt.eventsRoot).toEqual(eventsRoot(events));
    expect(toCid(receipt.eventsRoot as Uint8Array).code).toBe(0x71);
  });

  test("its limits", () => {
    const many = (count: number): Entry[] =>
      Array.from({ length: count }, () => ({ key: "k", value: new Uint8Array(0) }));
    const cases: [Uint8Array, number][] = [
      [encoded(many(256)), 0],
      [encoded(many(257)), 1],
      [encoded([{ key: "k".repeat(32), value }]), 0],
      [encoded([{ key: "k".repeat(33), value }]), 1],
      [encoded([{ key: "k", value: new Uint8Array(8192) }]), 0],
      [encoded([{ key: "k", value: new Uint8Array(8193) }]), 1],
      [encoded([{ key: "k", value, codec: 0x71n }]), 9],
      [encoded([{ key: "k", value, flags: 0xffn }]), 0],
      [encoded([{ key: Uint8Array.of(0xff), value }]), 1],
      [Uint8Array.of(0x81), 1],
      [Uint8Array.of(...encoded([]), 0), 1],
    ];
    const { receipt } = machineOf(generation, emitted(...cases.map(([event]) => event))).send();
    expect(numbers(receipt.returnData)).toEqual(cases.map(([, errno]) => errno));
  });
});

describe.each(generations.slice(2))("events of network version $networkVersion", (generation) => {
  const { fvm } = generation;
  const emit = (entries: readonly Entry[], at = 4000) => {
    const { headers, keys, values } = split(entries);
    const keysAt = at + headers.length;
    const valuesAt = keysAt + keys.length;
    const data = { [at]: headers, [keysAt]: keys, [valuesAt]: values };
    const args = [at, entries.length, keysAt, keys.length, valuesAt, values.length] as const;
    return { text: call("event.emit_event", ...args), data, end: valuesAt + values.length, args };
  };
  const errnoOf = (entries: readonly Entry[]): number | undefined => {
    const { text, data } = emit(entries);
    const body = `${answers(text)} (call $return (i32.const 4))`;
    return numbers(machineOf(generation, { body, data, pages: "4" }).send().receipt.returnData)[0];
  };

  test("its limits", () => {
    const many = (count: number): Entry[] =>
      Array.from({ length: count }, () => ({ key: "k", value: new Uint8Array(0) }));
    const cases: [Entry[], number][] = [
      [[], 0],
      [many(255), 0],
      [many(256), 3],
      [[{ key: "k".repeat(31), value }], 0],
      [[{ key: "k".repeat(32), value }], 3],
      [[{ key: "k", value: new Uint8Array(8192) }], 0],
      [[{ key: "k", value: new Uint8Array(8193) }], 3],
      [[{ key: "k", value, codec: 0x51n }], 0],
      [[{ key: "k", value, codec: 0x71n }], 9],
      [[{ key: "k", value, flags: 4n }], 1],
      [[{ key: Uint8Array.of(0xff), value }], 1],
      [[{ key: "é", value }], 0],
      [
        [
          { key: utf8.encode("é").slice(0, 1), value },
          { key: utf8.encode("é").slice(1), value },
        ],
        1,
      ],
    ];
    for (const [entries, errno] of cases) expect(errnoOf(entries)).toBe(errno);
  });

  test("buffers must be there, and used up", () => {
    const { data, args } = emit([{ key: "foo", value }]);
    const [at, count, keysAt, keysLength, valuesAt, valuesLength] = args;
    const calls = [
      [at, count, keysAt, keysLength + 1, valuesAt, valuesLength],
      [at, count, keysAt, keysLength, valuesAt, valuesLength + 1],
      [at, count, keysAt, keysLength - 1, valuesAt, valuesLength],
      [at, count, keysAt, keysLength, valuesAt, valuesLength - 1],
      [at, 0x0aaaaaab, keysAt, keysLength, valuesAt, valuesLength],
      [65_530, 1, keysAt, keysLength, valuesAt, valuesLength],
      [at, count, 65_535, 3, valuesAt, valuesLength],
      [at, count, keysAt, keysLength, 65_535, 3],
      [...args],
    ].map((numbersOf) => call("event.emit_event", ...numbersOf));
    const body = `${answers(...calls)} (call $return (i32.const ${4 * calls.length}))`;
    const { receipt, events } = machineOf(generation, { body, data }).send();
    expect(numbers(receipt.returnData)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(events).toEqual([{ emitter: 200n, entries: [{ flags: 3n, key: "foo", codec: 0x55n, value }] }]);
  });

  test("events of calls that fail are dropped, and of a message that fails all", () => {
    const { text, data } = emit([{ key: "foo", value }]);
    const send = (method: bigint): string => call("send.send", 512, 3000, 3, method, 0, 0n, 0n, -1n, 0n);
    const failing = actor(fvm, { body: `(drop ${text}) ${call("exit", 40)}`, data });
    const fine = actor(fvm, { body: `(drop ${text}) (i32.const 0)`, data });
    const outer = (end: string) => ({
      body: `(drop ${text}) (drop ${send(2n)}) (drop ${call("send.send", 512, 3100, 3, 2n, 0, 0n, 0n, -1n, 0n)}) ${end}`,
      data: { ...data, 3000: Address.id(201), 3100: Address.id(202) },
    });
    const actors = { 201: { code: failing }, 202: { code: fine } };
    expect(
      machineOf(generation, outer("(i32.const 0)"), { actors })
        .send()
        .events.map(({ emitter }) => emitter),
    ).toEqual([200n, 202n]);
    const { receipt, events } = machineOf(generation, outer(call("exit", 41)), { actors }).send();
    expect(receipt).toMatchObject({ exitCode: 41, eventsRoot: null });
    expect(events).toEqual([]);
  });
});
