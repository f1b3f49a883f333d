import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inOrder, inRuns } from "../../src/sync/in-order.ts";

const signal = new AbortController().signal;

/** Work that is finished by hand. */
function manual() {
  const under: { input: number; signal: AbortSignal; done: (out: number) => void; fail: (error: Error) => void }[] = [];
  const run = (input: number, one: AbortSignal): Promise<number> =>
    new Promise((done, fail) => void under.push({ input, signal: one, done, fail }));
  return { under, run };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe("inOrder", () => {
  it("yields in the order of the inputs, whatever order the work ends in", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(100)),
        async (inputs, width, picks) => {
          const { under, run } = manual();
          const found: number[] = [];
          let started = 0;
          const reading = (async () => {
            for await (const out of inOrder(
              inputs,
              width,
              (input, one) => {
                started++;
                expect(started - found.length).toBeLessThanOrEqual(width);
                return run(input, one);
              },
              signal,
            ))
              found.push(out);
          })();
          for (let i = 0; i < inputs.length; i++) {
            await turns();
            const [one] = under.splice((picks.next().value as number) % under.length, 1);
            one?.done(one.input);
          }
          await reading;
          expect(found).toEqual(inputs);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("pulls no more inputs than it has room for", async () => {
    let pulled = 0;
    const inputs = (function* () {
      for (;;) yield pulled++;
    })();
    const loop = inOrder(inputs, 3, async (n) => n, signal);
    await loop.next();
    await turns();
    expect(pulled).toBe(3);
    await loop.return();
  });

  it("throws the first failure in order, and aborts what is under way", async () => {
    const { under, run } = manual();
    const seen: number[] = [];
    let closed = false;
    const inputs = (function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    })();
    const reading = (async () => {
      for await (const out of inOrder(inputs, 4, run, signal)) seen.push(out);
    })();
    const failure = expect(reading).rejects.toThrow("second");
    await turns();
    under[2]?.fail(new Error("third"));
    under[1]?.fail(new Error("second"));
    await turns();
    expect(under[3]?.signal.aborted).toBe(false); // the first is not done yet
    under[0]?.done(0);
    await failure;
    expect(seen).toEqual([0]);
    expect(under.every((one) => one.signal.aborted)).toBe(true);
    expect(closed).toBe(true);
  });

  it("aborts what is under way when the reader leaves, and when it is stopped", async () => {
    const left = manual();
    for await (const _ of inOrder([1, 2, 3], 3, (n, one) => (n === 1 ? Promise.resolve(n) : left.run(n, one)), signal))
      break;
    expect(left.under.map((one) => one.signal.aborted)).toEqual([true, true]);

    const stop = new AbortController();
    const { under, run } = manual();
    const reading = inOrder([1, 2], 2, run, stop.signal).next();
    const failure = expect(reading).rejects.toThrow("Ctrl-C");
    await turns();
    stop.abort(new Error("Ctrl-C"));
    expect(under.every((one) => one.signal.aborted)).toBe(true);
    under[0]?.fail(stop.signal.reason as Error);
    await failure;
  });
});

describe("inRuns", () => {
  it("cuts into whole runs and a rest", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (values, size) => {
        const runs = [...inRuns(values, size)];
        expect(runs.flat()).toEqual(values);
        for (const [i, run] of runs.entries()) {
          if (i < runs.length - 1) expect(run.length).toBe(size);
          else expect(run.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
