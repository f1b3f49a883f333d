import type { ChainReader } from "@copse/chain";
import { cidOf, toCid } from "@copse/ipld";
import { type AbortOptions, abortFault, HostFault } from "@copse/primitives";
import { describe, expect, it } from "vitest";
import { StateCache } from "../../src/sync/state-cache.ts";
import type { StateSource } from "../../src/sync/state-source.ts";

const root = toCid(cidOf(new Uint8Array(3)));

/** A source that answers when told to, or fails when its signal fires. */
function slow(): { cache: StateCache; asked: AbortSignal[]; answer: (bytes: Uint8Array | undefined) => void } {
  const asked: AbortSignal[] = [];
  let answer: (bytes: Uint8Array | undefined) => void = () => {};
  const getBytes = (_: unknown, { signal }: AbortOptions = {}): Promise<Uint8Array | undefined> =>
    new Promise((resolve, reject) => {
      answer = resolve;
      if (signal === undefined) return;
      asked.push(signal);
      signal.addEventListener("abort", () => reject(abortFault(signal)), { once: true });
    });
  const source = { isAbsent: () => false, held: { getSync: () => undefined }, getBytes };
  const cache = new StateCache(source as unknown as StateSource, {} as ChainReader, Number.POSITIVE_INFINITY);
  return { cache, asked, answer: (bytes) => answer(bytes) };
}

const aborted = { code: "host/aborted" };

describe("StateCache", () => {
  it.each(["first", "second"])("lets the %s of two callers leave, and goes on for the other", async (who) => {
    const { cache, asked, answer } = slow();
    const callers = [new AbortController(), new AbortController()] as const;
    const [one, two] = callers.map(({ signal }) => cache.exact(root, 1, { signal }));
    const [leaver, left, stays] = who === "first" ? [callers[0], one, two] : [callers[1], two, one];
    leaver.abort();
    await expect(left).rejects.toMatchObject(aborted);
    expect(asked.map((signal) => signal.aborted)).toEqual([false]);
    answer(undefined);
    expect(await stays).toBeUndefined();
  });

  it("gives up when all have left, and asks anew for whoever comes then", async () => {
    const { cache, asked, answer } = slow();
    const [one, two] = [new AbortController(), new AbortController()];
    const both = [one, two].map(({ signal }) => cache.exact(root, 1, { signal }));
    const ends = both.map((wait) => expect(wait).rejects.toMatchObject(aborted));
    one.abort();
    two.abort();
    const third = cache.exact(root, 1, { signal: new AbortController().signal });
    await Promise.all(ends);
    const fourth = cache.exact(root, 1, {});
    answer(undefined);
    expect(await Promise.all([third, fourth])).toEqual([undefined, undefined]);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it("loses patience with many roots that nobody has, not with one that is asked for again", async () => {
    let asked = 0;
    const source = {
      isAbsent: () => false,
      held: { getSync: () => undefined },
      async getBytes() {
        asked++;
        return undefined;
      },
    };
    const cache = new StateCache(source as unknown as StateSource, {} as ChainReader, 2);
    for (let i = 0; i < 4; i++) await cache.exact(root, 1, {});
    await cache.exact(toCid(cidOf(new Uint8Array(4))), 1, {});
    expect(asked).toBe(5);
    for (let i = 0; i < 4; i++) await cache.exact(toCid(cidOf(new Uint8Array(5 + i))), 1, {});
    expect(asked).toBe(5);
  });

  it("gives nothing to one who has left already, and tells all of what the source fails with", async () => {
    const { cache } = slow();
    await expect(cache.exact(root, 1, { signal: AbortSignal.abort() })).rejects.toMatchObject(aborted);
    const failure = new HostFault("host/worker-failed", { reason: "x" });
    const source = {
      isAbsent: () => false,
      held: { getSync: () => undefined },
      getBytes: () => Promise.reject(failure),
    };
    const failing = new StateCache(source as unknown as StateSource, {} as ChainReader);
    const both = [1, 2].map(() => failing.exact(root, 1, { signal: new AbortController().signal }));
    for (const { status, ...more } of await Promise.allSettled(both)) {
      expect({ status, ...more }).toEqual({ status: "rejected", reason: failure });
    }
  });
});
