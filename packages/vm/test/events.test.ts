import { decode, encode, toCid } from "@copse/ipld";
import { fromHex, toHex, utf8 } from "@copse/primitives";
import { seeded } from "@copse/testkit";
import { describe, expect, it } from "vitest";
import { EventsAccumulator, eventsRoot, type StampedEvent, stampedEventCodec } from "../src/events.ts";
import { FatalError } from "../src/syscall-error.ts";

const event = (emitter: bigint, key = "foo"): StampedEvent => ({
  emitter,
  entries: [{ flags: 3n, key, codec: 0x55n, value: utf8("abc") }],
});

describe("eventsRoot", () => {
  it("is that of the reference", () => {
    const root = eventsRoot([event(1000n)]);
    expect(root && toCid(root).toString()).toBe("bafy2bzacecba2ceeuctmfuajrypcltwfectu6jwg2lgim7k5su7z4wjjqwpp6");
  });

  it("is none without events", () => {
    expect(eventsRoot([])).toBeUndefined();
  });

  it("has the order of the events in it", () => {
    const events = Array.from({ length: 40 }, (_, i) => event(BigInt(i)));
    expect(eventsRoot(events)).not.toEqual(eventsRoot(events.toReversed()));
  });
});

describe("stampedEventCodec", () => {
  it("writes what the chain has, and reads it again", () => {
    const bytes = fromHex("821903e881840363666f6f185543616263");
    expect(toHex(encode(stampedEventCodec, event(1000n)))).toBe(toHex(bytes));
    expect(decode(stampedEventCodec, bytes)).toEqual(event(1000n));
    const empty = { emitter: 2n ** 64n - 1n, entries: [] };
    expect(decode(stampedEventCodec, encode(stampedEventCodec, empty))).toEqual(empty);
  });
});

describe("EventsAccumulator", () => {
  it("drops the events of calls that are reverted, as copied lists do", () => {
    const random = seeded(5);
    for (let history = 0; history < 200; history++) {
      const accumulator = new EventsAccumulator();
      let model: StampedEvent[] = [];
      const outer: StampedEvent[][] = [];
      for (let step = 0; step < 30; step++) {
        const what = random();
        if (what < 0.4) {
          const next = event(BigInt(step));
          accumulator.append(next);
          model.push(next);
        } else if (what < 0.7) {
          accumulator.beginTransaction();
          outer.push([...model]);
        } else {
          const before = outer.pop();
          if (before === undefined) continue;
          const revert = random() < 0.5;
          if (revert) model = before;
          accumulator.endTransaction(revert);
        }
      }
      if (outer.length > 0) expect(() => accumulator.finish()).toThrow(FatalError);
      for (; outer.pop() !== undefined; ) accumulator.endTransaction(false);
      expect(accumulator.finish()).toEqual({ events: model, root: eventsRoot(model) });
    }
  });

  it("ends no transaction that was not begun", () => {
    expect(() => new EventsAccumulator().endTransaction(true)).toThrow(FatalError);
  });
});
